"""The bundle as MLflow loads and serves it: ``mlflow models serve -m RUN/model --env-manager local``.

MLflow finds this module by its name in the file ``MLmodel`` of a bundle, so it must not be moved. A request comes from
anybody who reaches the port. So a picture is taken from the server's own files only below a folder that whoever starts
the server names in ``XRAYKIT_SERVED_ROOT``; without it, files are refused, and pictures come in the request itself.
"""

import os
import threading
from pathlib import Path
from typing import Any

import pandas as pd

from xraykit.bundle.classifier import Classifier
from xraykit.bundle.inputs import OpenedPicture, Source, inside, open_source
from xraykit.bundle.loading import load_model
from xraykit.bundle.request import check_request, source_of, values_of
from xraykit.data import most_bytes, picture_suffixes
from xraykit.errors import BrokenImageError, DataError
from xraykit.system import regular_bytes

ROOT = "XRAYKIT_SERVED_ROOT"
"""Environment variable: the folder below which files may be named. Unset or empty: none."""

PLUGINS = "XRAYKIT_SERVED_PLUGINS"
"""Environment variable: plug-ins to import first, separated by commas; see :func:`.load_model`."""

BATCH_SIZE = 32

MOST_MEGAPIXELS = 32.0
"""Of a picture in a request: the largest detectors have about 20. A 16-bit one of that size takes 64 MB decoded."""

DECODED_AT_ONCE = 2
"""Pictures, over all requests: each may take some 200 MB for a moment."""


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

                - the content of a PNG, JPEG or DICOM file, as bytes or, as in JSON, as a base64 text (also a
                  ``data:`` URL);
                - the name of a file below the served folder: a text that ends in .png, .jpg, .jpeg, .dcm or .dicom;
                - pixels ``(H, W)`` or ``(H, W, C)``, 8 or 16 bits, as an array or as nested lists.
            params: Nothing; MLflow hands it over.

        Raises:
            DataError: it is neither a table with the column ``image`` nor a list, or there are too many pictures, or
                too many bytes in them, for one request.
        """
        values = values_of(model_input)
        check_request(values)
        # One after another: of each, only the small picture that the network takes stays in memory.
        opened = [self._open(f"picture {n}", value) for n, value in enumerate(values, start=1)]
        with self._lock:
            table = self._classifier.predict_opened(opened, BATCH_SIZE)
        for name in table.columns[table.isna().any()]:
            table[name] = table[name].astype(object).where(table[name].notna(), None)
        return table

    def _open(self, name: str, value: Any) -> OpenedPicture:
        try:
            if isinstance(value, str) and value.lower().endswith(picture_suffixes()):
                return self._opened(value, self._content_of(value))
            return self._opened(name, source_of(value))
        except DataError as error:
            return OpenedPicture(name, None, str(error))

    @property
    def _most_megapixels(self) -> float:
        return min(self._classifier.max_megapixels, MOST_MEGAPIXELS)

    def _opened(self, name: str, source: Source) -> OpenedPicture:
        with self._decoding:
            known = self._classifier
            return open_source(name, source, known.image_size, self._most_megapixels, known.bit_depth)

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
