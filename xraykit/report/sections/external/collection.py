"""The other collection of an external validation."""

from collections.abc import Mapping
from typing import Any

from xraykit.config import split_text
from xraykit.report.blocks import Block, Cell, Facts, Row, Section, Table, heads
from xraykit.report.wording import count, listed, percent, radiographs, stamp
from xraykit.runs import FinishedEvaluation

_FLAGS = {
    "too_small": "too few pixels",
    "colour": "coloured",
    "constant": "hardly any contrast",
    "inverted": "inverted",
    "rotated": "rotated or mirrored",
    "lateral": "lateral, or no chest",
    "unlike_training": "unlike the training pictures in layout, greys or grain",
    "header_view": "another view, by the header",
    "header_body_part": "another body part, by the header",
    "header_modality": "no radiograph, by the header",
    "bit_depth": "another depth than the training pictures",
}


def collection(evaluation: FinishedEvaluation) -> Section:
    """The collection: what was read, what was left out, which labels it has, and how its pictures differ."""
    facts = evaluation.metrics["evaluation"]
    known, labels = facts["collection"], facts["labels"]
    renamed = [f"{own} is {other} here" for own, other in labels["shared"].items() if own != other]
    rows = (
        ("Collection", f"{facts['name']} (data format {known['format']})"),
        ("Label file", f"{known['label_file']} (SHA-256 {known['label_file_sha256']})"),
        ("Radiographs", f"{radiographs(known['radiographs'], known['patients'])}; {_which(evaluation)}"),
        ("Left out", _left_out(known)),
        ("Labels in common", listed(list(labels["shared"])) + (f"; {'; '.join(renamed)}" if renamed else "")),
        ("Only the network has", listed(labels["only_model"]) or "none"),
        ("Only the collection has", listed(labels["only_collection"]) or "none"),
    )
    return Section("collection", "The collection", [Facts(rows), _flags(evaluation)])


def _which(evaluation: FinishedEvaluation) -> str:
    split = evaluation.split
    return "all of the collection" if split.method == "whole" else f"its test part, split: {split_text(split)}"


def _left_out(known: Mapping[str, Any]) -> str:
    reasons = {
        "that cannot be read (unreadable.csv)": known["unreadable"],
        "without a file": known["missing_images"],
        "lateral by their view": known.get("laterals"),
        "of other views": known.get("other_views"),
        "by data.one_per": known.get("further_radiographs"),
    }
    parts = [f"{radiographs(many)} {reason}" for reason, many in reasons.items() if many]
    return "; ".join(parts) or "none"


def _flags(evaluation: FinishedEvaluation) -> Block:
    checked = evaluation.facts.input_check
    rows = [
        Row(_FLAGS.get(name, name), (Cell(count(each.radiographs)), Cell(percent(each.share))))
        for name, each in checked.by_reason.items()
    ]
    around = " to ".join(map(percent, checked.share_interval)) if checked.share_interval else ""
    rows.append(Row("Flagged in all", (Cell(count(checked.flagged)), Cell(percent(checked.share), around)), total=True))
    return Table(
        f"Input check: pictures that differ from those of the training part. {stamp(evaluation.metrics)}.",
        heads("Reason", "Radiographs", "Share"),
        tuple(rows),
        (
            "A picture may have several reasons. The limits are set so that about 1 % of radiographs like those of the "
            "training part are flagged. Flagged pictures are scored like the others; Subgroups has the metrics of "
            "both.",
        ),
    )
