"""Which radiographs of a collection are used: by their view, and one per study or patient."""

from dataclasses import replace
from typing import Literal

import numpy as np
import pandas as pd

from xraykit.data.catalog import Catalog
from xraykit.data.reading.spellings import FRONTAL, LATERAL
from xraykit.errors import DataError

Views = str | tuple[str, ...]


def chosen_radiographs(catalog: Catalog, views: Views, one_per: Literal["study", "patient"] | None) -> Catalog:
    """The radiographs of some views, and of these one per study or patient; what is left out is counted.

    Args:
        catalog: All radiographs.
        views: ``frontal`` (PA, AP and unknown views), ``lateral``, ``all``, or names of views, without unknown ones.
        one_per: The first radiograph, in the order of the label file, is kept; None keeps all.

    Raises:
        DataError: none is left, a view does not occur, or the collection names no studies.
    """
    has_view = _has_view(catalog, views)
    kept = has_view & _first_of(catalog, has_view, one_per)
    lateral = (catalog.table["view"] == LATERAL).to_numpy()
    counted = replace(
        catalog,
        laterals=catalog.laterals + int((~has_view & lateral).sum()),
        other_views=catalog.other_views + int((~has_view & ~lateral).sum()),
        further_radiographs=catalog.further_radiographs + int((has_view & ~kept).sum()),
    )
    return counted if kept.all() else counted.take(kept)


def _has_view(catalog: Catalog, views: Views) -> np.ndarray:
    view = catalog.table["view"]
    if views == "all":
        return np.ones(len(catalog), bool)
    if views == "frontal":
        chosen = view.isna() | view.isin(FRONTAL)
    else:
        names = (LATERAL,) if views == "lateral" else tuple(views)
        _check_known(catalog, names)
        chosen = view.isin(names)
    if not chosen.any():
        raise DataError(
            f"Of the {len(catalog):,} radiographs that {catalog.source} names and that exist, none has a view that is "
            f"used (data.views: {_text(views)}). Found: {_found(view)}. Choose other views, or correct the label file."
        )
    return chosen.to_numpy()


def _check_known(catalog: Catalog, names: tuple[str, ...]) -> None:
    known = {*FRONTAL, LATERAL, *catalog.table["view"].dropna()}
    for name in names:
        if name not in known:
            raise DataError(
                f"`data.views`: there is no view {name!r} in {catalog.source}. Found: {_found(catalog.table['view'])}. "
                f"Correct the list."
            )


def _found(view: "pd.Series[str]") -> str:
    counts = view.fillna("unknown").value_counts()
    return ", ".join(f"{name} ({count:,})" for name, count in counts.head(8).items())


def _text(views: Views) -> str:
    return views if isinstance(views, str) else f"[{', '.join(views)}]"


def _first_of(catalog: Catalog, has_view: np.ndarray, one_per: Literal["study", "patient"] | None) -> np.ndarray:
    if one_per is None:
        return np.ones(len(catalog), bool)
    groups = catalog.table["patient"].to_numpy() if one_per == "patient" else catalog.studies
    if groups is None:
        raise DataError(
            f"`data.one_per` is study, but {catalog.source} does not say which study a radiograph belongs to. Use "
            f"`patient`, or leave it out."
        )
    rows = np.flatnonzero(has_view)
    first = np.zeros(len(catalog), bool)
    first[rows[~pd.Series(groups[rows]).duplicated().to_numpy()]] = True
    return first
