"""The worker processes of a search on this machine."""
