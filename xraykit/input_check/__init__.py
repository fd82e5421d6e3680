"""Pictures that do not look like what a model was trained on: flagged with a reason, not silently scored."""

from xraykit.input_check.check import Flag, Screen

__all__ = ["Flag", "Screen"]
