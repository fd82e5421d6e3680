"""The data: counts, prevalence, the split, and what was excluded and why."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from xraykit.data import remarks, respellings
from xraykit.input_check import KINDS
from xraykit.report.blocks import Block, Cell, Facts, Missing, Picture, Row, Section, Table, Warnings, heads
from xraykit.report.wording import DASH, count, percent, radiographs
from xraykit.runs import FinishedRun

_TITLE = "The data"
_REASONS = 5
# A file's name often begins with the patient's number, and the page goes to the tracker.
_NAMED = "the log and --check name the files"


def data(run: FinishedRun, figures: Mapping[str, str]) -> Section:
    """Counts of each part, and what was excluded."""
    facts = run.data_facts()
    if facts is None:
        fingerprint = run.metrics.get("data_fingerprint")
        known = (("Split", str(run.split)), ("Fingerprint", str(fingerprint or "unknown")))
        missing = Missing(f"The counts are missing: this run has no {run.files.data.name}.")
        return Section("data", _TITLE, [missing, Facts(known)])
    parts: Mapping[str, Any] = facts["parts"]
    notes = remarks(facts)
    blocks: list[Block] = [Facts(tuple(_facts(facts, str(run.split)))), *([Warnings(tuple(notes))] if notes else [])]
    blocks.append(_people(str(run.split), parts, _of_folds(run)))
    blocks.append(_prevalence(str(run.split), parts))
    if "prevalence" in figures:
        caption = f"Prevalence in each part, split: {run.split}."
        blocks.append(Picture(figures["prevalence"], f"Bar chart of the table. {caption}", caption, wide=True))
    return Section("data", _TITLE, blocks)


def _facts(facts: Mapping[str, Any], split: str) -> list[tuple[str, str]]:
    return [
        ("Label file", f"{facts['label_file']} (SHA-256 {facts['label_file_sha256']})"),
        *_sources(facts.get("sources", {})),
        ("Image list", f"SHA-256 {facts['image_list_sha256']}"),
        ("Split", f"{split}; fingerprint of the parts {facts['fingerprint']}"),
        ("Excluded", _excluded(facts)),
        *([("Spelling", respellings(facts))] if respellings(facts) else []),
        *_pictures(facts.get("pictures")),
    ]


def _sources(each: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, str]]:
    """What each of several collections is, and which findings it annotates."""
    return [
        (
            f"Source {name}",
            f"{facts['format']}; {facts['label_file']} (SHA-256 {facts['label_file_sha256']}); annotates "
            f"{', '.join(facts['labels'])}"
            + (f"; weight {facts['weight']:g} in the training" if facts["weight"] is not None else ""),
        )
        for name, facts in each.items()
    ]


def _pictures(facts: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    """Duplicates and odd pictures; version 0.1.0 did not look for them."""
    if facts is None:
        return [("Duplicates and odd pictures", "The version that trained this model did not check for them.")]
    copies, odd = facts["duplicates"], facts["odd_training_pictures"]
    near = facts.get("near_duplicates")
    return [
        ("Same picture under several names", _copies(copies)),
        *([("Nearly the same picture of several patients", _copies(near))] if near else []),
        ("Odd training pictures", _odd(odd)),
    ]


def _copies(copies: Mapping[str, Any]) -> str:
    if not copies["pictures"]:
        return "None."
    counts = (
        f"{count(copies['pictures'])}, shown by {radiographs(copies['radiographs'])}; "
        f"{count(copies['across_parts'])} in more than one part, {count(copies['across_patients'])} under several "
        f"patients within a part, {count(copies['contradicting'])} with contradicting labels"
    )
    left_out = (
        f"; excluded from the training or validation part: {count(copies['left_out'])}" if copies["left_out"] else ""
    )
    return f"{counts}{left_out}; {_NAMED}."


def _odd(odd: Mapping[str, Any]) -> str:
    counts = [f"{count(number)} {KINDS.get(kind, kind)}" for kind, number in odd["counts"].items() if number]
    if odd["all_inverted"]:
        counts.insert(0, "the mean picture is darker at the spine than in the lungs")
    return f"{'; '.join(counts)}; {_NAMED}." if counts else f"None among {count(odd['looked_at'])}."


def _excluded(facts: Mapping[str, Any]) -> str:
    reasons = []
    if facts["missing_images"]:
        reasons.append(f"{radiographs(facts['missing_images'])} of the label file without a file")
    if facts.get("laterals"):
        reasons.append(f"{radiographs(facts['laterals'])} whose view is lateral")
    if facts["unreadable"]:
        reasons.append(_unreadable(facts["unreadable"]))
    return "; ".join(reasons) or "Nothing: every radiograph of the label file was found and could be read."


def _unreadable(left_out: Sequence[Any]) -> str:
    """Version 0.1 had texts."""
    known = [each for each in left_out if isinstance(each, Mapping)]
    counts = Counter(f"{each['part']}: {each['reason']}" for each in known)
    reasons = [f"{count(number)} {reason}" for reason, number in counts.most_common(_REASONS)]
    more = f", and {count(len(counts) - _REASONS)} further reasons" if len(counts) > _REASONS else ""
    shown = f" ({'; '.join(reasons)}{more}; left_out.csv names them)" if reasons else ""
    return f"{radiographs(len(left_out))} whose files cannot be read{shown}"


def _of_folds(run: FinishedRun) -> tuple[str, ...]:
    """What the training part of an ensemble of folds is."""
    if not (run.metrics.get("ensemble") or {}).get("folds"):
        return ()
    return (
        "Train: the radiographs of all folds. Each network learns from those outside its own fold, without its own "
        "validation part.",
    )


def _people(split: str, parts: Mapping[str, Any], notes: tuple[str, ...] = ()) -> Table:
    rows = [
        Row("Radiographs", tuple(Cell(count(part["images"])) for part in parts.values())),
        Row("Patients", tuple(Cell(count(part["patients"])) for part in parts.values())),
        Row("Age, median", tuple(_age(part["age"]) for part in parts.values())),
    ]
    for facet in ("sex", "view", "source"):
        names = sorted({name for part in parts.values() for name in part.get(facet, {})})
        for name in names:
            cells = [_share(part[facet].get(name, 0), part["images"]) for part in parts.values()]
            rows.append(Row(f"{facet.capitalize()} {name}", tuple(cells)))
    caption = f"Radiographs and patients of each part, split: {split}."
    return Table(caption, heads("Part", *[name.capitalize() for name in parts]), tuple(rows), notes, "parts")


def _age(age: Mapping[str, Any]) -> Cell:
    unknown = f"{count(age['unknown'])} unknown" if age["unknown"] else ""
    if age["median"] is None:
        return Cell(DASH, unknown)
    return Cell(f"{age['median']:g} years", "; ".join(filter(None, [f"{age['low']:g} to {age['high']:g}", unknown])))


def _share(many: int, images: int) -> Cell:
    return Cell(count(many), percent(many / images) if images else "")


def _prevalence(split: str, parts: Mapping[str, Any]) -> Table:
    labels = list(dict.fromkeys(label for part in parts.values() for label in part["labels"]))
    rows = [Row(label, tuple(_positives(part["labels"].get(label)) for part in parts.values())) for label in labels]
    note = "Small: positives of the radiographs whose label is known."
    columns = heads("Finding", *[name.capitalize() for name in parts])
    return Table(f"Prevalence of each finding, split: {split}.", columns, tuple(rows), (note,), "prevalence")


def _positives(counts: Mapping[str, int] | None) -> Cell:
    if counts is None:
        return Cell(DASH)
    known = counts["positives"] + counts["negatives"]
    unknown = f", {count(counts['unknown'])} unknown" if counts["unknown"] else ""
    share = percent(counts["positives"] / known) if known else DASH
    return Cell(share, f"{count(counts['positives'])} of {count(known)}{unknown}")
