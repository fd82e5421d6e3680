"""Why a file cannot be read as a picture."""

from xraykit.errors import XraykitError


class Damage(XraykitError):
    """Why some bytes are not a complete picture, as a clause without the file's name, which the caller adds."""
