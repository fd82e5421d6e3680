"""Data formats by name: one record for each collection of radiographs that xraykit can read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from xraykit.registry.names import Registry

Read = TypeVar("Read", bound=Callable[..., Any])

Box = tuple[float, float, float, float]
"""Left edge, upper edge, width and height, each as a share (0–1) of the picture's width or height."""


@dataclass(frozen=True)
class Boxes:
    """Boxes around findings that come with a collection.

    Attributes:
        of: Image (as in the catalog) and label to the boxes of that label.
        source: Name of the file that contains them.
    """

    of: Mapping[tuple[str, str], list[Box]] = field(default_factory=dict)
    source: str = ""

    def __len__(self) -> int:
        """Number of boxes."""
        return sum(map(len, self.of.values()))


@dataclass(frozen=True)
class PublishedResults:
    """Results that others published, for the official test part that they were measured on.

    Attributes:
        name: The publication, as a report cites it.
        split: The split, as a report names it.
        images: Number of radiographs of that test part.
        images_sha256: SHA-256 of their sorted names, one to a line, without a line break at the end.
        roc_auc: ROC AUC of each label.
        macro_roc_auc: Mean over all labels of the collection; None if it was not published.
        macro_labels: The labels of that mean; left out, those of ``roc_auc``.
    """

    name: str
    split: str
    images: int
    images_sha256: str
    roc_auc: Mapping[str, float]
    macro_roc_auc: float | None = None
    macro_labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Recognised:
    """What a data format finds in a folder.

    Attributes:
        found: What it was recognised by, such as ``train.csv with the columns of CheXpert``.
        data: Keys of the section ``data`` with which the folder is read, besides ``format`` and ``root``.
        missing: What is missing before it can be read, each as a phrase; empty if nothing is.
    """

    found: str
    data: Mapping[str, Any] = field(default_factory=dict)
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class DataFormat:
    """What xraykit knows of one collection of radiographs, or of one kind of label file.

    A module that is imported for its record alone should be cheap to import: an experiment file is checked with it.

    Attributes:
        name: As in ``data.format``.
        read: From the experiment's :class:`~xraykit.config.Data` section to a
            :class:`~xraykit.data.catalog.Catalog`. Raises ``DataError`` where label file or pictures are not as they
            must be. ``data.settings`` are the format's own settings.
        labels: The labels that are learnt where ``data.labels`` is left out; empty if it must be given; None: those of
            the default format.
        further_labels: Labels that it reads besides, where they are asked for, such as ``No Finding``.
        settings: A :class:`~xraykit.config.Section` with the format's own settings, which are read from
            ``data.NAME``; None if it has none.
        boxes: From the same section to the :class:`Boxes` of the collection; None if it has none.
        licence: Terms of the data, as a paragraph for the licence of a trained model.
        hints: Where to get the data and what to check, as sentences for the message that data are missing.
        official: What the official split is read from, such as names of files; blank if there is none.
        published: Results on the official test part.
        views: The radiographs that are used where ``data.views`` is left out: ``frontal`` or a tuple of views.
        recognise: What of a folder this format can read, for ``python -m xraykit.init``; None: it is never proposed.
        generality: 0: one collection; 1: one arrangement of files that many collections have; 2: any table. Where
            several formats recognise a folder, the least general is proposed.
        found_values: From the section to values of its keys that the experiment leaves out and the files contain, such
            as ``{"labels": (...), "split.method": "patient"}``; they become part of the experiment when it is read.
            None: it has none. With it, ``data.labels`` may be left out.
        writes_data: Whether reading may write into ``data.root``, so that a command asks before it reads there again.
        in_every_experiment: Whether ``data.NAME`` is written into each experiment, whatever its format is.
    """

    name: str
    read: Callable[[Any], Any]
    labels: tuple[str, ...] | None = ()
    settings: type[Any] | None = None
    boxes: Callable[[Any], Boxes] | None = None
    licence: str = ""
    hints: str = ""
    official: str = ""
    published: tuple[PublishedResults, ...] = ()
    views: str | tuple[str, ...] = "frontal"
    recognise: Callable[[Path], "Recognised | None"] | None = None
    generality: int = 0
    found_values: Callable[[Any], Mapping[str, Any]] | None = None
    writes_data: bool = False
    in_every_experiment: bool = False
    further_labels: tuple[str, ...] = ()


FORMATS: Registry[DataFormat] = Registry(
    "data format",
    {
        "chexpert": "xraykit.data.formats.chexpert",
        "chestmnist": "xraykit.data.formats.chestmnist",
        "folder": "xraykit.data.formats.folder",
        "mimic_cxr": "xraykit.data.formats.mimic_cxr",
        "nih": "xraykit.data.formats.nih",
        "padchest": "xraykit.data.formats.padchest",
        "phantom": "xraykit.data.formats.phantom",
        "rsna": "xraykit.data.formats.rsna",
        "table": "xraykit.data.formats.table",
        "vindr": "xraykit.data.formats.vindr",
    },
)


def register_format(name: str | DataFormat) -> Any:
    """Make a data format available as ``data.format: NAME``.

    Args:
        name: The whole record; or a name, and then this is the decorator of a reader that has no other properties.

    Returns:
        The record, or the decorator.

    Raises:
        RegistryError: the name is taken.

    Example:
        >>> @register_format("my_hospital")
        ... def read(data):
        ...     from xraykit import Catalog
        ...     ...  # a table with one row for each radiograph
        ...     return Catalog(table, data.labels, source="labels.csv", label_file_sha256="0" * 64)
    """
    if isinstance(name, DataFormat):
        return FORMATS.add(name.name, name, name.read)

    def decorate(read: Read) -> Read:
        FORMATS.add(name, DataFormat(name, read, labels=None), read)
        return read

    return decorate
