"""External validations on disk."""
