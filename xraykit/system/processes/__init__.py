"""This process and others: children, locks between processes, requests to stop, processes that train together."""
