"""Probabilities that mean what they say: fitted, measured, and compared with what chance alone gives."""
