"""External validation from a network and a collection to a folder of results; nothing is fitted."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from xraykit.bundle import BundleFolder
from xraykit.config import Evaluation, Experiment, expand
from xraykit.errors import DataError
from xraykit.evaluate.collections import Collected, Which, collect, experiment_of, name_of, with_further_labels
from xraykit.evaluate.matching import SharedLabels, shared_labels
from xraykit.evaluate.scoring import BATCH

if TYPE_CHECKING:
    from xraykit.bundle import Classifier, Contamination
    from xraykit.evaluate.scoring import ScoredPictures
    from xraykit.runs import FinishedEvaluation, FinishedRun, RunFolder

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True)
class EvaluationSettings:
    """How an external validation is scored.

    Attributes:
        which: ``all`` radiographs, or those of the ``test`` part of the collection's split.
        labels: Labels of the network to those of the collection, where their names differ.
        resamples: Bootstrap resamples of patients for 95 % intervals; 0 for none.
        seed: Of the resamples.
        batch_size: Pictures at a time.
        contamination: ``refuse`` or ``allow`` radiographs that the network has met in its training.
    """

    which: Which = "all"
    labels: Mapping[str, str] = field(default_factory=dict)
    resamples: int = 1000
    seed: int = 0
    batch_size: int = BATCH
    contamination: Literal["refuse", "allow"] = "refuse"


def evaluate_on(
    run: "str | Path | FinishedRun",
    data: str | Path | Mapping[str, Any] | Experiment,
    *,
    name: str | None = None,
    to: str | Path | None = None,
    part: Which = "all",
    labels: Mapping[str, str] | None = None,
    plugins: Sequence[str | Path] = (),
    resamples: int = 1000,
    seed: int = 0,
    batch_size: int = BATCH,
    contamination: Literal["refuse", "allow"] = "refuse",
) -> "FinishedEvaluation":
    """Apply a finished network to another collection without fitting anything: external validation.

    Calibration, thresholds, picture size and input check are those of the network.

    Args:
        run: A run, its folder, or a bundle; it stays as it is, but for the new folder in ``evaluations``.
        data: An experiment file or an experiment, whose section ``data`` alone matters, or the values of that section.
        name: What the collection is called; left out, the name of the file or of the data format.
        to: New folder; left out, ``RUN/evaluations/NAME``.
        part: ``all`` radiographs, or those of the ``test`` part of the collection's split.
        labels: Labels of the network to those of the collection, where their names differ.
        plugins: Modules or ``.py`` files to import, which run as code: name only those that you trust.
        resamples: Bootstrap resamples of patients for 95 % intervals; 0 for none.
        seed: Of the resamples.
        batch_size: Pictures at a time.
        contamination: ``allow`` radiographs and patients that the network was trained on; they are counted.

    Returns:
        The evaluation, whose ``metrics`` and ``predictions()`` are those of the labels in common.

    Raises:
        DataError: the collection cannot be read, or has no label in common with the network.
        ContaminationError: the network was trained on some of its patients or pictures.
        ModelError: there is no network, or it is damaged.

    Example:
        >>> run = xraykit.load_run("runs/densenet/20260101-120000")
        >>> evaluation = xraykit.evaluate_on(run, {"format": "table", "root": "/data/hospital", "labels": ["Effusion"]})
        >>> evaluation.metrics["labels"]["Effusion"]["roc_auc_interval"]
    """
    folder = expand(run) if isinstance(run, str | Path) else run.folder
    experiment = experiment_of(data, plugins=[str(each) for each in plugins])
    called = name or name_of(data if isinstance(data, str | Path) else None, experiment)
    settings = EvaluationSettings(part, labels or {}, resamples, seed, batch_size, contamination)
    planned = plan(folder, experiment, called, None if to is None else expand(to), settings)
    return carry_out(planned, plugins)


@dataclass(frozen=True)
class Planned:
    """An external validation that can begin: all arguments are checked, and no picture was opened yet.

    Attributes:
        bundle: Of the network.
        run: Its run; None if the network came without it.
        collected: The other collection.
        shared: The labels in common.
        target: The new folder.
        settings: How it is scored.
    """

    bundle: BundleFolder
    run: "FinishedRun | None"
    collected: Collected
    shared: SharedLabels
    target: Path
    settings: EvaluationSettings


def plan(network: Path, experiment: Experiment, name: str, to: Path | None, settings: EvaluationSettings) -> Planned:
    """Check what an external validation needs, before TensorFlow is imported.

    Raises:
        DataError, ModelError: see :func:`evaluate_on`.
    """
    _check_name(name)
    if settings.resamples < 0 or settings.seed < 0 or settings.batch_size < 1:
        raise DataError(
            f"Resamples and seed must be 0 or more, and the batch size 1 or more. Received: {settings.resamples}, "
            f"{settings.seed} and {settings.batch_size}."
        )
    bundle = BundleFolder.find(network)
    from xraykit.bundle import read_about
    from xraykit.runs import FinishedRun
    from xraykit.worklist import fresh_folder

    known = read_about(bundle)[1].labels
    home = _home(network, bundle)
    target = fresh_folder(to or home.evaluations / name).path
    run = FinishedRun.open(home.path) if home.metrics.is_file() else None
    collected = collect(with_further_labels(experiment, known), name, settings.which)
    return Planned(
        bundle,
        run,
        collected,
        shared_labels(known, collected.catalog.labels, settings.labels, collected.data.label_names),
        target,
        settings,
    )


def _home(network: Path, bundle: BundleFolder) -> "RunFolder":
    """The folder of the evaluations of a network: its run, or a bundle that came alone."""
    from xraykit.runs import RunFolder

    above = RunFolder(bundle.path.parent)
    belongs = above.path.resolve() == network.resolve() or above.metrics.is_file()
    return above if bundle.path.name == above.bundle.name and belongs else RunFolder(bundle.path)


def carry_out(planned: Planned, plugins: Sequence[str | Path] = ()) -> "FinishedEvaluation":
    """Run the network on the collection, and write the folder of results completely or not at all.

    Args:
        planned: From :func:`plan`.
        plugins: Modules or ``.py`` files that the network needs.

    Raises:
        DataError: no radiograph can be read, or the folder cannot be written.
        ContaminationError: the network was trained on some of the patients or pictures, and they are not allowed.
        ModelError: the network is damaged.
    """
    from xraykit.bundle import load_model
    from xraykit.data import new_salt, with_hashed_patients, without_patients
    from xraykit.evaluate.contamination import look_up, to_look_up, with_pictures
    from xraykit.evaluate.scoring import score_pictures
    from xraykit.evaluate.tables import evaluation_table, unreadable_table
    from xraykit.report import write_evaluation
    from xraykit.runs import KEY, FinishedEvaluation, write_predictions
    from xraykit.worklist import new_folder

    collected = planned.collected
    catalog = collected.catalog
    table, policy, of = catalog.table, planned.settings.contamination, f"of {collected.name}"
    images, paths, patients = (table[column].tolist() for column in ("image", "path", "patient"))
    without = without_patients(collected.data, catalog)
    radiographs = to_look_up(images, paths, patients, collected.data, without)
    look_up(planned.bundle, radiographs, policy, of)  # before hours of scoring, and pictures afterwards
    classifier = load_model(planned.bundle.path, plugins=plugins)
    scored = score_pictures(
        classifier, catalog.table["image"].tolist(), catalog.table["path"].tolist(), planned.settings.batch_size
    )
    met = look_up(planned.bundle, with_pictures(radiographs, scored.rows, scored.frequencies), policy, of)
    table = evaluation_table(catalog, collected.part, scored, classifier.decision_rule, planned.shared)
    if collected.data.patient_ids == "hash":
        table = with_hashed_patients(table, new_salt())
    metrics = _metrics(planned, classifier, scored, table, met)
    with new_folder(planned.target) as folder:
        metrics[KEY] = write_predictions(folder.predictions, table)
        if scored.broken:
            folder.write_table(folder.path / "unreadable.csv", unreadable_table(catalog, scored))
        folder.write_metrics(metrics)
        write_evaluation(FinishedEvaluation.open(folder.path))
    return FinishedEvaluation.open(planned.target)


def _metrics(
    planned: Planned, classifier: "Classifier", scored: "ScoredPictures", table: Any, met: "Contamination"
) -> dict[str, Any]:
    """The content of ``metrics.json``."""
    from xraykit.evaluate.contamination import overlap_with_run
    from xraykit.evaluate.contents import (
        NO_RUN,
        common_means,
        differences,
        external_metrics,
        internal_metrics,
    )
    from xraykit.evaluate.warnings import warnings_of

    collected, settings, rule = planned.collected, planned.settings, classifier.decision_rule
    subgroups = tuple(name for name in ("sex", "age", "view", *collected.catalog.columns, "input_check"))
    # Nothing is fitted: the name of the method is what the page says of the frozen calibration.
    methods = sorted({each.method for each in rule.calibrations.values()} - {"none"})
    calibration = methods[0] if methods else "none"
    section = Evaluation.model_validate(
        {"resamples": settings.resamples, "subgroups": subgroups, "calibration": calibration}
    )
    metrics = external_metrics(table, rule, planned.shared, section, collected.part, collected.split, settings.seed)
    shared = rule.take(list(planned.shared.pairs))
    internal = internal_metrics(planned.run, shared) if planned.run else None
    common = common_means(
        metrics, internal, table, planned.run, shared, resamples=settings.resamples, seed=settings.seed
    )
    facts = {
        "name": collected.name,
        "network": _network(planned, classifier),
        "collection": _collection(collected, scored),
        "labels": {
            "shared": dict(planned.shared.pairs),
            "only_model": list(planned.shared.only_model),
            "only_collection": list(planned.shared.only_collection),
        },
        "input_check": metrics.pop("input_check"),
        "calibration_in_the_large": metrics.pop("calibration_in_the_large"),
        "internal": internal,
        "internal_why": None if internal else NO_RUN,
        "differences": differences(metrics, internal),
        "common": common,
        "overlap": overlap_with_run(planned.bundle, planned.run, collected),
        "contamination": met.as_values(),
        "resamples": settings.resamples,
        "seed": settings.seed,
    }
    facts["warnings"] = warnings_of(facts, metrics)
    return {**metrics, "data_fingerprint": _fingerprint(collected), "evaluation": facts}


def _network(planned: Planned, classifier: "Classifier") -> dict[str, Any]:
    bundle, about = planned.bundle, classifier.about
    return {
        "run": planned.run.short_path if planned.run else _folder_name(bundle),
        "sha256": about["sha256"][bundle.model.name],
        "labels": list(classifier.labels),
        "data_fingerprint": about.get("data_fingerprint"),
        "backbone": about.get("backbone"),
        "preprocessing": dict(about["preprocessing"]),
        "xraykit": about.get("xraykit"),
        "decision_rule": classifier.decision_rule.as_values(),
    }


def _folder_name(bundle: BundleFolder) -> str:
    """What a network without its run is called: ``model`` says nothing."""
    path = bundle.path.resolve()
    return path.parent.name if path.name == "model" else path.name


def _collection(collected: Collected, scored: "ScoredPictures") -> dict[str, Any]:
    from xraykit.data import reading_facts

    catalog = collected.catalog
    return {
        "format": collected.data.format,
        "label_file": catalog.source,
        "label_file_sha256": catalog.label_file_sha256,
        "radiographs": len(catalog),
        "patients": int(catalog.table["patient"].nunique()),
        "unreadable": len(scored.broken),
        "missing_images": catalog.missing_images,
        **reading_facts(catalog),
    }


def _fingerprint(collected: Collected) -> str:
    """SHA-256 of label file and radiographs; of the labels only their annotation counts, not which are scored."""
    content = [collected.catalog.label_file_sha256, sorted(collected.catalog.table["image"])]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise DataError(
            f"{name!r} cannot be the name of a folder. Expected: letters, digits, '.', '_' and '-', at most 100, a "
            f"letter or digit first. Give another with --name."
        )
