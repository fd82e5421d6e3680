"""Pictures that parts of the data have in common."""
