"""The model card: intended use, limits and origin of the model (Mitchell et al., FAT* 2019)."""

from collections.abc import Iterator, Mapping
from typing import Any

from xraykit.evaluation import columns_in_words, judged, taken_into_account
from xraykit.report.blocks import Code, Facts, Missing, Section, Text
from xraykit.report.sections.glance import FEW, not_distinguished_from_chance, without_interval
from xraykit.report.wording import listed, radiographs
from xraykit.runs import FinishedRun

_USE = "research only; not a medical device, and not to be used to diagnose or treat patients"
_ELSEWHERE = (
    "All metrics are of radiographs from the same source as the training part. At another hospital, with other "
    "machines and other patients, they must be measured again (xraykit recalibrate)."
)
_SHOWN_ELSEWHERE = (
    "labels",
    "thresholds",
    "intended_use",
    "split",
    "data_fingerprint",
    "fingerprints",
    "screen",
    "golden",
)


# Of each member of an ensemble; all checksums are under sha256.
_NOT_OF_MEMBERS = ("golden_logits", "sha256")


def model_card(run: FinishedRun) -> Section:
    """Intended use, limits, training data, versions and fingerprints."""
    facts = [
        ("Intended use", str((run.about() or {}).get("intended_use", _USE)).capitalize() + "."),
        ("Output", " ".join(_given(run.metrics["labels"]))),
        ("Limits", " ".join(_limits(run))),
        ("Training data", _training_data(run)),
        *_fingerprints(run.metrics),
    ]
    blocks = [Facts(tuple(facts))]
    about = run.about()
    if about is None:
        words = f"Versions and preprocessing are missing: this run has no {run.bundle.about.name}."
        return Section("model-card", "Model card", [*blocks, Missing(words)])
    rest = tuple(_described(about))
    return Section("model-card", "Model card", [*blocks, Text("From model.json:"), Facts(rest)])


def experiment(run: FinishedRun) -> Section:
    """The resolved experiment as in the run folder, without passwords."""
    title = "The experiment"
    text = run.experiment_text()
    if text is None:
        return Section("experiment", title, [Missing(f"This run has no {run.files.experiment.name}.")])
    words = "All settings, including defaults. Saved as a file, it runs this experiment again."
    return Section("experiment", title, [Text(words), Code(text)])


def _given(labels: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    trained = [label for label, figures in labels.items() if figures.get("trained", True)]
    yield f"A probability for each of {len(trained)} findings: {listed(trained)}."
    untrained = [label for label in labels if label not in trained]
    if untrained:
        yield f"None for {listed(untrained)}, which were not trained."
    uncalibrated = [label for label in trained if not labels[label].get("calibrated", True)]
    if uncalibrated:
        yield f"Not calibrated: {listed(uncalibrated)}."


def _limits(run: FinishedRun) -> Iterator[str]:
    labels = run.metrics["labels"]
    chance, missing = not_distinguished_from_chance(labels), run.metrics["macro"].get("not_estimable") or []
    if chance:
        yield f"Not shown to be better than chance for {listed(chance)}."
    unsure = without_interval(labels)
    if unsure:
        yield f"Not judged against chance, for lack of an interval: {listed(unsure)}."
    if missing:
        yield f"Not estimable: {listed(missing)}."
    few = [label for label, figures in labels.items() if 0 < figures["positives"] < FEW]
    if few:
        yield f"Measured on fewer than {FEW} positives: {listed(few)}."
    figures = run.metrics.get("shortcuts")
    no_evidence, undecided = judged(figures, "not_shown"), judged(figures, "not_judged")
    if no_evidence:
        metadata = columns_in_words(taken_into_account(figures))
        yield f"No evidence that it outperforms {metadata} for {listed(no_evidence)}."
    if undecided or not figures:
        what = listed(undecided) if figures else "any finding"
        yield f"Not judged whether it outperforms sex, age and view position for {what}."
    yield _ELSEWHERE


def _training_data(run: FinishedRun) -> str:
    part = ((run.data_facts() or {}).get("parts") or {}).get("train")
    split = f"split: {run.split}"
    return f"{radiographs(part['images'], part['patients'])}; {split}." if part else f"Counts unknown; {split}."


def _fingerprints(metrics: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in (metrics.get("fingerprints") or {}).items():
        yield f"Fingerprint: {name.replace('_', ' ')}", str(value)
    if metrics.get("data_fingerprint"):
        yield "Fingerprint: parts", str(metrics["data_fingerprint"])


def _described(about: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in about.items():
        if name == "members":
            yield name, "; ".join(_in_words(_without(each, _NOT_OF_MEMBERS)) for each in value)
        elif name not in _SHOWN_ELSEWHERE:
            yield name.replace("_", " "), _in_words(value)


def _without(values: Mapping[str, Any], names: tuple[str, ...]) -> Mapping[str, Any]:
    return {name: value for name, value in values.items() if name not in names}


def _in_words(value: Any) -> str:
    """A value of a JSON file without its brackets."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {_in_words(each)}" for name, each in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_in_words, value)) or "none"
    return "none" if value is None else str(value)
