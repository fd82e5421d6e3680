"""What ``metrics.json`` says of an ensemble, whichever version wrote it."""

from typing import Any, Literal

from xraykit.system import Interval, Record


class MeanScores(Record):
    """Macro means of one network, or of one fold; a fold has no intervals. Intervals are 95 %, by patient."""

    roc_auc: float | None
    roc_auc_interval: Interval | None = None
    average_precision: float | None = None
    average_precision_interval: Interval | None = None


class MemberFacts(Record):
    """One network of an ensemble."""

    name: str
    """Of its run folder in ``members/``."""
    fold: int | None = None
    """The fold that it did not learn from; null if all members have the same parts."""
    seed: int
    epoch: int
    """The one whose weights were taken."""
    epochs: int
    validation_roc_auc: float | None = None
    score: float | None
    """Macro ROC AUC by which the best member is found, on what ``chosen_by`` names."""
    test: MeanScores | None = None
    """On the ensemble's test part; null without one."""


class FoldLabel(Record):
    """One label of a fold."""

    roc_auc: float | None
    average_precision: float | None = None
    positives: int
    negatives: int


class FoldFacts(Record):
    """The metrics of one fold, by the networks that did not learn from it."""

    fold: int
    images: int
    patients: int
    macro: MeanScores
    labels: dict[str, FoldLabel]


class FoldRange(Record):
    """Of the macro means of the folds."""

    lowest: float | None
    mean: float | None
    highest: float | None


class FoldsFacts(Record):
    """All folds. How far they are apart is no standard error."""

    each: list[FoldFacts]
    roc_auc: FoldRange
    average_precision: FoldRange | None = None


class SpreadFacts(Record):
    """Largest minus smallest probability that the members give a radiograph, over the test part; 0–1."""

    median: float | None
    p90: float | None
    """Nine of ten radiographs have no larger one."""
    largest: float | None


class EnsembleFacts(Record):
    """The networks of an ensemble, and what it reaches beside them."""

    members: list[MemberFacts]
    best_member: str | None = None
    chosen_by: Literal["out_of_fold", "validation"]
    """What the members are scored on."""
    rule_fitted_on: Literal["out_of_fold", "validation"]
    """What the ensemble's calibration and thresholds were fitted on."""
    folds: FoldsFacts | None = None
    spread: dict[str, SpreadFacts] | None = None
    """By label; null without a test part."""
    gain: dict[str, Any] | None = None
    """Ensemble minus best member on the test part, paired by patient, and ``verdict``."""
    gain_why: str | None = None
    """Why there is no gain."""
