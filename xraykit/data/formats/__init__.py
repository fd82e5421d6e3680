"""Readers of label files, one module per format.

A reader is a function from the experiment's ``data`` section to a :class:`~xraykit.data.catalog.Catalog`, made
available by :func:`xraykit.registry.register_format`. The registry imports a built-in reader when it is looked up.
"""
