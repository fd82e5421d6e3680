"""Radiographs decoded once, kept on disk."""
