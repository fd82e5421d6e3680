"""What a request to a served model contains: its pictures, limited in number and size."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from xraykit.bundle.inputs import Source, named_sources
from xraykit.data import picture_suffixes
from xraykit.errors import BrokenImageError, DataError

COLUMN = "image"

MOST_PICTURES = 256
"""In one request."""

MOST_BYTES = 64 << 20
"""Of all pictures of a request together, as they were sent."""


def check_request(values: list[Any]) -> None:
    """Refuse a request with too many pictures or bytes.

    MLflow has read the whole request by now; only the work that follows can be limited.

    Raises:
        DataError: there are too many.
    """
    if len(values) > MOST_PICTURES:
        raise DataError(
            f"A request may contain {MOST_PICTURES} pictures. Received: {len(values)}. Send them in several requests."
        )
    size = sum(map(_bytes_of, values))
    if size > MOST_BYTES:
        raise DataError(
            f"The pictures of a request may have {MOST_BYTES:,} bytes as they are sent. Received: {size:,}. Send them "
            f"in several requests, or files instead of pixels."
        )


def _bytes_of(value: Any) -> int:
    if isinstance(value, np.ndarray):
        return int(value.nbytes)
    if isinstance(value, str | bytes | bytearray):
        return len(value)
    return sum(map(_bytes_of, value)) if isinstance(value, list | tuple) else 1


def values_of(model_input: Any) -> list[Any]:
    """The pictures of a request, each in one of the forms that :func:`source_of` takes.

    Raises:
        DataError: the request is neither a table with the column ``image`` nor a list.
    """
    if isinstance(model_input, str | bytes | bytearray):
        return [model_input]
    if isinstance(model_input, np.ndarray):
        return [source for _, source in named_sources(model_input)]
    if isinstance(model_input, pd.DataFrame | Mapping):
        names = list(model_input)
        if COLUMN not in names and len(names) != 1:
            raise DataError(f"Expected a table with a column {COLUMN!r}. Received: {', '.join(map(str, names))}.")
        return values_of(model_input[COLUMN if COLUMN in names else names[0]])
    if isinstance(model_input, list | tuple | pd.Series):
        return list(model_input)
    raise DataError(f"Expected a table with a column {COLUMN!r}, or a list. Received: {type(model_input).__name__}.")


def source_of(value: Any) -> Source:
    """A picture of a request as a classifier can open it.

    Raises:
        BrokenImageError: it is in none of the forms that a request may have.
    """
    if isinstance(value, str):
        text = value.partition(",")[2] if value.startswith("data:") else value
        try:
            return base64.b64decode("".join(text.split()), validate=True)
        except (binascii.Error, ValueError):
            raise BrokenImageError(
                f"A text must be a picture in base64, or the name of a file that ends in "
                f"{', '.join(picture_suffixes())}. Received: a text of {len(value)} characters that is neither."
            ) from None
    if isinstance(value, bytes | bytearray):
        return bytes(value)
    if isinstance(value, np.ndarray) and value.dtype in (np.uint8, np.uint16):
        return value
    if isinstance(value, list | tuple | np.ndarray):
        return _pixels(value)
    raise BrokenImageError(
        f"A picture must be bytes, base64, a file's name or pixels. Received: {type(value).__name__}."
    )


def _pixels(value: Any) -> np.ndarray:
    """Whole numbers, as JSON and signatures of MLflow have them, as uint8 or, above 255, as uint16."""
    try:
        pixels = np.array(value)
    except ValueError:
        pixels = np.array(None)
    if pixels.dtype.kind not in "iu" or pixels.size == 0 or pixels.min() < 0 or pixels.max() > 65535:
        raise BrokenImageError(
            f"Pixels must be whole numbers from 0 to 255, or to 65535, in rows of one length. Received: {pixels.dtype} "
            f"{pixels.shape}."
        )
    return pixels.astype(np.uint8 if pixels.max() <= 255 else np.uint16)
