"""View, sex and age from the headers of picture files, where the label file lacks them."""

import os
import sys
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np

from xraykit.data.catalog import Catalog
from xraykit.data.decoders.choice import facts_of, may_have_facts
from xraykit.system import progress_bar

FROM_HEADER = ("view", "sex", "age")
"""Columns of a catalog that a header may fill in."""

_MANY = 2000
_CHEST = ("CHEST", "THORA", "TORAX", "LUNG", "PULMO")


def with_header_facts(catalog: Catalog) -> Catalog:
    """The catalog with what its label file lacks, as far as the headers of its files say it.

    A file is opened only if a value is missing in its row and its name may be that of a kind with such a header: a
    collection of PNG or JPEG files costs nothing. Headers are read in threads, without pixels.

    Args:
        catalog: All radiographs of a collection, before any are chosen by their view.
    """
    table = catalog.table
    lacking = table[list(FROM_HEADER)].isna().any(axis=1).to_numpy()
    paths: list[str] = table["path"].tolist()
    rows = np.flatnonzero(lacking & may_have_facts(paths)).tolist()
    if not rows:
        return catalog
    headers = _headers([paths[row] for row in rows])
    filled, counts = table.copy(), {}
    for name in FROM_HEADER:
        values = table[name].to_numpy(copy=True)
        given = [(row, facts[name]) for row, facts in zip(rows, headers, strict=True) if name in facts]
        taken = [(row, value) for row, value in given if values[row] != values[row] or values[row] is None]
        for row, value in taken:
            values[row] = value
        filled[name] = values
        if taken:
            counts[name] = len(taken)
    return replace(catalog, table=filled, from_header=counts, other_body_parts=_other_body_parts(headers))


def is_chest(body_part: str) -> bool:
    """Whether a header's body part is the chest, also in other languages and with additions; the ribs are not."""
    return any(word in body_part for word in _CHEST) and "SPINE" not in body_part


def _headers(paths: list[str]) -> list[Mapping[str, Any]]:
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        read = pool.map(facts_of, paths)
        if len(paths) >= _MANY:
            read = progress_bar(read, "Reading headers", len(paths), unit="file", file=sys.stderr)
        return [facts or {} for facts in read]


def _other_body_parts(headers: list[Mapping[str, Any]]) -> dict[str, int]:
    named = (facts["body_part"] for facts in headers if "body_part" in facts)
    return dict(Counter(part for part in named if not is_chest(part)).most_common())
