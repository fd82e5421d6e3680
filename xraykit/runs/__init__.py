"""The run folder: written, identified, continued and read."""
