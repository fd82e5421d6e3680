"""A network's calibration and operating points fitted again on a small local sample, without training.

This is a command, ``python -m xraykit.recalibrate``; nothing is imported here, so that ``--help`` comes at once.
"""
