"""Pictures that do not look like what a model was trained on: flagged with a reason, not silently scored."""

from xraykit.screening.screen import Flag, Screen

__all__ = ["Flag", "Screen"]
