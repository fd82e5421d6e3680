"""Figures (plots) of a run as PNG files."""
