"""What the server answers: records for JSON, made from the table of :meth:`.Classifier.predict_opened`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict

from xraykit.serve.refusals import Problem

NOTICE = "Research only: not a medical device, and not to be used to diagnose or treat patients."


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True, protected_namespaces=())


class Finding(_Record):
    """The answer for one label of one picture."""

    probability: float | None
    """0–1, calibrated unless the decision rule lists the label as uncalibrated; null: not trained, or no picture."""
    call: bool | None
    """Whether the probability reaches the threshold; null: there is none."""
    threshold: float | None
    """The least probability that is called positive; null: there is none."""
    spread: float | None = None
    """Of an ensemble: how far its members are apart, the largest minus the smallest of their probabilities."""


class PictureAnswer(_Record):
    """The answer for one picture."""

    image: str
    """Its name in the request, or `picture 1` and so on."""
    findings: dict[str, Finding]
    """For each label."""
    flags: list[str]
    """How it differs from the pictures that the network was trained on; do not rely on a flagged picture's answers."""
    flag_reasons: str
    """The flags in sentences."""
    error: Problem | None
    """Why it cannot be read; then there are no probabilities."""


class ModelFacts(_Record):
    """Which network answers."""

    id: str | None
    """SHA-256 of the network's file, or over those of an ensemble's members; null in bundles without checksums."""
    bundle: str | None
    """SHA-256 of the whole bundle, as in its `manifest.json`; null in bundles of xraykit 0.1."""
    version: str | None
    """Of xraykit that trained it."""
    backbone: str | None
    members: int
    """Networks: 1, or those of an ensemble."""
    image_size: int
    """Side of the network's pictures in pixels."""
    precision: str
    """How outputs are computed: float32 or bfloat16."""
    labels: list[str]


class DecisionRuleFacts(_Record):
    """How outputs become probabilities and calls."""

    sha256: str
    """Fingerprint: SHA-256 of the file `decision_rule.json`."""
    fitted_on: str
    uncalibrated: list[str]
    """Labels whose probability is not calibrated."""
    untrained: list[str]
    """Labels that were not trained and have no probability."""
    notes: list[str]
    """Why."""


class About(_Record):
    """The network, its decision rule and what they may be used for."""

    model: ModelFacts
    decision_rule: DecisionRuleFacts
    notice: str = NOTICE
    server: str
    """Version of xraykit that answers."""


class Predictions(About):
    """The answer to a request."""

    request: str
    """Its number, also in the header X-Request-Id and in the log of predictions."""
    predictions: list[PictureAnswer]
    """In the order of the request."""
    error: Problem | None = None
    """Set if none of the pictures could be read; the status is then 422."""


@dataclass(frozen=True)
class Row:
    """One row of the classifier's table as plain values: None is missing."""

    values: Mapping[str, Any]

    def answer(self, labels: list[str], thresholds: Mapping[str, float | None]) -> PictureAnswer:
        """The row as the server answers it."""
        row, error = self.values, self.values["error"]
        return PictureAnswer(
            image=row["image"],
            findings={
                label: Finding(
                    probability=row[f"{label}_probability"],
                    call=row[f"{label}_call"],
                    threshold=thresholds[label],
                    spread=row.get(f"{label}_spread"),
                )
                for label in labels
            },
            flags=[flag for flag in row["flags"].split(";") if flag],
            flag_reasons=row["flag_reasons"],
            error=Problem(code="unreadable_picture", message=error) if error else None,
        )
