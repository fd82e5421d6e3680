"""The bundle as MLflow loads and serves it: ``mlflow models serve -m models:/m-… --env-manager local``.

MLflow finds this module by its name in the logged model, so it must not be moved. A request comes from anybody who
reaches the port. So a picture is taken from the server's own files only below a folder that whoever starts the server
names in ``XRAYKIT_SERVED_ROOT``; without it, files are refused, and pictures come in the request itself.
"""

import base64
import binascii
import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from xraykit.bundle.classifier import Classifier
from xraykit.bundle.inputs import Opened, Source, inside, named_sources, open_source
from xraykit.bundle.loading import load_model
from xraykit.data import most_bytes, picture_suffixes
from xraykit.errors import BrokenImageError, DataError
from xraykit.system import regular_bytes

ROOT = "XRAYKIT_SERVED_ROOT"
"""Environment variable: the folder below which files may be named. Unset or empty: none."""

PLUGINS = "XRAYKIT_SERVED_PLUGINS"
"""Environment variable: plug-ins to import first, separated by commas; see :func:`.load_model`."""

COLUMN = "image"
BATCH_SIZE = 32

MOST_PICTURES = 256
"""In one request."""

MOST_MEGAPIXELS = 32.0
"""Of a picture in a request: the largest detectors have about 20. A 16-bit one of that size takes 64 MB decoded."""

DECODED_AT_ONCE = 2
"""Pictures, over all requests: each may take some 200 MB for a moment."""

MOST_BYTES = 64 << 20
"""Of all pictures of a request together, as they were sent."""


class ServedClassifier:
    """What MLflow calls.

    Args:
        classifier: The network.
        root: Absolute folder below which files may be named; None: nowhere.
    """

    def __init__(self, classifier: Classifier, root: Path | None) -> None:
        self._classifier = classifier
        self._root = root
        # MLflow answers requests in several threads at once, and Keras builds its function at the first.
        self._lock = threading.Lock()
        self._decoding = threading.BoundedSemaphore(DECODED_AT_ONCE)

    def predict(self, model_input: Any, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """The table of :meth:`.Classifier.predict`, with None for what is missing, as JSON has no other name for it.

        Args:
            model_input: A table with the column ``image``, or a list; in it, each picture in one of these forms:

                - the content of a PNG or JPEG file, as bytes or, as in JSON, as a base64 text (a ``data:`` URL too);
                - the name of a file below the served folder: a text that ends in .png, .jpg or .jpeg;
                - pixels ``(H, W)`` or ``(H, W, C)``, 8 or 16 bits, as an array or as nested lists.
            params: Nothing; MLflow hands it over.

        Raises:
            DataError: this is no table with the column ``image``, and no list; or there are too many pictures, or too
                many bytes in them, for one request.
        """
        values = _values(model_input)
        _check_request(values)
        # One after another: of each, only the small picture that the network takes stays in memory.
        opened = [self._open(f"picture {n}", value) for n, value in enumerate(values, start=1)]
        with self._lock:
            table = self._classifier.answers(opened, BATCH_SIZE)
        for name in table.columns[table.isna().any()]:
            table[name] = table[name].astype(object).where(table[name].notna(), None)
        return table

    def _open(self, name: str, value: Any) -> Opened:
        try:
            if isinstance(value, str) and value.lower().endswith(picture_suffixes()):
                return self._opened(value, self._content_of(value))
            return self._opened(name, _source(value))
        except DataError as error:
            return Opened(name, None, str(error))

    @property
    def _most_megapixels(self) -> float:
        return min(self._classifier.max_megapixels, MOST_MEGAPIXELS)

    def _opened(self, name: str, source: Source) -> Opened:
        with self._decoding:
            return open_source(name, source, self._classifier.image_size, self._most_megapixels)

    def _content_of(self, name: str) -> bytes:
        if self._root is None:
            raise BrokenImageError(
                f"Files of the server are not read: {ROOT} names no folder for them. Send the picture itself."
            )
        try:
            # Read here, so that no error names a place on the server.
            return regular_bytes(inside(self._root, name), most_bytes(self._most_megapixels))
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "its name is no file name"
            raise BrokenImageError(f"{name} cannot be opened: {reason}.") from None


def _load_pyfunc(data_path: str) -> ServedClassifier:
    """Called by MLflow with the folder of the bundle."""
    plugins = [name for name in os.environ.get(PLUGINS, "").split(",") if name]
    root = os.environ.get(ROOT)
    return ServedClassifier(load_model(data_path, plugins=plugins), Path(os.path.abspath(root)) if root else None)


def _check_request(values: list[Any]) -> None:
    """MLflow has read the whole request by now; what it costs beyond that is limited here."""
    if len(values) > MOST_PICTURES:
        raise DataError(
            f"A request may hold {MOST_PICTURES} pictures. Received: {len(values)}. Send them in several requests."
        )
    size = sum(map(_size, values))
    if size > MOST_BYTES:
        raise DataError(
            f"The pictures of a request may have {MOST_BYTES:,} bytes as they are sent. Received: {size:,}. Send them "
            f"in several requests, or files instead of pixels."
        )


def _size(value: Any) -> int:
    if isinstance(value, np.ndarray):
        return int(value.nbytes)
    if isinstance(value, str | bytes | bytearray):
        return len(value)
    return sum(map(_size, value)) if isinstance(value, list | tuple) else 1


def _values(model_input: Any) -> list[Any]:
    if isinstance(model_input, str | bytes | bytearray):
        return [model_input]
    if isinstance(model_input, np.ndarray):
        return [source for _, source in named_sources(model_input)]
    if isinstance(model_input, pd.DataFrame | Mapping):
        names = list(model_input)
        if COLUMN not in names and len(names) != 1:
            raise DataError(f"Expected a table with a column {COLUMN!r}. Received: {', '.join(map(str, names))}.")
        return _values(model_input[COLUMN if COLUMN in names else names[0]])
    if isinstance(model_input, list | tuple | pd.Series):
        return list(model_input)
    raise DataError(f"Expected a table with a column {COLUMN!r}, or a list. Received: {type(model_input).__name__}.")


def _source(value: Any) -> Source:
    """What a classifier can open.

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
