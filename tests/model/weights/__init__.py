"""Tests of the readers of weights of other projects."""
