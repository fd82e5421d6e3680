"""What a search tries next: Optuna's samplers, Keras Tuner's oracles, and points that are chosen beforehand."""
