"""What a run can answer of the items of a checklist; the rest is for the authors."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from xraykit.report.paper.checklists import Checklist, Item
from xraykit.report.paper.facts import PaperFacts
from xraykit.report.paper.methods import initial_weights, left_out, methods, sizes, unknown_labels
from xraykit.report.wording import listed, with_interval

OPEN = "to be filled in by the authors"
"""The answer where the run knows nothing."""


@dataclass(frozen=True)
class Answer:
    """An item with what the run knows of it.

    Attributes:
        item: The item.
        text: The answer, or :data:`OPEN`.
        found: Where the run folder has more; empty if it is open.
    """

    item: Item
    text: str
    found: str

    @property
    def is_open(self) -> bool:
        """Whether the authors must fill it in."""
        return self.text == OPEN


def answers(facts: PaperFacts, checklist: Checklist) -> list[Answer]:
    """All items of a checklist, in its order."""
    known = {name: " ".join(filter(None, sentences)) for name, sentences in _further(facts).items()}
    known |= {topic.name: topic.text for topic in methods(facts)}
    return [_answer(item, known) for item in checklist.items]


def _answer(item: Item, known: Mapping[str, str]) -> Answer:
    text = " ".join(filter(None, (known.get(topic, "") for topic in item.topics)))
    if not text:
        return Answer(item, OPEN, "")
    rest = f" {item.rest[0].upper()}{item.rest[1:]}: {OPEN}." if item.rest else ""
    return Answer(item, f"{text}{rest}", item.found)


def _further(facts: PaperFacts) -> dict[str, list[str]]:
    """The topics of checklists that are none of the methods."""
    metrics = facts.metrics
    return {
        "intended_use": list(_intended_use(facts)),
        "exclusions": list(left_out(facts)),
        "missing": list(unknown_labels(facts)),
        "sizes": list(sizes(facts)),
        "labels": [f"Labels: {listed(facts.run.labels)}, from {facts.data['label_file']}."]
        if facts.data.get("label_file")
        else [],
        "inputs": ["The pixels of one radiograph; no other predictor."] if facts.about.get("inputs") else [],
        "initial": list(initial_weights(facts)),
        "ensemble": ["The model is a single network."] if facts.run.summary.ensemble is None else [],
        "imbalance": list(_imbalance(facts)),
        "measures": list(_measures(metrics)),
        "results": list(_results(metrics)),
        "sources": ["Metrics of each source, and within sources, are in the report."] if metrics.get("sources") else [],
        "characteristics": ["Sex, age and view of each part are in the table."] if _has_characteristics(facts) else [],
        "bundle": ["The network, its calibration and its thresholds are in the bundle."] if facts.about else [],
        "input_check": ["The bundle checks whether a picture resembles the training pictures."]
        if facts.about.get("screen")
        else [],
        "errors": list(_errors(facts)),
        "external": list(_external(facts)),
    }


def _intended_use(facts: PaperFacts) -> Iterator[str]:
    use = facts.about.get("intended_use")
    if use:
        yield f"{str(use).capitalize()}."


def _has_characteristics(facts: PaperFacts) -> bool:
    parts = facts.data.get("parts") or {}
    return any(part.get("sex") or part.get("view") for part in parts.values())


def _imbalance(facts: PaperFacts) -> Iterator[str]:
    section = facts.settings.get("training")
    if not isinstance(section, Mapping):
        return
    if section.get("weighted_loss") and section.get("loss", "weighted") not in ("bce", "asymmetric"):
        yield "Positives and negatives of each label are weighed by each other's share in the training part."
    if section.get("sampling") == "balanced":
        yield "Radiographs with rare labels were drawn more often."


def _measures(metrics: Mapping[str, Any]) -> Iterator[str]:
    labels = list(metrics["labels"].values())
    names = {
        "roc_auc": "ROC AUC",
        "average_precision": "average precision",
        "sensitivity": "sensitivity",
        "specificity": "specificity",
        "precision": "PPV",
        "npv": "NPV",
        "brier": "Brier score",
    }
    measured = [words for name, words in names.items() if any(each.get(name) is not None for each in labels)]
    if measured:
        yield f"Measured: {listed(measured)}."
    if metrics.get("calibration"):
        yield "Calibration: reliability curves and expected calibration error."


def _results(metrics: Mapping[str, Any]) -> Iterator[str]:
    macro = metrics["macro"]
    if macro.get("roc_auc") is not None:
        yield f"Macro mean of the ROC AUC: {with_interval(macro, 'roc_auc')}."


def _errors(facts: PaperFacts) -> Iterator[str]:
    if facts.run.files.worklist.is_file():
        yield "The worklist names the radiographs on which model and label disagree most; their review is open."
    if facts.run.files.gallery.is_file():
        yield "Heat maps of right and wrong predictions are in the report."


def _external(facts: PaperFacts) -> Iterator[str]:
    folder = facts.run.files.evaluations
    names = sorted(each.name for each in folder.glob("*") if (each / "metrics.json").is_file())
    if names:
        yield f"External validations: {listed(names)}."
