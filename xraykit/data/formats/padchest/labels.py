"""From lists of labels to findings."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from xraykit.config import NO_FINDING
from xraykit.data.catalog import UnclearLabels
from xraykit.data.formats.padchest import PadChest
from xraykit.data.formats.padchest.facts import LABELS
from xraykit.data.formats.padchest.findings import FINDINGS, INCOMPLETE, NORMAL
from xraykit.data.formats.padchest.label_list import NotAListError, parse_label_list, plain
from xraykit.errors import DataError
from xraykit.registry import unknown_name
from xraykit.system.tables import Table


def read_lists(table: Table) -> list[frozenset[str]]:
    """The labels of each row; none where the cell is blank.

    Raises:
        DataError: cells are no lists; the message names their lines.
    """
    lists: list[frozenset[str]] = []
    wrong = []
    for line, cell in zip(table.lines, table.column(LABELS), strict=True):
        try:
            lists.append(parse_label_list(cell))
        except NotAListError:
            wrong.append(f"line {line}, column {LABELS}: {cell[:80]!r}")
    table.complain(wrong, "Expected: a list such as ['cardiomegaly', 'pleural effusion'].")
    return lists


def findings_table(settings: PadChest, labels: Sequence[str]) -> dict[str, frozenset[str]]:
    """Each of ``data.labels`` but ``No Finding`` to the labels that stand for it.

    Raises:
        DataError: a label is no finding.
    """
    known = {**FINDINGS, **settings.findings}
    for label in labels:
        if label != NO_FINDING and label not in known:
            raise DataError(
                f"`data.labels`: {unknown_name('finding', label, [*known, NO_FINDING])} Further findings are defined "
                f"in `data.padchest.findings`, such as {{{label}: [scoliosis]}}."
            )
    return {label: frozenset(map(plain, known[label])) for label in labels if label != NO_FINDING}


def check_occur(settings: PadChest, lists: Sequence[frozenset[str]], file: str) -> None:
    """See that the labels which ``data.padchest.findings`` names occur in the table: a typo would be absent everywhere.

    Raises:
        DataError: one does not.
    """
    if not settings.findings:
        return
    occurring = sorted(frozenset().union(*set(lists)))
    for finding, names in settings.findings.items():
        for name in names:
            if plain(name) not in occurring:
                raise DataError(
                    f"`data.padchest.findings.{finding}`: {unknown_name('label', name, occurring)} It is in no row of "
                    f"{file}."
                )


def targets_of(
    lists: Sequence[frozenset[str]], table: Mapping[str, frozenset[str]], labels: Sequence[str], settings: PadChest
) -> dict[str, np.ndarray]:
    """Label to ``(n,)``: 1 named, 0 not named, NaN where the list is empty or does not name all that is there."""
    distinct = {each: number for number, each in enumerate(dict.fromkeys(lists))}
    row_of = np.array([distinct[each] for each in lists], dtype=int)
    rest = np.array([_not_named(each, settings) for each in distinct])
    targets = {}
    for label in labels:
        if label == NO_FINDING:
            values = np.array([_no_finding(each) for each in distinct])
        else:
            named = np.array([not table[label].isdisjoint(each) for each in distinct], dtype=bool)
            values = np.where(named, 1.0, rest)
        targets[label] = values[row_of]
    return targets


def incomplete_reports(lists: Sequence[frozenset[str]], settings: PadChest) -> UnclearLabels:
    """How many reports do not name all that is there, by what they say instead."""
    words = Counter(word for each in lists if _is_incomplete(each) for word in each & INCOMPLETE)
    return UnclearLabels(incomplete=dict(sorted(words.items())), incomplete_as=settings.not_named)


def _is_incomplete(labels: frozenset[str]) -> bool:
    return bool(labels & INCOMPLETE) and labels - INCOMPLETE != {NORMAL}


def _not_named(labels: frozenset[str], settings: PadChest) -> float:
    """What a finding is that the list does not name."""
    if not labels:
        return np.nan
    return 0.0 if not _is_incomplete(labels) or settings.not_named == "absent" else np.nan


def _no_finding(labels: frozenset[str]) -> float:
    findings = labels - INCOMPLETE
    if findings == {NORMAL}:
        return 1.0
    return 0.0 if findings else np.nan
