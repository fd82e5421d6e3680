"""The data of an experiment, described for people."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from xraykit.config import MOST_GROUPS, Data, Experiment
from xraykit.data.catalog import Catalog
from xraykit.data.folds import folds_of, split_folds
from xraykit.data.mixing.summary import source_lines, source_rows
from xraykit.data.parts import Parts, read_catalog
from xraykit.data.reading.remarks import reading_facts, remarks, respellings
from xraykit.data.splits import PARTS
from xraykit.data.understood import describe_understood
from xraykit.system import counted, text_table


def load_catalog(experiment: Experiment) -> Catalog:
    """All radiographs of an experiment, before they are divided.

    Raises:
        DataError: label file or radiographs are invalid.
    """
    return read_catalog(experiment.data)


def describe_briefly(parts: Parts) -> str:
    """One line: radiographs of each part, the split, and how many rows were left out. A sealed part does not matter."""
    train = parts.catalog_of("train")
    sizes = ", ".join(f"{parts.sizes[part]:,} {name}" for part, name in _shown_parts(parts).items())
    missing = train.missing_images
    left_out = f"; left out: {counted(missing, 'row')} of {train.source} without an image file" if missing else ""
    return f"Radiographs: {sizes} ({parts.split}){left_out}."


def _shown_parts(parts: Parts) -> dict[str, str]:
    """The parts with their names for people: the networks of all folds together have no validation part."""
    return {"train": "in folds", "test": "held out"} if parts.split.all_folds else {part: part for part in PARTS}


def describe_parts(parts: Parts) -> str:
    """A table of radiographs, patients and positives per label and part, and what is missing.

    Args:
        parts: All parts, none sealed.
    """
    names = _shown_parts(parts)
    catalogs = [parts.catalog_of(part) for part in names]
    missing = catalogs[0]
    facts = reading_facts(missing)
    lines = [
        f"# Data: {missing.source} (SHA-256 {missing.label_file_sha256[:12]}), split: {parts.split}",
        f"# Rows without an image file, left out: {missing.missing_images:,}"
        + (f", such as {', '.join(missing.missing_examples[:3])}" if missing.missing_examples else ""),
        *(f"# {sentence}" for sentence in [*remarks(facts), respellings(facts), *_many_values(catalogs)] if sentence),
        *(f"# {line}" for line in source_lines(catalogs)),
        *(f"# {line}".rstrip() for each in missing.all_understood() for line in ["", *describe_understood(each)]),
        "",
    ]
    rows = [(name, *counts) for name, counts in source_rows(catalogs)]
    rows += [(f"view {view}", *counts) for view, counts in _views(catalogs)]
    return "\n".join([*lines, *_counts_table(list(names.values()), catalogs, rows)])


def _counts_table(heads: Sequence[str], catalogs: Sequence[Catalog], rows: Sequence[Sequence[str]] = ()) -> list[str]:
    """Radiographs, patients and positives per label of each catalog.

    Args:
        heads: What each catalog is called.
        catalogs: At least one.
        rows: Further ones before the labels.
    """
    counts = [
        ("radiographs", *(f"{len(each):,}" for each in catalogs)),
        ("patients", *(f"{each.table['patient'].nunique():,}" for each in catalogs)),
        *rows,
        *(
            (label, *(_positives(each.targets()[:, at]) for each in catalogs))
            for at, label in enumerate(catalogs[0].labels)
        ),
    ]
    return text_table(["", *heads], counts)


def describe_folds(data: Data, seed: int) -> str:
    """A table of radiographs, patients and positives per label in each fold and among the held-out patients.

    Below it, the sizes of the parts of each fold's network.

    Args:
        data: With ``split.method: folds``, of which no single fold is trained.
        seed: The experiment's.

    Raises:
        DataError: label file, radiographs or split are invalid.
    """
    catalog = read_catalog(data)
    fold = folds_of(catalog, data.split, seed)
    numbers = [*range(data.split.folds), *([-1] if (fold < 0).any() else [])]
    catalogs = [catalog.take(fold == number) for number in numbers]
    lines = [
        *_counts_table(["held out" if number < 0 else f"fold {number}" for number in numbers], catalogs),
        "",
    ]
    for number in range(data.split.folds):
        parts = split_folds(catalog, data.split.model_copy(update={"fold": number}), seed)
        sizes = ", ".join(f"{int((parts == part).sum()):,} {part}" for part in PARTS)
        lines.append(f"# Network of fold {number}: {sizes}")
    return "\n".join(lines)


def _many_values(catalogs: Sequence[Catalog]) -> list[str]:
    """Further columns with too many values for a group each."""
    found = []
    for column in catalogs[0].columns:
        values = len(set().union(*(catalog.table[column].replace("", np.nan).dropna() for catalog in catalogs)))
        if values > MOST_GROUPS:
            found.append(
                f"The column {column} has {values} values: as a subgroup, the rare ones are put together, so that at "
                f"most {MOST_GROUPS} groups get metrics."
            )
    return found


def _views(catalogs: Sequence[Catalog]) -> list[tuple[str, list[str]]]:
    """Each view with its number of radiographs in each part, the most frequent first; none where none is known."""
    counts = [Counter(catalog.table["view"].fillna("unknown")) for catalog in catalogs]
    total = sum(counts, Counter[str]())
    if set(total) == {"unknown"}:
        return []
    return [(view, [f"{each[view]:,}" for each in counts]) for view, _ in total.most_common()]


def _positives(column: np.ndarray) -> str:
    unknown = int(np.count_nonzero(np.isnan(column)))
    return f"{int(np.count_nonzero(column == 1)):,}" + (f" ({unknown:,} unknown)" if unknown else "")
