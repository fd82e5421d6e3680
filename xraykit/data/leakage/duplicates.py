"""The same picture, or nearly the same, under two names: counted, and refused across parts unless they are asked for.

A picture that is in the training part and, under another patient's name, in the test part makes the test too easy,
and a split by patient does not see it.
"""

import hashlib
import os
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from xraykit.data.leakage.near_duplicates import Pair
from xraykit.data.parts import Parts
from xraykit.data.splits import HELD_OUT, PARTS
from xraykit.errors import DuplicatePictureError
from xraykit.system import counted, sha256_of

Rows = tuple[int, ...]
Compared = Literal["pictures", "files", "near"]

_LISTED = 5
_END = 4096


@dataclass(frozen=True)
class Duplicates:
    """Radiographs of a data set that show the same picture.

    Attributes:
        compared: ``pictures``: decoded, at the size of training; ``files``: the bytes of files; ``near``: whether they
            are nearly the same (:mod:`.near_duplicates`), of different patients.
        pictures: Number of pictures with more than one name.
        radiographs: Number of radiographs that show them.
        across_parts: Of these pictures, those in more than one of training, validation and test part.
        across_patients: Those under the names of several patients, within one part.
        contradicting: Those whose radiographs in one part have different labels; parts that are sealed do not count.
        examples: The first few, each with ``name (part)`` of its radiographs; those across parts first.
        left_out: Radiographs that were left out of training or validation part for it.
    """

    compared: Compared
    pictures: int = 0
    radiographs: int = 0
    across_parts: int = 0
    across_patients: int = 0
    contradicting: int = 0
    examples: tuple[tuple[str, ...], ...] = ()
    left_out: int = 0

    def as_values(self) -> dict[str, Any]:
        """Plain values that JSON can hold, without names: a file's name often begins with the patient's number."""
        return {name: value for name, value in asdict(self).items() if name != "examples"}


def same_pictures(digests: Iterable[Hashable]) -> list[Rows]:
    """The rows that have the same digest, of each digest that occurs more than once."""
    rows = defaultdict(list)
    for row, digest in enumerate(digests):
        rows[digest].append(row)
    return [tuple(each) for each in rows.values() if len(each) > 1]


def near_groups(parts: Parts, pairs: Iterable[Pair], rows: Sequence[int], digests: Sequence[Hashable]) -> list[Rows]:
    """The pairs of radiographs that show nearly the same picture, of different patients.

    Those of one patient are in one part, and two radiographs of a patient may be much alike.

    Args:
        parts: Sealed or not.
        pairs: Of rows of the cache.
        rows: The row in the cache of each radiograph of :attr:`Parts.division`.
        digests: Of each of them; pairs of the same picture are left to :func:`same_pictures`.
    """
    place_of = defaultdict(list)
    for place, row in enumerate(rows):
        place_of[row].append(place)
    patients = parts.division["patient"].tolist()
    return [
        (one, other)
        for pair in pairs
        for one in place_of[pair.first]
        for other in place_of[pair.second]
        if patients[one] != patients[other] and digests[one] != digests[other]
    ]


def same_files(paths: Sequence[str]) -> list[Rows]:
    """The rows whose files have the same bytes; a file that cannot be read is like no other.

    Cheap: only files of one size are opened, and only those whose first and last 4 KiB agree are read whole.
    """
    groups = [tuple(range(len(paths)))]
    for key in (os.path.getsize, _ends, _whole):
        groups = [part for group in groups for part in _divided(group, paths, key)]
    return groups


def _divided(group: Rows, paths: Sequence[str], key: Callable[[str], Hashable]) -> list[Rows]:
    keys: list[Hashable] = []
    for row in group:
        try:
            keys.append(key(paths[row]))
        except OSError:
            keys.append((row, "unreadable"))
    return [tuple(group[place] for place in places) for places in same_pictures(keys)]


def _ends(path: str) -> bytes:
    if not os.path.isfile(path):
        raise OSError(f"{path} is no regular file")
    with open(path, "rb") as file:
        first = file.read(_END)
        file.seek(max(os.path.getsize(path) - _END, 0))
        return hashlib.sha256(first + file.read(_END)).digest()


def _whole(path: str) -> str:
    return sha256_of(Path(path))


