"""An ensemble: its members, what it gains over the best of them, how far they are apart, and its folds."""

from xraykit.report.blocks import Block, Section, Text
from xraykit.report.sections.ensemble.folds import folds
from xraykit.report.sections.ensemble.gain import gain
from xraykit.report.sections.ensemble.members import members, spread
from xraykit.runs import FinishedRun

_FITTED_ON = {
    "out_of_fold": "out-of-fold predictions: each radiograph is predicted by networks that did not learn from its "
    "patient",
    "validation": "the validation part",
}


def ensemble(run: FinishedRun) -> list[Section]:
    """The section of an ensemble; none for a single network."""
    facts = run.summary.ensemble
    if facts is None:
        return []
    words = (
        f"The model is an ensemble of {len(facts.members)} networks. Their logits are calibrated by each network's own "
        f"calibration and averaged; a finding that not all of them calibrated counts with raw logits. Calibration and "
        f"thresholds of the whole were fitted on {_FITTED_ON[facts.rule_fitted_on]}."
    )
    blocks: list[Block] = [Text(words), members(run, facts), *gain(run, facts), *spread(run, facts), *folds(run, facts)]
    return [Section("ensemble", "The ensemble", blocks)]


__all__ = ["ensemble"]
