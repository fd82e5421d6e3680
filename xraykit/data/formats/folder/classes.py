"""From class folders to labels."""

import difflib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from xraykit.config import NO_FINDING, plain_name
from xraykit.data.formats.folder import FolderSettings
from xraykit.errors import DataError
from xraykit.registry import unknown_name

NEGATIVE = frozenset({"normal", "normals", "no finding", "no findings", "healthy", "negative", "control", "controls"})
"""Class folders that show nothing, unless the settings name others."""


@dataclass(frozen=True)
class Classes:
    """What the class folders of an experiment mean.

    Attributes:
        of_label: Label to its class folders, in plain form.
        negative: Class folders without any of the labels, in plain form.
        none_present: Labels that say that nothing was found, such as ``No Finding``.
        others: See :class:`FolderSettings`.
    """

    of_label: Mapping[str, frozenset[str]]
    negative: frozenset[str]
    none_present: frozenset[str]
    others: str

    @classmethod
    def of(cls, labels: tuple[str, ...], settings: FolderSettings) -> "Classes":
        """The classes of some labels.

        Raises:
            DataError: The settings name another label, or a folder as a label and as negative.
        """
        for label in settings.classes:
            if label not in labels:
                raise DataError(f"`data.folder.classes`: {unknown_name('label', label, labels)}")
        negative = frozenset(map(plain_name, settings.negative)) or NEGATIVE
        of_label = {label: frozenset(map(plain_name, _listed(settings.classes.get(label, label)))) for label in labels}
        given = {name for label in settings.classes for name in of_label[label]}
        both = sorted(given & frozenset(map(plain_name, settings.negative)))
        if both:
            raise DataError(
                f"The folder {both[0]!r} is a label in `data.folder.classes` and in `data.folder.negative`. Expected: "
                f"one of them."
            )
        nothing = [
            label for label in labels if plain_name(label) == plain_name(NO_FINDING) and label not in settings.classes
        ]
        of_label |= {label: of_label[label] | negative for label in nothing}
        learnt: frozenset[str] = frozenset().union(*of_label.values())
        none_present = frozenset(label for label in labels if of_label[label] & NEGATIVE or label in nothing)
        return cls(of_label, negative - learnt, none_present, settings.others)

    def knows(self, folder: str) -> bool:
        """Whether a folder is a class of a label, or negative."""
        return plain_name(folder) in self.negative or any(
            plain_name(folder) in names for names in self.of_label.values()
        )

    def values(self, folder: str) -> list[float]:
        """What a picture in a class folder says of each label: 1, 0 or NaN."""
        name = plain_name(folder)
        present = {label for label, names in self.of_label.items() if name in names}
        certain = name in self.negative or bool(present & self.none_present)
        return [1.0 if label in present else self._absent(label, certain) for label in self.of_label]

    def _absent(self, label: str, certain: bool) -> float:
        return 0.0 if certain or label in self.none_present or self.others == "absent" else float("nan")

    def check(self, folders: Counter[str], empty: Sequence[str], where: str) -> None:
        """Check that each label has pictures and each class folder has a meaning.

        Args:
            folders: Class folders and their numbers of pictures.
            empty: Folders without pictures.
            where: What the classes are read from, for messages.

        Raises:
            DataError: A label has none, or a folder has no meaning.
        """
        found = {plain_name(folder) for folder in folders}
        for label, names in self.of_label.items():
            if not names & found:
                raise DataError(_without(label, names, folders, empty, where))
        unclear = {folder: count for folder, count in folders.items() if not self.knows(folder)}
        if unclear:
            listed = ", ".join(f"{folder} ({count:,})" for folder, count in list(unclear.items())[:10])
            more = f" and {len(unclear) - 10:,} more" if len(unclear) > 10 else ""
            raise DataError(
                f"{where}: neither a label nor negative: {listed}{more}. Expected: a meaning for each class. "
                f"Add it to `data.labels`, to a label in `data.folder.classes`, to `data.folder.negative` (which then "
                f"must name all negative ones), or to `data.folder.leave_out`."
            )


def _listed(names: str | tuple[str, ...]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else names


def _without(label: str, names: frozenset[str], folders: Counter[str], empty: Sequence[str], where: str) -> str:
    known = ", ".join(f"{folder} ({count:,})" for folder, count in folders.most_common(10)) or "none"
    near = [folder for folder in folders if difflib.get_close_matches(plain_name(folder), names, n=1)]
    hint = f" Did you mean {near[0]!r}?" if near else ""
    without = [path for path in empty if plain_name(path.rpartition("/")[2]) in names]
    nothing = f" The folder {without[0]} contains no picture that can be read." if without else ""
    return (
        f"{where}: no pictures of the class {' or '.join(sorted(names))} for the label {label!r}.{nothing}{hint} "
        f"Found: {known}. Correct `data.labels` or `data.folder.classes`."
    )
