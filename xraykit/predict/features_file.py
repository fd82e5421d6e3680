"""Features of pictures as ``.npz`` or Parquet, written batch by batch; the file appears when it is complete."""

import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol

from xraykit.errors import DataError
from xraykit.system import atomic_file

if TYPE_CHECKING:
    import numpy as np

    from xraykit.bundle import Classifier, OpenedPicture

_ROWS_AT_ONCE = 10_000  # of texts


class _Writer(Protocol):
    def add(self, names: Sequence[str], features: "np.ndarray", flags: Sequence[str], errors: Sequence[str]) -> None:
        """Write the rows of a batch."""

    def close(self) -> None:
        """Write what belongs at the end."""

    def abandon(self) -> None:
        """Let go of the file, which will be removed."""


class FeaturesFile:
    """Writes the features of batch after batch.

    Args:
        classifier: The network.
        writer: Of the format.
    """

    def __init__(self, classifier: "Classifier", writer: _Writer) -> None:
        self._classifier = classifier
        self._writer = writer

    def add(self, opened: "Sequence[OpenedPicture]", batch_size: int) -> None:
        """Write a row for each picture; the features of one that could not be read are NaN."""
        import numpy as np

        rows = np.full((len(opened), self._classifier.feature_count), np.nan, np.float32)
        whole = [at for at, each in enumerate(opened) if each.radiograph is not None]
        if whole:
            pictures = [each.radiograph.picture for each in opened if each.radiograph is not None]
            rows[whole] = self._classifier.features(np.stack(pictures), batch_size)
        flags = [
            ""
            if each.radiograph is None
            else ";".join(flag.name for flag in self._classifier.screen.flags(each.radiograph))
            for each in opened
        ]
        names, errors = ([_text(each.name) for each in opened], [_text(each.error) for each in opened])
        self._writer.add(names, rows, flags, errors)


@contextmanager
def features_file(path: Path, classifier: "Classifier", pictures: Sequence[str]) -> Iterator[FeaturesFile]:
    """The writer of the features of some pictures; after an error or Ctrl-C a previous file is unchanged.

    An ``.npz`` file has the arrays ``image`` ``(n,)``, ``features`` ``(n, C)`` float32, ``flags`` and ``error``
    ``(n,)``, and ``model_sha256`` and ``precision``; none needs ``allow_pickle``. A Parquet file has the columns
    ``image``, ``features`` (lists of C float32), ``flags`` and ``error``, and ``model_sha256``, ``precision`` and
    ``feature_count`` in its metadata.

    Args:
        path: ``.npz`` or ``.parquet``.
        classifier: The network.
        pictures: The paths of all pictures, in order.

    Raises:
        DataError: the file cannot be written, or pyarrow is not installed.
        ModelError: the network has no layer ``feature_map``.
    """
    about = {"model_sha256": classifier.sha256 or "", "precision": classifier.precision}
    count = classifier.feature_count
    with atomic_file(path) as temporary:
        if path.suffix.lower() == ".parquet":
            writer: _Writer = _Parquet(temporary, count, about)
        else:
            writer = _Npz(temporary, (len(pictures), count), about)
        try:
            yield FeaturesFile(classifier, writer)
            writer.close()
        except BaseException:
            writer.abandon()
            raise


class _Npz:
    """A zip archive of ``.npy`` files, whose rows are written as they come: only texts are kept until the end."""

    def __init__(self, path: Path, shape: tuple[int, int], about: dict[str, str]) -> None:
        self._archive = zipfile.ZipFile(path, "w", zipfile.ZIP_STORED, allowZip64=True)
        self._about, self._count = about, shape[0]
        self._texts: dict[str, list[str]] = {"image": [], "flags": [], "error": []}
        self._rows: IO[bytes] = self._member("features", shape, "<f4")

    def add(self, names: Sequence[str], features: "np.ndarray", flags: Sequence[str], errors: Sequence[str]) -> None:
        self._rows.write(features.astype("<f4").tobytes())
        for kept, new in zip(self._texts.values(), (names, flags, errors), strict=True):
            kept.extend(new)

    def close(self) -> None:
        import numpy as np

        self._rows.close()
        if len(self._texts["image"]) != self._count:
            raise ValueError(f"{len(self._texts['image'])} rows were written of {self._count}.")
        for name, texts in self._texts.items():
            kind = f"<U{max(1, *map(len, texts))}" if texts else "<U1"
            with self._member(name, (len(texts),), kind) as stream:
                for start in range(0, len(texts), _ROWS_AT_ONCE):
                    stream.write(np.array(texts[start : start + _ROWS_AT_ONCE], kind).tobytes())
        for name, text in self._about.items():
            with self._member(name, (), f"<U{max(1, len(text))}") as stream:
                stream.write(np.array(text, f"<U{max(1, len(text))}").tobytes())
        self._archive.close()

    def abandon(self) -> None:
        self._rows.close()
        self._archive.close()

    def _member(self, name: str, shape: tuple[int, ...], kind: str) -> IO[bytes]:
        import numpy as np

        stream = self._archive.open(f"{name}.npy", "w", force_zip64=True)
        header = {"descr": np.lib.format.dtype_to_descr(np.dtype(kind)), "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_2_0(stream, header)
        return stream


class _Parquet:
    """A Parquet file with a row group for each batch."""

    def __init__(self, path: Path, count: int, about: dict[str, str]) -> None:
        self._arrow = _pyarrow()
        import pyarrow.parquet as parquet  # type: ignore[import-untyped]

        kinds = {"image": self._arrow.string(), "features": self._arrow.list_(self._arrow.float32(), count)}
        kinds |= {"flags": self._arrow.string(), "error": self._arrow.string()}
        schema = self._arrow.schema(list(kinds.items()), metadata={**about, "feature_count": str(count)})
        self._schema, self._writer = schema, parquet.ParquetWriter(path, schema)

    def add(self, names: Sequence[str], features: "np.ndarray", flags: Sequence[str], errors: Sequence[str]) -> None:
        arrow = self._arrow
        rows = arrow.FixedSizeListArray.from_arrays(arrow.array(features.reshape(-1)), features.shape[1])
        columns = [
            arrow.array(names, arrow.string()),
            rows,
            *(arrow.array(each, arrow.string()) for each in (flags, errors)),
        ]
        self._writer.write_table(arrow.table(columns, schema=self._schema))

    def close(self) -> None:
        self._writer.close()

    def abandon(self) -> None:
        self._writer.close()


def _pyarrow() -> Any:
    try:
        import pyarrow
    except ImportError as error:
        raise DataError(
            "A Parquet file needs pyarrow, which is not installed. Install it (pip install pyarrow), or write .npz."
        ) from error
    return pyarrow


def _text(text: str) -> str:
    """A file name may contain bytes that are not text, which neither format can contain."""
    return text.encode("utf-8", "backslashreplace").decode()
