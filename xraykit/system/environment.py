"""Limits that an environment variable may set."""

import math
import os

from xraykit.errors import XraykitError


def seconds_from(name: str, default: float) -> float:
    """The seconds that the environment variable ``name`` gives, or ``default`` if it is unset or empty.

    Raises:
        XraykitError: it is not a number above 0.
    """
    text = os.environ.get(name, "").strip()
    if not text:
        return default
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise XraykitError(
            f"The environment variable {name} must be a number of seconds above 0. Received: {text!r}. Correct it, or "
            f"unset it for {default:g}."
        )
    return seconds
