"""External validation from a network and a collection to a folder of results; nothing is fitted."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from xraykit.config import Experiment, expand
from xraykit.evaluate.collections import Which, experiment_of, name_of
from xraykit.evaluate.planning import EvaluationSettings, Planned, plan
from xraykit.evaluate.scoring import BATCH

if TYPE_CHECKING:
    from xraykit.runs import FinishedEvaluation, FinishedRun


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
    from xraykit.data import without_patients
    from xraykit.evaluate.contamination import look_up, to_look_up, with_pictures
    from xraykit.evaluate.record import whole_record
    from xraykit.evaluate.scoring import score_pictures
    from xraykit.evaluate.tables import evaluation_table, unreadable_table, without_ids
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
        table = without_ids(table)
    metrics: dict[str, Any] = whole_record(planned, classifier, scored, table, met)
    with new_folder(planned.target) as folder:
        metrics[KEY] = write_predictions(folder.predictions, table)
        if scored.broken:
            folder.write_table(folder.path / "unreadable.csv", unreadable_table(catalog, scored))
        folder.write_metrics(metrics)
        write_evaluation(FinishedEvaluation.open(folder.path))
    return FinishedEvaluation.open(planned.target)
