"""The network of an external validation."""

from xraykit.report.blocks import Facts, Section
from xraykit.report.sections.external.cells import fitted_on
from xraykit.report.wording import count
from xraykit.runs import FinishedEvaluation


def network(evaluation: FinishedEvaluation) -> Section:
    """The network, and what was frozen."""
    facts = evaluation.metrics["evaluation"]["network"]
    shaping = facts["preprocessing"]
    rows = (
        ("Network", f"{facts['run']} ({facts['backbone'] or 'backbone unknown'}), SHA-256 {facts['sha256']}"),
        ("Trained on", f"data with fingerprint {facts['data_fingerprint'] or 'unknown'}"),
        ("Pictures", f"{shaping['size']} × {shaping['size']} pixels, as in training"),
        ("Calibration and thresholds", f"fitted on: {fitted_on(evaluation)}"),
        ("Resamples", f"{count(evaluation.metrics['evaluation']['resamples'])} of the patients"),
    )  # fmt: skip
    return Section("network", "The network", [Facts(rows)])
