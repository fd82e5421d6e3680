"""One network from its parts: fitted, calibrated and packed while the test part is sealed, then evaluated on it.

A run does one right after the other. Of several networks with a common test part, the second waits until the decision
rule of their ensemble is final, too.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import pandas as pd

from xraykit.bundle import BundleFolder, load_model, read_decision_rule
from xraykit.config import Experiment
from xraykit.data import SealedData, load_boxes
from xraykit.evaluation import DecisionRule
from xraykit.evaluation.predictions import with_probabilities
from xraykit.input_check import OddPictures
from xraykit.pipeline.beginning import at_first_step
from xraykit.pipeline.calibration import fit_decision_rule
from xraykit.pipeline.data import odd_training_pictures, record_contents, unseal, with_patient_ids
from xraykit.pipeline.evaluation import evaluate_test_part
from xraykit.pipeline.explanation import explain
from xraykit.pipeline.packing import pack
from xraykit.pipeline.reporting import epoch_recorder, track_results, write_data_facts, write_results
from xraykit.pipeline.tracked import track_summary
from xraykit.registry import Boxes
from xraykit.runs import KEY, RunFolder, read_frame, read_predictions, write_predictions
from xraykit.system import Deferred
from xraykit.tracking import Tracker
from xraykit.training import Fit, TrainingData, load_training_data, trainer_for


@dataclass(frozen=True, eq=False)
class _Fitted:
    """A network whose weights, calibration and thresholds are final.

    Attributes:
        model: The network.
        data: Its data; the test part is sealed.
        fit: The training.
        validation: Predictions of the validation part, without probabilities.
        rule: Calibration and operating points, from the validation part.
        boxes: See :func:`xraykit.data.load_boxes`.
        odd: Training pictures that differ from the others.
    """

    model: keras.Model
    data: TrainingData
    fit: Fit
    validation: pd.DataFrame
    rule: DecisionRule
    boxes: Boxes
    odd: Deferred[OddPictures]


def train_and_evaluate(
    experiment: Experiment,
    data: SealedData,
    folder: RunFolder,
    tracker: Tracker,
    before_unsealing: Callable[[], dict[str, Any]] = dict,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    *,
    pages: bool = True,
) -> dict[str, Any]:
    """Every step of a run without a search, in order; a training whose checkpoints are in ``folder`` continues.

    Args:
        experiment: Its search section is not read.
        data: With a sealed test part.
        folder: The run.
        tracker: Receives metrics and files besides the run folder.
        before_unsealing: Called before the test part is unsealed; its result is added to ``metrics.json``.
        callbacks: See :func:`xraykit.run_experiment`.
        pages: Whether plots, worklist and report are written; a member of an ensemble has none.

    Returns:
        The content of ``metrics.json``.

    Raises:
        XraykitError: data, model, training or disk failed; the message says what to do.
    """
    fitted = _fit(experiment, data, folder, tracker, callbacks)
    return _evaluate(experiment, data, fitted, folder, tracker, before_unsealing(), pages=pages)


def train_sealed(
    experiment: Experiment,
    data: SealedData,
    folder: RunFolder,
    tracker: Tracker,
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> None:
    """The steps of :func:`train_and_evaluate` before the test part is unsealed; :func:`evaluate_trained` does the rest.

    The folder then contains bundle, history and the predictions of the validation part, ``validation.csv``, and its
    record says so under ``trained``.
    """
    fitted = _fit(experiment, data, folder, tracker, callbacks)
    table = with_patient_ids(experiment, fitted.validation, folder)
    written = write_predictions(folder.validation, table)
    trained = {"epoch": fitted.fit.best_epoch, "roc_auc": fitted.fit.score, KEY: written}
    folder.write_record({"trained": trained})


def evaluate_trained(experiment: Experiment, data: SealedData, folder: RunFolder, tracker: Tracker) -> dict[str, Any]:
    """The steps after :func:`train_sealed`: unseal the test part, evaluate the network on it and write the results.

    Returns:
        The content of ``metrics.json``.

    Raises:
        XraykitError: data, bundle or disk failed; the message says what to do.
    """
    trained = folder.read_record()["trained"]
    history = read_frame(folder.history, ("stage",))
    rows = [{str(name): value for name, value in row.items()} for row in history.to_dict("records")]
    training_data = load_training_data(experiment, data.parts)
    fitted = _Fitted(
        load_model(folder.path, plugins=experiment.plugins).model,
        training_data,
        Fit(rows, trained["epoch"], trained["roc_auc"]),
        _with_ids_of(data, sealed_predictions(folder)),
        read_decision_rule(BundleFolder(folder.bundle), listed=True),
        load_boxes(experiment.data),
        Deferred(lambda: odd_training_pictures(training_data), "xraykit-odd-pictures"),
    )
    return _evaluate(experiment, data, fitted, folder, tracker, {}, pages=False)


def sealed_predictions(folder: RunFolder) -> pd.DataFrame:
    """The predictions of the validation part that :func:`train_sealed` wrote, without probabilities.

    Raises:
        DataError: the file is damaged or is not the one that was written.
    """
    return read_predictions(folder.validation, folder.read_record()["trained"])


def _with_ids_of(data: SealedData, predictions: pd.DataFrame) -> pd.DataFrame:
    """With the patients' ids of the data; with ``data.patient_ids: hash`` the table has hashes of them."""
    division = data.parts.division
    ids = dict(zip(division["image"], division["patient"], strict=True))
    return predictions.assign(patient=predictions["image"].map(ids))


