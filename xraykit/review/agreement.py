"""Agreement of readers with the model, with the labels given and with each other, at the end of a review."""

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from xraykit.evaluation import Agreement, cohens_kappa
from xraykit.review.cases import Case, Cases
from xraykit.review.readings import ReadBy

COLUMNS = ("first", "second", "finding", "cases", "patients", "agree", "kappa", "low", "high", "no_interval")
TABLE = "agreement.csv"
ALL = "all findings"

_Value = Callable[[Case, int], float | None]


def agreement_of(cases: Cases, readers: Sequence[ReadBy]) -> dict[str, Any]:
    """Cohen's kappa for each finding and for all findings together.

    Of a reader those readings count that were made before the model was seen, of radiographs of which it was shown
    since: the agreement on others would tell the reader what the model says of them. What a reader is unsure of does
    not count. Readings that were made or changed with the model in view are not independent of it, and only their
    number is given.

    Returns:
        ``rows``: a mapping of :data:`COLUMNS` for each pair and finding; ``readers``: of each the number of blind and
        of other readings.
    """
    model: tuple[str, _Value] = ("model", lambda case, column: _as_float(cases.call(case, column)))
    given: tuple[str, _Value] = ("label given", lambda case, column: _known(case.given[column]))
    read = [(reader.name, _blind_value(cases, reader)) for reader in readers if reader.blind]
    pairs = [(reader, other) for reader in read for other in (model, given)] + list(combinations(read, 2))
    rows = [row for first, second in pairs for row in _rows(cases, first, second)]
    return {"rows": rows, "readers": [_counts(reader) for reader in readers]}


def _rows(cases: Cases, first: tuple[str, _Value], second: tuple[str, _Value]) -> Iterator[dict[str, Any]]:
    found = [_pairs(cases, first[1], second[1], column) for column in range(len(cases.labels))]
    together = [case for pairs in found for case in pairs]
    if not together:
        return
    for name, pairs in zip((*cases.labels, ALL), (*found, together), strict=True):
        if pairs:
            one, other, patients = zip(*pairs, strict=True)
            yield _row(first[0], second[0], name, cohens_kappa(one, other, np.array(patients, dtype=object)))


def _pairs(cases: Cases, first: _Value, second: _Value, column: int) -> list[tuple[float, float, str]]:
    """What both say of each case that both know, and its patient; a case of nobody known is a patient of its own."""
    found = []
    for case in cases.cases:
        one, other = first(case, column), second(case, column)
        if one is not None and other is not None:
            patient = cases.pictures[case.picture].patient
            found.append((one, other, f"patient {patient}" if patient is not None else f"case {case.picture}"))
    return found


def _row(first: str, second: str, finding: str, agreement: Agreement) -> dict[str, Any]:
    low, high = agreement.around.interval or (None, None)
    return {
        "first": first,
        "second": second,
        "finding": finding,
        "cases": agreement.cases,
        "patients": agreement.patients,
        "agree": agreement.observed,
        "kappa": agreement.kappa,
        "low": low,
        "high": high,
        "no_interval": agreement.around.reason,
    }


def _blind_value(cases: Cases, reader: ReadBy) -> _Value:
    def value(case: Case, column: int) -> float | None:
        entry = reader.blind.get((case.image, cases.labels[column])) if reader.has_seen(case.image) else None
        return {"present": 1.0, "absent": 0.0}.get(entry.reading) if entry else None

    return value


def _counts(reader: ReadBy) -> dict[str, Any]:
    blind = sum(bool(entry.reading) and reader.has_seen(image) for (image, _), entry in reader.blind.items())
    begun = sum(bool(entry.reading) and not reader.has_seen(image) for (image, _), entry in reader.blind.items())
    changed = sum(
        reader.blind[of].reading != entry.reading for of, entry in reader.entries.items() if of in reader.blind
    )
    sighted = sum(bool(entry.reading) for of, entry in reader.entries.items() if of not in reader.blind)
    return {"reader": reader.name, "blind": blind, "begun": begun, "changed": changed, "sighted": sighted}


def _as_float(call: bool | None) -> float | None:
    return None if call is None else float(call)


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
