"""The template of a training: the one way from an experiment to a run folder full of results."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, final

import keras
import numpy as np
import pandas as pd

from xraykit import backend
from xraykit.bundle import probabilities_of, write_bundle
from xraykit.config import Experiment
from xraykit.data import Parts
from xraykit.evaluation import evaluate, operating_points
from xraykit.explain import GradCam
from xraykit.losses import WeightedBinaryCrossentropy, class_weights
from xraykit.model import build_model
from xraykit.report import choose_looks, draw_gallery, draw_results
from xraykit.run_folder import RunFolder
from xraykit.tracking import NoTracker, Tracker
from xraykit.trainer.checkpoints import read_checkpoint
from xraykit.trainer.fitting import Fit, Fitting, Stage
from xraykit.trainer.material import Material, load_boxes, load_material
from xraykit.trainer.predictions import of_part, prediction_table
from xraykit.trainer.trainee import logits_of

OnEpoch = Callable[[dict[str, Any]], None]


class Trainer(ABC):
    """Trains, evaluates and explains one experiment.

    Subclasses say only in which stages the network is trained; everything else is the same for all of them.

    Args:
        experiment: What to do; its search section is not looked at.
        tracker: Where parameters and metrics go besides the run folder.
        parts: The experiment's parts with a sealed test part, if they were loaded before.
        before_test: Called before the test part is unsealed; what it returns stands in ``metrics.json`` too.
    """

    def __init__(
        self,
        experiment: Experiment,
        tracker: Tracker | None = None,
        *,
        parts: Parts | None = None,
        before_test: Callable[[], dict[str, Any]] = dict,
    ) -> None:
        self.experiment = experiment
        self.tracker = tracker or NoTracker()
        self._parts = parts
        self._before_test = before_test

    @abstractmethod
    def stages(self) -> tuple[Stage, ...]:
        """The stages of the training, in order."""

    @final
    def run(self, folder: RunFolder) -> dict[str, Any]:
        """Train, evaluate, explain and pack; continue a training whose checkpoints are in ``folder``.

        The test part stays sealed until the training has ended.

        Returns:
            The figures of ``metrics.json``.

        Raises:
            XraykitError: data, model, training or disk are not as they must be; the message says what to do.
        """
        material = self.load_data(sealed_test=True)
        model = self.build()
        fit = self.fit(model, material, folder.checkpoints, self._keep_history(folder))
        said = self._before_test()
        material = self.load_data(sealed_test=False)
        predictions = self.predict(model, material)
        metrics = {**self.evaluate(predictions, material, fit), **said}
        self.explain(model, material, predictions, folder)
        self.pack(model, material, predictions, metrics, folder)
        self.report(material, predictions, fit, metrics, folder)
        return metrics

    @final
    def validation_scores(self, on_epoch: OnEpoch, checkpoints: Path | None = None) -> dict[str, float]:
        """Train and score on the validation part alone, as a trial of a search does.

        Args:
            on_epoch: Is given the row of each epoch, those before a checkpoint too; what it raises ends the training.
            checkpoints: Where this training leaves its checkpoints, and goes on from one that is there.

        Returns:
            Of the best epoch: ``macro_roc_auc``, ``worst_label_roc_auc``, ``loss``; and ``parameters``, the number of
            the network's weights.
        """

        def keep(row: dict[str, Any]) -> None:
            self._track(row)
            on_epoch(row)

        for row in _rows_so_far(checkpoints):
            keep(row)
        material = self.load_data(sealed_test=True)
        model = self.build()
        fit = self.fit(model, material, checkpoints, keep)
        best = fit.history[fit.best_epoch - 1]
        return {
            "macro_roc_auc": fit.score,
            "worst_label_roc_auc": best["val_worst_label_roc_auc"],
            "loss": best["val_loss"],
            "parameters": model.count_params(),
        }

    def load_data(self, *, sealed_test: bool) -> Material:
        """Parts by patient and their pictures; the test part's labels only if it is not sealed."""
        return load_material(self.experiment, self._parts if sealed_test else None, sealed_test=sealed_test)

    def build(self) -> keras.Model:
        """The network, with seeded initial weights."""
        backend.prepare(self.experiment.training, self.experiment.seed)
        return build_model(self.experiment)

    def fit(self, model: keras.Model, material: Material, checkpoints: Path | None, on_epoch: OnEpoch) -> Fit:
        """Fit all stages; the model ends with the weights of the best epoch on the validation part."""
        training, batch_size = self.experiment.training, self.experiment.evaluation.batch_size
        fitting = Fitting(
            training,
            model,
            self._loss(material.parts.catalog_of("train").targets()),
            material.batches("train", training.batch_size, self.experiment.seed),
            material.batches("validation", batch_size),
            material.parts.catalog_of("validation").targets(),
            checkpoints,
            on_epoch,
        )
        return fitting.run(self.stages())

    def predict(self, model: keras.Model, material: Material) -> pd.DataFrame:
        """The table of predictions of the validation and test parts."""
        tables = []
        for part in ("validation", "test"):
            batches = material.batches(part, self.experiment.evaluation.batch_size)
            logits = logits_of(model, batches, self.experiment.training.xla)
            tables.append(prediction_table(material.parts.catalog_of(part), part, probabilities_of(logits)))
        return pd.concat(tables, ignore_index=True)

    def evaluate(self, predictions: pd.DataFrame, material: Material, fit: Fit) -> dict[str, Any]:
        """Figures of the test part, at operating points chosen on the validation part."""
        labels = material.parts.labels
        targets, probabilities, _ = of_part(predictions, "validation", labels)
        thresholds = operating_points(targets, probabilities, labels)
        metrics = evaluate(
            *of_part(predictions, "test", labels),
            labels,
            thresholds,
            part="test",
            split=material.parts.description,
            resamples=self.experiment.evaluation.resamples,
            seed=self.experiment.seed,
        )
        best = {"roc_auc": fit.score, "epoch": fit.best_epoch, "epochs": len(fit.history)}
        return {**metrics, "validation": best, "data_fingerprint": material.parts.fingerprint}

    def explain(self, model: keras.Model, material: Material, predictions: pd.DataFrame, folder: RunFolder) -> None:
        """Grad-CAM overlays of test radiographs for the strongest findings of each."""
        settings, labels = self.experiment.explain, material.parts.labels
        looks = choose_looks(predictions, labels, settings.radiographs, settings.findings, self.experiment.seed)
        if looks:
            pictures = material.pictures("test", [look.image for look in looks])
            maps = GradCam(model).heat_maps(pictures, [labels.index(look.label) for look in looks])
            split, boxes = material.parts.description, load_boxes(self.experiment)
            draw_gallery(looks, pictures, maps, boxes, folder.gradcam, opacity=settings.opacity, split=split)

    def pack(
        self,
        model: keras.Model,
        material: Material,
        predictions: pd.DataFrame,
        metrics: dict[str, Any],
        folder: RunFolder,
    ) -> None:
        """Write model and predictions."""
        thresholds = {label: figures["threshold"] for label, figures in metrics["labels"].items()}
        write_bundle(folder, model, self.experiment, thresholds, material.parts)
        folder.write_table(folder.predictions, predictions)

    def report(
        self, material: Material, predictions: pd.DataFrame, fit: Fit, metrics: dict[str, Any], folder: RunFolder
    ) -> None:
        """Draw the figures, hand everything to the tracker, and write the metrics last of all."""
        history = pd.DataFrame(fit.history)
        draw_results(material.parts, material.pictures, predictions, history, folder.figures, self.experiment.seed)
        folder.write_table(folder.history, history)
        # Last: a run folder with metrics.json is a finished one.
        folder.write_json(folder.metrics, metrics)
        self.tracker.log_metrics(_flat(metrics))
        for path, place in folder.artifacts():
            self.tracker.log_file(path, place)

    def _keep_history(self, folder: RunFolder) -> OnEpoch:
        rows: list[Mapping[Any, Any]] = []
        if folder.history.is_file():
            rows += pd.read_csv(folder.history).to_dict("records")

        def keep(row: dict[str, Any]) -> None:
            rows[row["epoch"] - 1 :] = [row]
            folder.write_table(folder.history, rows)
            self._track(row)

        return keep

    def _track(self, row: dict[str, Any]) -> None:
        numbers = {name: value for name, value in row.items() if name not in {"epoch", "stage"}}
        self.tracker.log_metrics(numbers, step=row["epoch"])

    def _loss(self, targets: np.ndarray) -> keras.losses.Loss:
        if self.experiment.training.weighted_loss:
            return WeightedBinaryCrossentropy(*class_weights(targets))
        equal = np.full(targets.shape[1], 0.5)
        return WeightedBinaryCrossentropy(equal, equal)


def _rows_so_far(checkpoints: Path | None) -> list[dict[str, Any]]:
    """The epochs of a training whose process was killed, out of its checkpoint."""
    saved = read_checkpoint(checkpoints) if checkpoints else None
    return list(saved.state["history"]) if saved else []


def _flat(metrics: Mapping[str, Any]) -> dict[str, float | None]:
    """Figures as the tracker names them: ``test/macro/roc_auc``, ``test/Mass/roc_auc``."""
    named = {"macro": metrics["macro"], **metrics["labels"]}
    flat = {
        f"{metrics['part']}/{label}/{name}": value
        for label, figures in named.items()
        for name, value in figures.items()
        if value is None or isinstance(value, int | float)
    }
    return {**flat, "validation/macro/roc_auc": metrics["validation"]["roc_auc"]}
