"""The section ``data``: one or several collections, their labels, and how patients are divided."""
