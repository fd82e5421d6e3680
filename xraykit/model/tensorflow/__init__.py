"""Training and prediction steps that start faster under TensorFlow; imported only where TensorFlow is in use."""
