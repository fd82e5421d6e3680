"""Training on several devices under JAX; imported only where JAX is in use."""
