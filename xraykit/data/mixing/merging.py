"""The catalogs of several sources as one.

Names of radiographs begin with the source (``nih/00000001_000.png``), ids of patients with the register that they are
unique in (``nih:1``), so that nothing of two sources is taken for the same by accident, and what is the same person by
choice stays in one part.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from xraykit.config import SOURCE, Data, Source
from xraykit.data.catalog import ABOUT, Catalog, SourceReading, hash_of_files, hash_of_parts
from xraykit.data.mixing.official import merged_official, uses_lists
from xraykit.data.reading.patient_ids import patient_ids
from xraykit.data.reading.remarks import reading_facts
from xraykit.errors import DataError
from xraykit.registry import FORMATS


def merged(data: Data, catalogs: Sequence[Catalog]) -> Catalog:
    """One catalog of all sources.

    Args:
        data: With ``sources``.
        catalogs: One for each source, in their order, each as its own section (:meth:`.Data.alone`) reads it.

    Returns:
        The radiographs of all, with the column ``source``. A label that a source does not annotate is unknown there;
        of two labels of a source that mean the same, either counts.

    Raises:
        DataError: sources share patients, but one of them does not name patients.
    """
    members = list(zip(data.sources, catalogs, strict=True))
    labels, patients = data.labels, _patients(members)
    tables, soft = [], []
    for (source, catalog), ids in zip(members, patients, strict=True):
        names = data.common_names(source)
        targets = _aligned(catalog.targets(), catalog.labels, names, labels)
        tables.append(_table(source, catalog, ids, data.columns, labels, targets))
        soft.append(_aligned(catalog.training_targets(), catalog.labels, names, labels))
    has_soft = any(catalog.soft_targets is not None for catalog in catalogs)
    return Catalog(
        table=pd.concat(tables, ignore_index=True),
        labels=labels,
        columns=data.columns,
        source="; ".join(f"{source.name}: {catalog.source}" for source, catalog in members),
        label_file_sha256=_hash_of_label_files(catalogs),
        label_files=_label_files(catalogs),
        missing_images=sum(catalog.missing_images for catalog in catalogs),
        missing_examples=tuple(f"{source.name}/{name}" for source, each in members for name in each.missing_examples),
        official=merged_official(data, members),
        not_understood=_summed_by_column(catalogs),
        normalised=dict(sum((Counter(catalog.normalised) for catalog in catalogs), Counter())),
        several_spellings=sum(catalog.several_spellings for catalog in catalogs),
        laterals=sum(catalog.laterals for catalog in catalogs),
        other_views=sum(catalog.other_views for catalog in catalogs),
        further_radiographs=sum(catalog.further_radiographs for catalog in catalogs),
        left_out=dict(sum((Counter(catalog.left_out) for catalog in catalogs), Counter())),
        from_header=dict(sum((Counter(catalog.from_header) for catalog in catalogs), Counter())),
        other_body_parts=dict(sum((Counter(catalog.other_body_parts) for catalog in catalogs), Counter())),
        soft_targets=np.concatenate(soft) if has_soft else None,
        studies=_studies(members),
        patients_known=all(catalog.patients_known for catalog in catalogs),
        sources=tuple(_reading(data, source, catalog) for source, catalog in members),
    )


def _aligned(values: np.ndarray, own: Sequence[str], names: Mapping[str, str], labels: Sequence[str]) -> np.ndarray:
    """Columns of a source's labels ``(n, L)`` as those of the experiment; the highest of several, NaN without one."""
    aligned = np.full((len(values), len(labels)), np.nan, np.float32)
    for at, label in enumerate(own):
        if label in names:
            column = labels.index(names[label])
            aligned[:, column] = _either(aligned[:, column], values[:, at], is_first=not _met(own[:at], names, label))
    return aligned


def _met(earlier: Sequence[str], names: Mapping[str, str], label: str) -> bool:
    return any(names.get(other) == names[label] for other in earlier)


def _either(first: np.ndarray, second: np.ndarray, *, is_first: bool) -> np.ndarray:
    """Present if either is, absent if both are, else unknown."""
    if is_first:
        return second
    known = ~np.isnan(first) & ~np.isnan(second)
    highest = np.fmax(first, second)
    return np.where(known | (highest > 0), highest, np.nan).astype(np.float32)


