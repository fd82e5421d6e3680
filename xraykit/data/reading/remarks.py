"""Cells of a label file that were not understood or are spelled otherwise, in sentences for the log and the report."""

import re
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from xraykit.data.catalog import Catalog
from xraykit.system import counted

_SHOWN = 5
_LONGEST = 20
_MOST_CATEGORIES = 20  # more different values are no spellings of a few categories
_DATE = re.compile(r"\d{1,4}\s?[./\-]\s?\d{1,2}\s?[./\-]\s?\d{1,4}\b.*|(19|20)\d{6}|\d{1,2}\D+(19|20)\d\d", re.DOTALL)
_NAMES = {
    "image": "file name",
    "patient": "patient id",
    "findings": "findings",
    "sex": "sex",
    "view": "view",
    "age": "age",
}


def reading_facts(catalog: Catalog) -> dict[str, Any]:
    """Plain values for ``data.json``: what was not understood, what is spelled otherwise, and what was left out.

    Of cells that were not understood only the most frequent few are kept, and the beginning of long ones; none where
    many differ: a column that contains something else, such as names or numbers of patients, is not copied. Nor are
    dates, which may be of birth.
    """
    not_understood = {}
    for column, counts in catalog.not_understood.items():
        words = [item for item in counts.items() if not _DATE.fullmatch(item[0].strip())]
        frequent = sorted(words, key=lambda item: (-item[1], item[0]))[:_SHOWN]
        frequent = frequent if len(counts) <= _MOST_CATEGORIES else []
        not_understood[column] = {
            "radiographs": sum(counts.values()),
            "values": len(counts),
            "examples": {_cut(value): times for value, times in frequent},
        }
    return {
        "not_understood": not_understood,
        "normalised": dict(catalog.normalised),
        "several_spellings": catalog.several_spellings,
        "laterals": catalog.laterals,
        "other_views": catalog.other_views,
        "further_radiographs": catalog.further_radiographs,
        "left_out": dict(catalog.left_out),
        "patients_known": catalog.patients_known,
        "unclear_labels": asdict(catalog.unclear_labels),
        **_of_sources(catalog),
        "from_header": dict(catalog.from_header),
        "other_body_parts": dict(list(catalog.other_body_parts.items())[:_SHOWN]),
    }


def _of_sources(catalog: Catalog) -> dict[str, Any]:
    """What was read of each of several collections."""
    if not catalog.sources:
        return {}
    about = {
        source.name: {"format": source.format, "labels": list(source.labels), "weight": source.weight}
        for source in catalog.sources
    }
    return {"sources": {source.name: {**about[source.name], **source.facts} for source in catalog.sources}}


def remarks(facts: Mapping[str, Any]) -> list[str]:
    """Sentences about :func:`reading_facts`, the most important first; none where every cell was read as it is."""
    if "sources" in facts:
        return [f"{name}: {each}" for name, own in facts["sources"].items() for each in remarks(own)]
    sentences = []
    if facts.get("laterals"):
        sentences.append(
            f"{counted(facts['laterals'], 'radiograph')} left out, as the view says that they are lateral: "
            f"the network learns frontal radiographs."
        )
    if facts.get("other_views"):
        sentences.append(f"{counted(facts['other_views'], 'radiograph')} of other views left out (data.views).")
    if facts.get("further_radiographs"):
        sentences.append(f"{counted(facts['further_radiographs'], 'radiograph')} left out by data.one_per.")
    if facts.get("left_out"):
        reasons = ", ".join(f"{reason} ({count:,})" for reason, count in facts["left_out"].items())
        sentences.append(f"Picture files that were left out: {reasons}.")
    if not facts.get("patients_known", True):
        sentences.append(
            "The collection does not name patients: each radiograph counts as one, and whether a patient is in more "
            "than one part cannot be checked."
        )
    sentences += _about_labels(facts.get("unclear_labels", {}))
    sentences += _about_headers(facts)
    for column, counts in facts.get("not_understood", {}).items():
        examples = ", ".join(f"{value!r} ({times:,})" for value, times in counts["examples"].items())
        others = counts["values"] - len(counts["examples"])
        more = f" and {others} more" if others else ""
        shown = f": {examples}{more}" if examples else f", with {counts['values']:,} different values"
        sentences.append(
            f"{counted(counts['radiographs'], 'radiograph')} with a {_NAMES.get(column, column)} that was not "
            f"understood and counts as unknown{shown}."
        )
    if facts.get("several_spellings"):
        several = facts["several_spellings"]
        sentences.append(
            f"{several:,} patient{'s are' if several > 1 else ' is'} spelled in more than one way (leading zeros, .0, "
            f"upper or lower case) and counted as one each."
        )
    return sentences


def _about_headers(facts: Mapping[str, Any]) -> list[str]:
    sentences = []
    if facts.get("from_header"):
        taken = ", ".join(f"{name} of {counted(n, 'radiograph')}" for name, n in facts["from_header"].items())
        sentences.append(f"Taken from the header of the picture file: {taken}.")
    if facts.get("other_body_parts"):
        parts = ", ".join(f"{part} ({n:,})" for part, n in facts["other_body_parts"].items())
        sentences.append(f"Headers that name another body part than the chest: {parts}. These radiographs are used.")
    return sentences


def _about_labels(unclear: Mapping[str, Any]) -> list[str]:
    sentences = []
    if unclear.get("blank") and unclear["blank_as"] == "absent":
        sentences.append(
            f"{counted(unclear['blank'], 'blank cell')} of labels: not mentioned in the report, and counted as absent, "
            f"as the authors of the labels read them."
        )
    if unclear.get("uncertain"):
        total, policies = sum(unclear["uncertain"].values()), unclear["training"]
        ways = ", ".join(
            f"{policy} ({sum(unclear['uncertain'][label] for label in policies if policies[label] == policy):,})"
            for policy in dict.fromkeys(policies.values())
        )
        sentences.append(
            f"{counted(total, 'uncertain label')}: unknown in all metrics. What the training learns from them: {ways}."
        )
    if unclear.get("incomplete"):
        reports = ", ".join(f"{words} ({count:,})" for words, count in unclear["incomplete"].items())
        sentences.append(
            f"Reports that do not name all that is there: {reports}. Findings that they do not name are "
            f"{unclear['incomplete_as']}."
        )
    return sentences


def respellings(facts: Mapping[str, Any]) -> str:
    """How many cells were understood though they are spelled otherwise, by column; blank if there are none."""
    if "sources" in facts:
        each = {name: respellings(own) for name, own in facts["sources"].items()}
        return " ".join(f"{name}: {sentence}" for name, sentence in each.items() if sentence)
    normalised = facts.get("normalised", {})
    named = [f"{_NAMES.get(column, column)} of {counted(times, 'radiograph')}" for column, times in normalised.items()]
    return f"Understood in another spelling: {', '.join(named)}." if named else ""


def _cut(value: str) -> str:
    return value if len(value) <= _LONGEST else value[: _LONGEST - 1] + "…"
