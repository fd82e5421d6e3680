"""The sources of a mixture, described for people."""

from collections.abc import Sequence

from xraykit.config import SOURCE
from xraykit.data.catalog import Catalog
from xraykit.system import counted


def source_lines(catalogs: Sequence[Catalog]) -> list[str]:
    """A line for each source: its format, its radiographs, the findings that it annotates, and its weight."""
    counts = _counts(catalogs)
    return [
        f"Source {source.name} ({source.format}): {counted(sum(counts[source.name]), 'radiograph')}, annotates "
        f"{', '.join(source.labels)}"
        + (f"; weight {source.weight:g} in the training" if source.weight is not None else "")
        for source in catalogs[0].sources
    ]


def source_rows(catalogs: Sequence[Catalog]) -> list[tuple[str, list[str]]]:
    """Each source with its number of radiographs in each part."""
    return [(f"source {name}", [f"{number:,}" for number in numbers]) for name, numbers in _counts(catalogs).items()]


def _counts(catalogs: Sequence[Catalog]) -> dict[str, list[int]]:
    return {
        source.name: [int((catalog.table[SOURCE] == source.name).sum()) for catalog in catalogs]
        for source in catalogs[0].sources
    }