def _table(
    source: Source,
    catalog: Catalog,
    patients: Sequence[str],
    columns: Sequence[str],
    labels: Sequence[str],
    targets: np.ndarray,
) -> pd.DataFrame:
    about = catalog.table[list(ABOUT)].assign(
        image=[f"{source.name}/{image}" for image in catalog.table["image"]],
        patient=pd.Series(list(patients), dtype=object),
    )
    rows = len(catalog)
    further = {
        column: catalog.table[column] if column in catalog.columns else pd.Series([""] * rows, dtype=object)
        for column in columns
        if column != SOURCE
    }
    named = pd.DataFrame({SOURCE: pd.Series([source.name] * rows, dtype=object), **further})
    return pd.concat([about, named, pd.DataFrame(targets, columns=list(labels))], axis=1)


def _patients(members: Sequence[tuple[Source, Catalog]]) -> list[list[str]]:
    """The patients of each source's radiographs; of sources with one register, each person in one spelling."""
    ids = [catalog.table["patient"].tolist() for _, catalog in members]
    for register, of_register in _registers(members).items():
        rows = [ids[at] for at in of_register]
        if len(of_register) > 1:
            _check_named(register, [members[at] for at in of_register])
            rows = list(_in_one_spelling(rows, " and ".join(members[at][1].source for at in of_register)))
        for at, each in zip(of_register, rows, strict=True):
            ids[at] = [f"{register}:{patient}" for patient in each]
    return ids


def _registers(members: Sequence[tuple[Source, Catalog]]) -> dict[str, list[int]]:
    registers: dict[str, list[int]] = {}
    for at, (source, _) in enumerate(members):
        registers.setdefault(source.register, []).append(at)
    return registers


def _check_named(register: str, members: Sequence[tuple[Source, Catalog]]) -> None:
    for source, catalog in members:
        if not catalog.patients_known:
            raise DataError(
                f"The source {source.name!r} shares the patients {register!r} with another source, but its collection "
                f"does not name patients, so that nobody can know who is in both. Remove `patients` from its entry in "
                f"data.sources."
            )


def _in_one_spelling(ids: Sequence[list[str]], files: str) -> Iterator[list[str]]:
    joined = [patient for each in ids for patient in each]
    same, begin = patient_ids(joined, range(1, len(joined) + 1), files, "patient").ids, 0
    for each in ids:
        yield list(same[begin : begin + len(each)])
        begin += len(each)


def _label_files(catalogs: Sequence[Catalog]) -> tuple[Path, ...]:
    """All of them; none if those of a source are unknown, as their hash could not be compared."""
    known = all(catalog.label_files for catalog in catalogs)
    return tuple(file for catalog in catalogs for file in catalog.label_files) if known else ()


def _hash_of_label_files(catalogs: Sequence[Catalog]) -> str:
    files = _label_files(catalogs)
    return hash_of_files(files) if files else hash_of_parts([catalog.label_file_sha256 for catalog in catalogs])


def _summed_by_column(catalogs: Sequence[Catalog]) -> dict[str, dict[str, int]]:
    counts: dict[str, Counter[str]] = {}
    for catalog in catalogs:
        for column, cells in catalog.not_understood.items():
            counts.setdefault(column, Counter()).update(cells)
    return {column: dict(each.most_common()) for column, each in counts.items()}


def _studies(members: Sequence[tuple[Source, Catalog]]) -> np.ndarray | None:
    """None if a source does not name studies."""
    named = [
        [f"{source.name}/{study}" for study in catalog.studies]
        for source, catalog in members
        if catalog.studies is not None
    ]
    return np.array([study for each in named for study in each], object) if len(named) == len(members) else None


def _reading(data: Data, source: Source, catalog: Catalog) -> SourceReading:
    needs_lists = uses_lists(data, source) and catalog.official is None
    return SourceReading(
        name=source.name,
        format=source.format,
        labels=tuple(label for label in data.labels if label in set(data.common_names(source).values())),
        missing_lists=(FORMATS.get(source.format).official or "its lists") if needs_lists else None,
        weight=source.weight,
        facts={
            "label_file": catalog.source,
            "label_file_sha256": catalog.label_file_sha256,
            "missing_images": catalog.missing_images,
            **reading_facts(catalog),
        },
        understood=catalog.understood,
        test_list=catalog.test_list,
        patients_known=catalog.patients_known,
    )