def _fit(
    experiment: Experiment,
    data: SealedData,
    folder: RunFolder,
    tracker: Tracker,
    callbacks: Sequence[keras.callbacks.Callback],
) -> _Fitted:
    # A wrong row of boxes or a wrong backbone is reported before hours of decoding and days of training.
    boxes = load_boxes(experiment.data)
    trainer = trainer_for(experiment, parts=data.parts)
    model = trainer.build()
    training_data = trainer.load()
    record_contents(training_data, folder)
    odd = Deferred(lambda: odd_training_pictures(training_data), "xraykit-odd-pictures")
    watched = at_first_step(trainer, tracker.begin, odd.begin)
    fit = trainer.fit(model, training_data, folder.checkpoints, epoch_recorder(folder, tracker), [*watched, *callbacks])
    folder.write_record({"training_devices": {"devices": fit.devices, "processes": fit.processes}})
    validation = trainer.predict(model, training_data, "validation")
    rule = fit_decision_rule(experiment, validation, training_data)
    pack(experiment, model, training_data, rule, folder)
    return _Fitted(model, training_data, fit, validation, rule, boxes, odd)


def _evaluate(
    experiment: Experiment,
    data: SealedData,
    fitted: _Fitted,
    folder: RunFolder,
    tracker: Tracker,
    facts: Mapping[str, Any],
    *,
    pages: bool,
) -> dict[str, Any]:
    # The only place where the test part is unsealed: weights, calibration and thresholds are final from here on.
    opened = unseal(experiment, data, folder)
    test = trainer_for(experiment, parts=data.parts).predict(fitted.model, opened, "test")
    predictions = with_probabilities(pd.concat([fitted.validation, test], ignore_index=True), fitted.rule)
    predictions = with_patient_ids(experiment, predictions, folder)
    metrics = {**evaluate_test_part(experiment, predictions, fitted.rule, opened, fitted.fit), **facts}
    metrics |= explain(experiment, fitted.model, opened, predictions, fitted.rule, fitted.boxes, folder)

    write_data_facts(folder, opened, fitted.odd.result())
    metrics = write_results(experiment, opened, predictions, fitted.rule, fitted.fit, metrics, folder, pages=pages)
    track_results(tracker, folder, metrics)
    track_summary(tracker, experiment, folder, metrics, renamed=pages)
    return metrics
