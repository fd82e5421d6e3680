"""Sizes and bit depths of the picture files that were tried, as text."""

from collections import Counter
from collections.abc import Sequence

_SHOWN = 5

Source = tuple[int, int, int]
"""Columns, rows and bits per sample of one picture file."""


def describe_sources(sources: Sequence[Source]) -> list[str]:
    """Sentences about the sizes and the bit depths; none without pictures."""
    if not sources:
        return []
    sizes = Counter(f"{width}×{height}" for width, height, _ in sources)
    depths = Counter(f"{depth} bits" for _, _, depth in sources)
    return [f"Sizes of these: {_most(sizes, sources)}", f"Bit depths of these: {_most(depths, sources)}"]


def _most(counts: "Counter[str]", sources: Sequence[Source]) -> str:
    named = [f"{name} ({count:,})" for name, count in counts.most_common(_SHOWN)]
    if len(counts) <= _SHOWN:
        return f"{', '.join(named)}."
    sides = [side for width, height, _ in sources for side in (width, height)]
    return f"{', '.join(named)} and {len(counts) - _SHOWN:,} others, sides of {min(sides):,} to {max(sides):,} pixels."
