"""Calibration of probabilities: fitted, measured, and compared with what chance alone gives."""