def find_duplicates(parts: Parts, groups: Sequence[Rows], compared: Compared) -> Duplicates:
    """What groups of rows with the same picture mean for the parts.

    Args:
        parts: Sealed or not; labels are compared within the parts that are not.
        groups: Row numbers of :attr:`Parts.division`, from :func:`same_pictures`, :func:`same_files` or
            :func:`near_groups`.
        compared: What was compared.
    """
    part_of, patient_of = (parts.division[column].tolist() for column in ("part", "patient"))
    images = parts.division["image"].tolist()
    labels_of = _labels(parts, images) if groups else []
    across = [group for group in groups if _is_across(group, part_of)]
    first = sorted(groups, key=lambda group: group not in across)[:_LISTED]
    return Duplicates(
        compared,
        pictures=len(groups),
        radiographs=sum(map(len, groups)),
        across_parts=len(across),
        across_patients=sum(_differ_within_a_part(group, part_of, patient_of) for group in groups),
        contradicting=sum(_differ_within_a_part(group, part_of, labels_of) for group in groups),
        examples=tuple(tuple(f"{images[row]} ({part_of[row]})" for row in group) for group in first),
    )


def check_duplicates(found: Duplicates, policy: str) -> None:
    """Refuse a picture that is in two parts.

    Args:
        found: In the parts.
        policy: ``data.duplicates``.

    Raises:
        DuplicatePictureError: There is one, and the policy is ``refuse``.
    """
    if policy != "refuse" or not found.across_parts:
        return
    sign, what = (" ~ ", "nearly identical picture") if found.compared == "near" else (" = ", "picture")
    listed = "; ".join(sign.join(names) for names in found.examples[: found.across_parts])
    more = ", ..." if found.across_parts > _LISTED else ""
    raise DuplicatePictureError(
        f"Training, validation and test part are not independent: they have {counted(found.across_parts, what)} "
        f"in common, under different names: {listed}{more}. Expected: each picture in one part. Give the "
        f"rows of one person one patient in the label file, or remove a row of each; or set `data.duplicates: "
        f"leave_out` (the picture is kept in the test part, else in the validation part) or `allow` (metrics of the "
        f"test part are then too good)."
    )


def without_duplicates(parts: Parts, groups: Sequence[Rows]) -> tuple[Parts, int]:
    """The parts without the radiographs whose picture is also in a later part; test is later than validation.

    Returns:
        The parts, whose fingerprint is another one now, and how many radiographs were left out.
    """
    part_of = parts.division["part"].to_numpy()
    order = {part: place for place, part in enumerate((*PARTS, HELD_OUT))}
    out = {
        row for group in groups for row in group if order[part_of[row]] < max(order[part_of[each]] for each in group)
    }
    return parts.without({parts.division["image"].iloc[row] for row in out}), len(out)


def describe_duplicates(found: Duplicates) -> str:
    """A sentence or two for a person; empty if there are no duplicates."""
    if not found.pictures:
        return ""
    what = {"pictures": "picture", "files": "image file", "near": "nearly identical picture"}[found.compared]
    counts = [
        f"{found.across_parts:,} of them in more than one part",
        f"{found.across_patients:,} of several patients",
    ]
    if found.contradicting:
        counts.append(f"{found.contradicting:,} with contradicting labels")
    left_out = f" Left out for it: {counted(found.left_out, 'radiograph')}." if found.left_out else ""
    return (
        f"Under more than one name: {counted(found.pictures, what)} ({', '.join(counts)}), such as "
        f"{(' ~ ' if found.compared == 'near' else ' = ').join(found.examples[0])}.{left_out}"
    )


def _is_across(group: Rows, part_of: Sequence[str]) -> bool:
    return len({part_of[row] for row in group}) > 1


def _differ_within_a_part(group: Rows, part_of: Sequence[str], values: Sequence[Hashable]) -> bool:
    found = defaultdict(set)
    for row in group:
        if values[row] is not None:
            found[part_of[row]].add(values[row])
    return any(len(each) > 1 for each in found.values())


def _labels(parts: Parts, images: Sequence[str]) -> list[bytes | None]:
    """The labels of each radiograph as bytes to be compared; None in a sealed part."""
    found: dict[str, bytes] = {}
    for catalog in parts.catalogs.values():
        targets = np.nan_to_num(catalog.targets(), nan=-1)
        found |= {image: row.tobytes() for image, row in zip(catalog.table["image"], targets, strict=True)}
    return [found.get(image) for image in images]
