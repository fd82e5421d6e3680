"""The methods of a run in sentences. Each follows from a value in the run folder; without it, there is none."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from xraykit.config import PUBLISHED_WEIGHTS
from xraykit.report.paper.facts import PaperFacts
from xraykit.report.paper.training import selection, training
from xraykit.report.wording import count, listed, radiographs, rule_name
from xraykit.system import counted

_SEVERAL = 2


@dataclass(frozen=True)
class Topic:
    """The sentences about one step.

    Attributes:
        name: For the checklists: ``data``, ``split``, ``network``, ...
        title: Heading.
        text: The sentences; empty if the run knows nothing of it.
    """

    name: str
    title: str
    text: str


def methods(facts: PaperFacts) -> list[Topic]:
    """The topics that the run knows something of, in the order of a methods section."""
    topics = (
        ("data", "Data", _data),
        ("split", "Split", _split),
        ("preprocessing", "Preprocessing", _preprocessing),
        ("network", "Network", _network),
        ("training", "Training", training),
        ("selection", "Model selection", selection),
        ("ensemble", "Ensemble", _ensemble),
        ("calibration", "Calibration", _calibration),
        ("thresholds", "Operating points", _thresholds),
        ("statistics", "Statistics", _statistics),
        ("subgroups", "Subgroups", _subgroups),
        ("explanations", "Heat maps", _explanations),
        ("software", "Software", _software),
    )
    written = [Topic(name, title, " ".join(sentences(facts))) for name, title, sentences in topics]
    return [topic for topic in written if topic.text]


def _data(facts: PaperFacts) -> Iterator[str]:
    data = facts.data
    sources = data.get("sources") or {}
    formats = listed([str(each.get("format")) for each in sources.values()]) or facts.setting("data.format")
    if facts.setting("data.format") == "phantom" and not sources:
        yield "The radiographs are simulated (phantoms), not of patients."
    elif formats and data.get("label_file"):
        yield f"Labels were read from {data['label_file']} (format: {formats})."
    elif formats:
        yield f"The data are of the format {formats}."
    yield from sizes(facts)
    if facts.trained:
        yield f"The network learns {counted(len(facts.trained), 'label')}: {listed(facts.trained)}."
    if facts.run.summary.untrained:
        yield f"Not trained, for lack of positives or negatives: {listed(facts.run.summary.untrained)}."
    yield from left_out(facts)
    yield from unknown_labels(facts)


def _part(name: str) -> str:
    return f"{'training' if name == 'train' else name} part"


def sizes(facts: PaperFacts) -> Iterator[str]:
    """How many radiographs and patients each part has."""
    for name, part in (facts.data.get("parts") or {}).items():
        yield f"The {_part(name)} has {radiographs(part['images'], part['patients'])}."


def left_out(facts: PaperFacts) -> Iterator[str]:
    """Which radiographs are in no part."""
    reasons = {
        "whose file is missing": facts.data.get("missing_images"),
        "with a lateral view": facts.data.get("laterals"),
        "whose file cannot be read": len(facts.data.get("unreadable") or ()),
    }
    counts = [f"{count(number)} {words}" for words, number in reasons.items() if number]
    if counts:
        yield f"Left out: radiographs of the label file, {listed(counts)}."


def unknown_labels(facts: PaperFacts) -> Iterator[str]:
    """What became of labels that are unknown."""
    parts = (facts.data.get("parts") or {}).values()
    unknown = sum(each["unknown"] for part in parts for each in part["labels"].values())
    if unknown:
        yield f"{count(unknown)} labels are unknown; they are left out of the loss and of the metrics."
    elif parts:
        yield "Each label of each radiograph is known."


def _split(facts: PaperFacts) -> Iterator[str]:
    split = facts.run.split
    if split.method == "unknown":
        yield f"Split: {split}."
        return
    yield f"The parts were divided as follows: {split}."
    if split.method in ("patient", "folds"):
        yield "Patients were divided, not radiographs: all radiographs of a patient are in the same part."
    yield from _copies((facts.data.get("pictures") or {}).get("duplicates") or {})


def _copies(found: Mapping[str, Any]) -> Iterator[str]:
    if found.get("left_out"):
        yield f"Left out of the other parts: {counted(found['left_out'], 'copy', 'copies')} of a picture."
    elif found.get("across_parts") == 0:
        yield "No picture is in more than one part under different names."
    elif found.get("across_parts"):
        yield f"Pictures in more than one part, under different names: {count(found['across_parts'])}."


def _preprocessing(facts: PaperFacts) -> Iterator[str]:
    side = (facts.about.get("preprocessing") or {}).get("size") or facts.setting("data.image_size")
    if side:
        yield f"Each radiograph was read in grey levels and resized to {side} × {side} pixels."


def _network(facts: PaperFacts) -> Iterator[str]:
    backbone = facts.about.get("backbone") or facts.setting("model.backbone")
    layers, units = facts.setting("model.num_dense_layers"), facts.setting("model.dense_neurons")
    if backbone:
        yield f"The network is a {backbone} with one output (a logit) for each label."
    if isinstance(layers, int) and units:
        each = listed([str(unit) for unit in units]) if isinstance(units, list) else f"{units}"
        yield f"Between both: {counted(layers, 'dense layer')} of {each} units."
    dropout = facts.setting("model.dropout_rate")
    if dropout:
        yield f"Dropout after each dense layer: {dropout:g}."
    yield from initial_weights(facts)


def initial_weights(facts: PaperFacts) -> Iterator[str]:
    """What the training began with."""
    model = facts.settings.get("model")
    if not isinstance(model, Mapping) or "weights" not in model:
        return
    if model["weights"] is None:
        yield "Initial weights were random."
    elif model["weights"] in PUBLISHED_WEIGHTS:
        yield f"The backbone was initialised with published weights ({model['weights']})."
    else:
        yield "The backbone was initialised with the weights of a file."


def _ensemble(facts: PaperFacts) -> Iterator[str]:
    ensemble = facts.run.summary.ensemble
    if ensemble is None:
        return
    yield f"The model is an ensemble of {len(ensemble.members)} networks, each trained by itself."
    if ensemble.folds is not None:
        yield f"They were trained on {len(ensemble.folds.each)} folds of the patients."


def _calibration(facts: PaperFacts) -> Iterator[str]:
    calibration = facts.metrics.get("calibration")
    if not calibration:
        return
    names = {"platt": "Platt scaling", "temperature": "temperature scaling", "isotonic": "isotonic regression"}
    if calibration["method"] == "none":
        yield "Probabilities were not calibrated."
        return
    yield (
        f"Probabilities were calibrated for each label by {names.get(calibration['method'], calibration['method'])}, "
        f"fitted on: {calibration['fitted_on']}."
    )
    plain = [label for label, each in calibration["labels"].items() if not each.get("calibrated", True)]
    if plain:
        yield f"Not calibrated: {listed(plain)}."
    if facts.run.summary.is_in_sample:
        yield "The metrics are of the same radiographs: those of probabilities and calls are too good."


def _thresholds(facts: PaperFacts) -> Iterator[str]:
    rules: dict[str, list[str]] = {}
    for label, each in facts.metrics["labels"].items():
        rule = (each.get("operating_point") or {}).get("rule")
        if rule and each.get("threshold") is not None:
            rules.setdefault(rule_name(rule), []).append(label)
    for rule, labels in rules.items():
        whose = "all labels" if len(labels) == len(facts.metrics["labels"]) else listed(labels)
        yield f"Threshold of {whose} by the rule: {rule}."
    fitted = (facts.metrics.get("calibration") or {}).get("fitted_on")
    if rules and fitted:
        yield f"Thresholds were chosen on: {fitted}."
    without = [label for label, each in facts.metrics["labels"].items() if each.get("threshold") is None]
    if without:
        yield f"No threshold: {listed(without)}."


def _statistics(facts: PaperFacts) -> Iterator[str]:
    metrics = facts.metrics
    scored = radiographs(metrics["images"], metrics.get("patients"))
    yield f"Metrics are of the {_part(str(metrics['part']).replace('_', '-'))}: {scored}."
    if any(each.get("roc_auc_interval") for each in metrics["labels"].values()):
        yield "95 % intervals are over patients, as radiographs of one patient are not independent."
        resamples = facts.setting("evaluation.resamples")
        if resamples and any(each.get("average_precision_interval") for each in metrics["labels"].values()):
            yield f"That of the average precision is by {resamples:,} bootstrap resamples of patients."
    few = metrics["macro"].get("few_cases") or []
    if few:
        yield f"Labels with few patients (fewer than 10 with or without the finding): {listed(few)}."
    uses = facts.run.summary.test_part_uses
    if (metrics.get("study") or {}).get("test_part_met"):
        yield f"Winners of the search were scored on the test part {'once' if uses == 1 else f'{uses} times'}."


def _subgroups(facts: PaperFacts) -> Iterator[str]:
    divided = {
        name: groups for name, groups in (facts.metrics.get("subgroups") or {}).items() if len(groups) >= _SEVERAL
    }
    if not divided:
        return
    yield f"Subgroups were compared by {listed(list(divided))}, with the same thresholds."
    compared = facts.metrics.get("gaps_compared")
    if compared:
        yield f"P values of the {count(compared)} differences were adjusted after Holm."


def _explanations(facts: PaperFacts) -> Iterator[str]:
    scored = (facts.metrics.get("localisation") or {}).get("methods")
    if facts.run.files.gallery.is_file():
        yield "Heat maps were computed of test radiographs."
    if scored:
        yield "They were scored against annotated boxes, beside baselines."


def _software(facts: PaperFacts) -> Iterator[str]:
    versions = listed([f"{name} {version}" for name, version in facts.software.items()])
    if versions:
        yield f"Software: {versions}."
    if facts.hardware:
        yield f"Trained on: {facts.hardware}."
    seed = facts.setting("seed")
    if seed is not None:
        yield f"Seed of the experiment: {seed}."
