"""The model card: what the model is for, what it is not for, and where it comes from (Mitchell et al., FAT* 2019)."""

from collections.abc import Iterator, Mapping
from typing import Any

from xraykit.report.blocks import Code, Facts, Missing, Section, Text
from xraykit.report.run_files import RunFiles
from xraykit.report.sections.glance import FEW, not_told_from_chance
from xraykit.report.wording import listed, radiographs

_USE = "research only; not a medical device, and not to be used to diagnose or treat patients"
_ELSEWHERE = (
    "All figures are of radiographs from the same source as the training part. At another hospital, with other "
    "machines and other patients, they must be measured anew (python -m xraykit.recalibrate)."
)
_SAID_ELSEWHERE = (
    "labels",
    "thresholds",
    "intended_use",
    "split",
    "data_fingerprint",
    "fingerprints",
    "screen",
    "golden",
)


def model_card(run: RunFiles) -> Section:
    """Intended use, limits, training data, versions and fingerprints."""
    facts = [
        ("Intended use", str((run.about or {}).get("intended_use", _USE)).capitalize() + "."),
        ("What it gives", f"A probability for each of {len(run.labels)} findings: {listed(run.labels)}."),
        ("Limits", " ".join(_limits(run))),
        ("Training data", _training_data(run)),
        *_fingerprints(run.metrics),
    ]
    blocks = [Facts(tuple(facts))]
    if run.about is None:
        words = f"Versions and preprocessing are missing: this run has no {run.folder.about.name}."
        return Section("model-card", "Model card", [*blocks, Missing(words)])
    rest = tuple(_described(run.about))
    return Section("model-card", "Model card", [*blocks, Text("As the model itself says (model.json):"), Facts(rest)])


def experiment(run: RunFiles) -> Section:
    """The resolved experiment, as it stands in the run folder: without passwords."""
    title = "The experiment"
    if run.experiment is None:
        return Section("experiment", title, [Missing(f"This run has no {run.folder.experiment.name}.")])
    words = "Every setting, those left out of the experiment file too. Saved as a file, it runs this experiment again."
    return Section("experiment", title, [Text(words), Code(run.experiment)])


def _limits(run: RunFiles) -> Iterator[str]:
    labels = run.metrics["labels"]
    chance, missing = not_told_from_chance(labels), run.metrics["macro"].get("not_estimable") or []
    if chance:
        yield f"Not shown to be better than chance for {listed(chance)}."
    if missing:
        yield f"Nothing can be said of {listed(missing)}."
    few = [label for label, figures in labels.items() if 0 < figures["positives"] < FEW]
    if few:
        yield f"Measured on fewer than {FEW} positives: {listed(few)}."
    beaten = [label for label, figures in (run.metrics.get("shortcuts") or {}).items() if figures["shortcut"]]
    if beaten:
        yield f"Not shown to see more than sex, age and view tell for {listed(beaten)}."
    yield _ELSEWHERE


def _training_data(run: RunFiles) -> str:
    part = ((run.data or {}).get("parts") or {}).get("train")
    split = f"split: {run.metrics['split']}"
    return f"{radiographs(part['images'], part['patients'])}; {split}." if part else f"Counts unknown; {split}."


def _fingerprints(metrics: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in (metrics.get("fingerprints") or {}).items():
        yield f"Fingerprint: {name.replace('_', ' ')}", str(value)
    if metrics.get("data_fingerprint"):
        yield "Fingerprint: parts", str(metrics["data_fingerprint"])


def _described(about: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in about.items():
        if name not in _SAID_ELSEWHERE:
            yield name.replace("_", " "), _in_words(value)


def _in_words(value: Any) -> str:
    """A value of a JSON file without its brackets."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {_in_words(each)}" for name, each in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_in_words, value)) or "none"
    return "none" if value is None else str(value)
