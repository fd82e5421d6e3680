"""A bundle as a web service: JSON and uploads in, calibrated probabilities and calls out."""
