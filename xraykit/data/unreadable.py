"""Radiographs whose files cannot be read: left out of all parts where the experiment asks for it, and reported."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from xraykit.data.parts import Parts
from xraykit.data.splits import HELD_OUT, PARTS
from xraykit.system import counted

_LISTED = 5


@dataclass(frozen=True)
class Unreadable:
    """A radiograph that was left out, as its file cannot be read (``data.unreadable: leave_out``).

    Attributes:
        image: Its name in the label file.
        part: The part that it would be in.
        reason: Why it cannot be read, a sentence that begins with the path of the file.
    """

    image: str
    part: str
    reason: str


def without_unreadable(parts: Parts, reasons: Mapping[str, str]) -> tuple[Parts, tuple[Unreadable, ...]]:
    """The parts without the radiographs whose files cannot be read.

    Args:
        parts: Sealed or not.
        reasons: Why, by path; see :attr:`.PictureCache.unreadable`.

    Raises:
        DataError: A part is empty without them.
    """
    if not reasons:
        return parts, ()
    rows = zip(parts.division["image"], parts.division["part"], parts.paths, strict=True)
    found = tuple(Unreadable(image, part, reasons[path]) for image, part, path in rows if path in reasons)
    return parts.without([each.image for each in found]), found


def describe_left_out(unreadable: Sequence[Unreadable]) -> str:
    """Sentences for the log, with the first few files; blank if none was left out."""
    if not unreadable:
        return ""
    counts = Counter(each.part for each in unreadable)
    listed = "\n".join(each.reason for each in unreadable[:_LISTED])
    more = f"\n... and {len(unreadable) - _LISTED:,} more" if len(unreadable) > _LISTED else ""
    of_parts = ", ".join(f"{counts[part]:,} {part}" for part in (*PARTS, HELD_OUT) if counts[part])
    return (
        f"{counted(len(unreadable), 'radiograph')} cannot be read; left out (data.unreadable; {of_parts}):\n"
        f"{listed}{more}"
    )


def unreadable_facts(unreadable: Sequence[Unreadable]) -> list[dict[str, str]]:
    """Part and reason of each, without its name: a file's name often begins with the patient's number."""
    return [{"part": each.part, "reason": _without_path(each.reason)} for each in unreadable]


def _without_path(reason: str) -> str:
    what = reason.partition(" cannot be read as a radiograph: ")[2] or "it cannot be read"
    return what.partition(". Expected")[0]
