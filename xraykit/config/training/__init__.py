"""The section ``training`` of an experiment file."""
