"""What a person reads in a terminal: standard output and error, progress bars, objects and numbers as text."""
