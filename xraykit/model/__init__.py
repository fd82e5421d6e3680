"""The network: built, its loss and augmentation, and the one place that knows TensorFlow from JAX."""
