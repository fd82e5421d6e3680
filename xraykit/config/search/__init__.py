"""The section ``search``: the values to search, and how."""
