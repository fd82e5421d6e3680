"""What the file of a picture says against it, whatever the picture shows: its header and its depth."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Literal

from xraykit.data import FRONTAL, depth_fits, is_chest

SourceFlag = Literal["header_view", "header_body_part", "header_modality", "bit_depth"]

# Of films and secondary captures it is often OT (other) or HC (hard copy); DR, XR and CXR are no terms of the standard.
RADIOGRAPHY = ("CR", "DX", "DR", "RG", "XR", "CXR", "OT", "HC", "SC")


def header_reasons(facts: Mapping[str, Any], views: Collection[str] = FRONTAL) -> Iterator[tuple[SourceFlag, str]]:
    """What of a header speaks against a chest radiograph as in training, each with a sentence.

    People type headers in, so this is a reason to look at the picture and not to refuse it.

    Args:
        facts: Of the header; see :attr:`.Radiograph.facts`.
        views: Those of the training part.
    """
    view, body_part, modality = (facts.get(name) for name in ("view", "body_part", "modality"))
    if view is not None and view not in views:
        yield "header_view", f"The header names the view {view}; expected: {', '.join(views)}."
    if body_part is not None and not is_chest(body_part):
        yield "header_body_part", f"The header names the body part {body_part}; expected: the chest."
    if modality is not None and modality not in RADIOGRAPHY:
        yield "header_modality", f"The header names the modality {modality}; expected: CR or DX, a radiograph."


def depth_reason(sample_bits: int | None, white_bits: int | None) -> str:
    """Why the samples of a 16-bit picture do not fit the depth that it was read with; blank if they do.

    Args:
        sample_bits: Bits that they take, without hot pixels; None where the depth is declared or 8 bits.
        white_bits: The depth.
    """
    if sample_bits is None or white_bits is None or depth_fits(sample_bits, white_bits):
        return ""
    return (
        f"Its pixels take {sample_bits} bits, and it was read as a picture of {white_bits} bits, so that it is much "
        f"too {'bright' if sample_bits > white_bits else 'dark'}."
    )


def expected_views(views: Collection[str]) -> tuple[str, ...]:
    """The views that a model was trained on, from those that are known of its training part."""
    others = sorted({*views} - {*FRONTAL})
    return (*FRONTAL, *others) if not views or {*views} & {*FRONTAL} else tuple(others)
