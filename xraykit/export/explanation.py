"""``README.md`` of an export: what is in the folder, how it is used, and what it does not contain."""

from xraykit.bundle import Classifier
from xraykit.export.contents import FORMULA, ExportRecord, LabelLoss, Quantisation
from xraykit.export.targets import TARGETS, Target
from xraykit.system import counted


def explanation(record: ExportRecord, target: Target, classifier: Classifier) -> str:
    """The text, in Markdown."""
    parts = [
        _head(record, target, classifier),
        f"## Verified\n\n{verified(record)} Run `python example.py golden.png` on ",
    ]
    parts[-1] += (
        "your machine and compare with `golden.json`: `exported` is what this export gave where it was written."
    )
    if record.quantisation is not None:
        parts.append("## Loss by 8-bit integers\n\n" + "\n".join(loss_lines(record.quantisation)))
    parts.append(_limits(classifier))
    return "\n\n".join(parts) + "\n"


def verified(record: ExportRecord) -> str:
    """How the export was verified, in a sentence."""
    found, target = record.verification, TARGETS[record.format]
    share = (
        "of 1 + |logit|, the largest"
        if found.measure == "largest"
        else "of their standard deviation between pictures, in root mean square"
    )
    return (
        f"Verified in {target.title} {record.versions[target.distribution]} ({record.precision}) on the golden picture "
        f"and {found.phantoms} phantoms: logits differ by at most {found.largest_logit_difference:.2g}; by "
        f"{found.difference:.2g} {share} (allowed: {found.tolerance:g}); probabilities by at most "
        f"{found.largest_probability_difference:.2g}; calls changed: {found.calls_changed} of {found.calls}."
    )


def loss_lines(loss: Quantisation) -> list[str]:
    """What a quantisation costs, in sentences; of the labels those that lose or gain most."""
    before, after = loss.macro.roc_auc
    if before is None or after is None:
        main = "The ROC AUC cannot be estimated: no label has both positives and negatives."
    else:
        main = f"Mean ROC AUC {before:.4f} in the bundle, {after:.4f} in int8; difference {_difference(loss.macro)}."
    labels = [(name, each) for name, each in loss.labels.items() if each.roc_auc_difference is not None]
    worst = min(labels, key=lambda pair: pair[1].roc_auc_difference or 0, default=None)
    lines = [
        main,
        f"Measured on {loss.measured_on}: {counted(loss.images, 'radiograph')} of "
        f"{counted(loss.patients, 'patient')}{'' if loss.patients_known else ' (each radiograph counts as one)'}. "
        f"In brackets: 95 % interval by patient.",
        f"Ranges were taken from {loss.calibrated_on}.",
        f"Probabilities differ by up to {loss.largest_probability_difference:.2g}; calls changed: "
        f"{loss.calls_changed:,} of {loss.calls:,}.",
    ]
    if worst is not None:
        name, each = worst
        lines.insert(1, f"The label with the lowest difference: {name}, {_difference(each)}.")
    return lines


def _difference(found: LabelLoss) -> str:
    """With sign and four decimals: a loss of 0.0004 is not one of 0."""
    if found.roc_auc_difference is None:
        return "not estimable"
    interval = found.roc_auc_difference_interval
    within = f"{interval[0]:+.4f} to {interval[1]:+.4f}" if interval else "no interval"
    return f"{found.roc_auc_difference:+.4f} ({within})"


def _head(record: ExportRecord, target: Target, classifier: Classifier) -> str:
    lines = [
        f"# Chest X-ray classifier for {target.title}",
        "",
        f"Intended use: {record.intended_use or 'research only; not a medical device'}. Terms: `LICENSE.md`.",
        "",
        f"    pip install numpy opencv-python-headless {target.requirement}",
        "    python example.py golden.png",
        "",
        f"- `{record.network}`: the network, preprocessing included. Input `{record.input}`; output `{record.output}`."
        + (f" It contains all {classifier.members} networks of the ensemble." if classifier.is_ensemble else "")
        + (
            f" It computes the views of the test-time augmentation `{record.source.test_time_augmentation}` itself."
            if record.source.test_time_augmentation != "none"
            else ""
        ),
        "- `decision_rule.json`: calibration and threshold of each label; `labels.txt`: the labels in order.",
        "- `golden.png`, `golden.json`: a simulated radiograph, and the bundle's results for it.",
        "- `export.json`: where this comes from, how it was verified, checksums.",
        "",
        "## From logits to probabilities and calls",
        "",
        FORMULA,
    ]
    return "\n".join(lines)


def _limits(classifier: Classifier) -> str:
    notes = [f"- {note}" for note in classifier.decision_rule.notes]
    lines = [
        "## What it does not contain",
        "",
        "- The input check: nothing flags pictures that differ from the training pictures, such as laterals or photos.",
        "- A reader of DICOM. Pictures must be decoded as `example.py` does; other greys give other probabilities. Of "
        "a 16-bit PNG file the example does not read the chunk sBIT.",
        *notes,
    ]
    return "\n".join(lines)
