"""Everything that the predictions of a test part say, read as was settled on the validation part."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from xraykit.config import Experiment, SplitRecord
from xraykit.errors import DataError
from xraykit.evaluation import (
    DecisionRule,
    adjust_gaps,
    calibration_figures,
    derived_figures,
    evaluate,
    masked_targets,
    published_figures,
    subgroup_figures,
)
from xraykit.evaluation.predictions.groups import groups_of
from xraykit.evaluation.predictions.table import of_part
from xraykit.evaluation.predictions.untrained import mark_untrained, with_true_counts
from xraykit.registry import FORMATS, PublishedResults


@dataclass(frozen=True)
class Terms:
    """On which terms figures are made.

    Attributes:
        split: How the parts came about; stands beside every figure.
        resamples: Bootstrap resamples of patients for 95 % intervals; 0 for none.
        seed: Of the bootstrap.
        method: How the labels were to be calibrated.
        prevalence: Share of positives in the reader's own hospital, by label.
        subgroups: Columns that the test part is divided by.
        age_bands: First year of each age band but the youngest.
        published: Results of others on the official test part of these data.
    """

    split: SplitRecord
    resamples: int
    seed: int
    method: str = "platt"
    prevalence: Mapping[str, float] | None = None
    subgroups: tuple[str, ...] = ("sex", "age", "view")
    age_bands: tuple[int, ...] = (18, 40, 60, 80)
    published: tuple[PublishedResults, ...] = ()

    @classmethod
    def of(cls, experiment: Experiment, split: SplitRecord) -> "Terms":
        """The terms that an experiment sets."""
        settings = experiment.evaluation
        return cls(
            split,
            settings.resamples,
            experiment.seed,
            settings.calibration,
            settings.prevalence,
            settings.subgroups,
            settings.age_bands,
            FORMATS.get(experiment.data.format).published if experiment.data.format in FORMATS else (),
        )


def assess(predictions: pd.DataFrame, decision_rule: DecisionRule, terms: Terms, part: str = "test") -> dict[str, Any]:
    """The figures of one part: ``metrics.json`` but for what only the training knows.

    Args:
        predictions: The table of predictions (:func:`.prediction_table`).
        decision_rule: How logits become probabilities and calls; never fitted on this part.
        terms: Split, resamples and the like.
        part: Which part.

    Returns:
        Plain values that JSON can hold: those of :func:`xraykit.evaluation.evaluate`, each label also with
        ``operating_point``, ``calibrated``, ``trained``, intervals of its likelihood ratios and ``reader``
        (predictive values elsewhere); a label that was not trained has counts and the reason alone;
        ``calibration``, ``subgroups``, ``gaps_compared`` (for how many gaps their p values are adjusted),
        ``subgroups_absent`` (columns that were asked for and are not in the table), ``published`` and
        ``published_why``.

    Raises:
        DataError: a column is missing, or holds what it may not hold.
        NonFiniteLossError: a logit is NaN or infinite.
    """
    labels, resamples, seed = list(decision_rule.labels), terms.resamples, terms.seed
    unknown = sorted(set(terms.prevalence or {}) - set(labels))
    if unknown:
        raise DataError(
            f"A prevalence is given for {', '.join(unknown)}, which is no label of this network. Expected: "
            f"{', '.join(labels)}. Correct evaluation.prevalence."
        )
    targets, logits, patients = of_part(predictions, part, labels)
    # Nothing is scored of a label that was not trained: it has no probabilities, and its targets are masked.
    known = masked_targets(targets, labels, decision_rule.untrained)
    probabilities, thresholds = np.nan_to_num(decision_rule.probabilities(logits), nan=0.5), decision_rule.thresholds
    all_scored = (probabilities, patients, labels, thresholds)
    scored = (known, *all_scored)
    split = terms.split.as_values()
    metrics = evaluate(*scored, part=part, split=split, resamples=resamples, seed=seed, scores=logits)
    derived = derived_figures(*scored, terms.prevalence or {}, intervals=resamples > 0)
    for label, point in decision_rule.points.items():
        said = {"rule": str(point.rule), "reason": point.reason, "reason_code": point.reason_code}
        metrics["labels"][label] |= {
            **derived[label],
            "operating_point": said,
            "calibrated": decision_rule.calibrations[label].calibrated,
        }
    counted = evaluate(targets, *all_scored, part=part, split=split, resamples=0, seed=seed)
    mark_untrained(metrics, counted, decision_rule.untrained)
    rows = predictions[predictions["part"] == part]
    published, why = published_figures(terms.published, terms.split, labels, rows["image"].astype(str).tolist())
    subgroups = {}
    for name in terms.subgroups:
        if name in rows:
            groups = groups_of(rows, name, terms.age_bands)
            subgroups[name] = subgroup_figures(*scored, groups, logits, intervals=resamples > 0)
            whole = subgroup_figures(targets, *all_scored, groups, intervals=False)
            for group, each in subgroups[name].items():
                with_true_counts(each["labels"], whole[group]["labels"], decision_rule.untrained)
    return {
        **metrics,
        "calibration": _calibration(known, logits, patients, decision_rule, terms),
        "subgroups": subgroups,
        "gaps_compared": adjust_gaps(subgroups),
        "subgroups_absent": [name for name in terms.subgroups if name not in rows],
        "published": published,
        "published_why": why,
    }


def _calibration(
    targets: np.ndarray, logits: np.ndarray, patients: np.ndarray, decision_rule: DecisionRule, terms: Terms
) -> dict[str, Any]:
    """Calibration before (the plain sigmoid) and after; of a label that was not trained, nothing."""
    plain = 1 / (1 + np.exp(-np.clip(logits, -700, 700)))
    before, after = (
        calibration_figures(targets, p, patients, list(decision_rule.labels), intervals=terms.resamples > 0)
        for p in (plain, np.nan_to_num(decision_rule.probabilities(logits), nan=0.5))
    )
    labels = {
        label: {
            "method": each.method,
            "calibrated": each.calibrated,
            "reason": each.reason,
            "reason_code": each.reason_code,
            "before": before[label],
            "after": after[label],
        }
        for label, each in decision_rule.calibrations.items()
    }
    return {"method": terms.method, "fitted_on": decision_rule.fitted_on, "labels": labels}
