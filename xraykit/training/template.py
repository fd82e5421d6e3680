"""The template of a training: the one way from an experiment to a run folder full of results."""

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, final

import keras
import numpy as np
import pandas as pd

from xraykit.bundle import write_bundle
from xraykit.config import Experiment
from xraykit.data import Parts
from xraykit.evaluation import DecisionRule, masked_targets
from xraykit.evaluation.predictions import (
    Terms,
    assess,
    cross_fitting_figures,
    data_facts,
    of_part,
    prediction_table,
    shortcuts,
    with_probabilities,
)
from xraykit.explain import GradCam, random_twin, saliency_methods
from xraykit.input_check import Screen
from xraykit.input_check.training_pictures import describe_odd_pictures
from xraykit.model import backend
from xraykit.model.build import build_model
from xraykit.model.losses import WeightedBinaryCrossentropy, class_weights
from xraykit.report import draw_radiographs, write_report
from xraykit.runs.folder import RunFolder
from xraykit.runs.identity import check_same, training_identity
from xraykit.runs.predictions import KEY, read_frame, write_predictions
from xraykit.system.counting import counted
from xraykit.tracking import NoTracker, Tracker
from xraykit.training.checkpoints import read_checkpoint
from xraykit.training.fitting import Fit, Fitting, Stage
from xraykit.training.heat_maps import ScoringTerms, score_looks, show_looks
from xraykit.training.trainee import logits_of
from xraykit.training.training_data import Material, check_trainable, load_boxes, load_material
from xraykit.worklist import write_worklist

logger = logging.getLogger(__name__)

# Training pictures that the screen is fitted on; more would tell it nothing new.
_SCREENED = 2000

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

        The test part stays sealed until the training has ended and calibration and operating points are settled.

        Returns:
            The figures of ``metrics.json``.

        Raises:
            XraykitError: data, model, training or disk are not as they must be; the message says what to do.
        """
        # What is wrong with a backbone or a row of boxes is reported before an hour of decoding and days of training.
        load_boxes(self.experiment)
        model = self.build()
        material = self.load_data(sealed_test=True)
        odd = material.odd_pictures()
        if findings := describe_odd_pictures(odd):
            logger.warning("%s", findings)
        fit = self.fit(model, material, folder.checkpoints, self._keep_history(folder))
        validation = self.predict(model, material, "validation")
        decision_rule = self.fit_decision_rule(validation, material)
        said = self._before_test()
        material = self._unsealed(material, folder)
        unread = pd.concat([validation, self.predict(model, material, "test")], ignore_index=True)
        predictions = with_probabilities(unread, decision_rule)
        metrics = {**self.evaluate(predictions, decision_rule, material, fit), **said}
        metrics |= self.explain(model, material, predictions, decision_rule, folder)
        self.pack(model, material, decision_rule, folder)
        pictures = {"duplicates": material.duplicates.as_values(), "odd_training_pictures": odd.as_values()}
        folder.write_json(folder.data, {**data_facts(material.parts), "pictures": pictures})
        self.report(material, predictions, decision_rule, fit, metrics, folder)
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

    def _unsealed(self, sealed: Material, folder: RunFolder) -> Material:
        """The same data with the test part's labels, which are read only now: they must not have changed since."""
        material = self.load_data(sealed_test=False)
        check_same(sealed.parts.identity, material.parts.identity, f"What was trained in {folder.path}")
        return material

    def identity(self, parts: Parts) -> dict[str, Any]:
        """What its checkpoints belong to, JSON-able."""
        return {**training_identity(self.experiment, parts), "backend": keras.backend.backend()}

    def build(self) -> keras.Model:
        """The network, with seeded initial weights."""
        backend.prepare(self.experiment.training, self.experiment.seed)
        return build_model(self.experiment)

    def fit(self, model: keras.Model, material: Material, checkpoints: Path | None, on_epoch: OnEpoch) -> Fit:
        """Fit all stages; the model ends with the weights of the best epoch on the validation part."""
        training, batch_size = self.experiment.training, self.experiment.evaluation.batch_size
        validation = material.parts.catalog_of("validation")
        choosing = ~self._held_out(material)
        check_trainable(material.parts, choosing)
        fitting = Fitting(
            training,
            model,
            self._loss(material.parts.catalog_of("train").targets()),
            material.batches("train", training.batch_size, self.experiment.seed),
            material.batches("validation", batch_size, rows=choosing),
            # Untrained outputs are noise, in which no epoch is better than another.
            masked_targets(validation.targets()[choosing], material.parts.labels, material.untrained),
            checkpoints,
            on_epoch,
            self.identity(material.parts),
        )
        return fitting.run(self.stages())

    def predict(self, model: keras.Model, material: Material, part: str) -> pd.DataFrame:
        """The table of predictions of one part, not yet read."""
        batches = material.batches(part, self.experiment.evaluation.batch_size)
        return prediction_table(
            material.parts.catalog_of(part), part, logits_of(model, batches, self.experiment.training.xla)
        )

    def fit_decision_rule(self, validation: pd.DataFrame, material: Material) -> DecisionRule:
        """Calibration and operating points, settled on the validation part, or on what of it chose nothing."""
        settings, labels = self.experiment.evaluation, material.parts.labels
        targets, logits, patients = self._fitted_on(validation, material)
        held_out = self.experiment.training.held_out_share > 0
        part = "patients of the validation part that had no say in any choice" if held_out else "validation part"
        return DecisionRule.fit(
            targets,
            logits,
            labels,
            method=settings.calibration,
            rules={label: settings.rule_of(label) for label in labels},
            fitted_on=f"{part}, {counted(len(targets), 'radiograph')} of {counted(len(set(patients)), 'patient')}",
            patients=patients,
            min_patients=settings.min_positive_patients,
            untrained=material.untrained,
        )

    def _held_out(self, material: Material) -> np.ndarray:
        return material.held_out(self.experiment.training.held_out_share, self.experiment.split_seed)

    def _fitted_on(self, predictions: pd.DataFrame, material: Material) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Targets, logits and patients of the radiographs that calibration and thresholds are fitted on."""
        held_out = self._held_out(material)
        rows = held_out if held_out.any() else ~held_out
        targets, logits, patients = of_part(predictions, "validation", material.parts.labels)
        return targets[rows], logits[rows], patients[rows]

    def _in_sample(
        self, predictions: pd.DataFrame, decision_rule: DecisionRule, material: Material
    ) -> dict[str, Any] | None:
        settings = self.experiment.evaluation
        if not settings.cross_fitting:
            return None
        fitted_on, method = self._fitted_on(predictions, material), settings.calibration
        return cross_fitting_figures(*fitted_on, decision_rule, method, settings.cross_fitting, self.experiment.seed)

    def evaluate(
        self, predictions: pd.DataFrame, decision_rule: DecisionRule, material: Material, fit: Fit
    ) -> dict[str, Any]:
        """Figures of the test part, read as was settled on the validation part."""
        parts = material.parts
        terms = Terms.of(self.experiment, parts.split)
        train = parts.catalog_of("train")
        return {
            **assess(predictions, decision_rule, terms),
            "shortcuts": shortcuts(train, predictions, decision_rule, terms),
            "cross_fitting": self._in_sample(predictions, decision_rule, material),
            "validation": {
                "roc_auc": fit.score,
                "epoch": fit.best_epoch,
                "epochs": len(fit.history),
                "held_out_share": self.experiment.training.held_out_share,
            },
            "data_fingerprint": parts.fingerprint,
            "fingerprints": {"label_file": train.label_file_sha256, "image_list": parts.image_list_sha256},
        }

    def explain(
        self,
        model: keras.Model,
        material: Material,
        predictions: pd.DataFrame,
        decision_rule: DecisionRule,
        folder: RunFolder,
    ) -> dict[str, Any]:
        """Heat maps over test radiographs, and how well they meet the boxes that come with the data."""
        settings, unscored = self.experiment.explain, "explain.scored is 0: heat maps were not scored."
        if not settings.per_kind and not settings.scored:
            return {"localisation": None, "localisation_why": unscored}
        methods, boxes = saliency_methods(model), load_boxes(self.experiment)
        show_looks(methods, material, predictions, decision_rule, boxes, folder.gradcam, settings)
        if not settings.scored:
            return {"localisation": None, "localisation_why": unscored}
        twin = GradCam(random_twin(model, self.experiment.seed))
        terms = ScoringTerms(settings.scored, self.experiment.evaluation.resamples, self.experiment.seed)
        return score_looks(methods, twin, material, boxes, terms)

    def pack(self, model: keras.Model, material: Material, decision_rule: DecisionRule, folder: RunFolder) -> None:
        """Write the model with all that belongs to it."""
        train = material.parts.catalog_of("train").table["image"].tolist()
        random = np.random.Generator(np.random.Philox(self.experiment.seed))
        sample = random.permutation(len(train))[:_SCREENED]
        screen = Screen.fit(material.pictures("train", [train[row] for row in np.sort(sample)]))
        write_bundle(folder, model, self.experiment, decision_rule, screen, material.parts)

    def report(
        self,
        material: Material,
        predictions: pd.DataFrame,
        decision_rule: DecisionRule,
        fit: Fit,
        metrics: dict[str, Any],
        folder: RunFolder,
    ) -> None:
        """Write tables, figures, worklist and report, hand all to the tracker, and mark the run as finished."""
        history = pd.DataFrame(fit.history)
        metrics[KEY] = write_predictions(folder.predictions, predictions)
        folder.write_table(folder.history, history)
        draw_radiographs(material.parts, material.pictures, folder.figures, self.experiment.seed)
        write_worklist(folder, predictions, decision_rule, material.pictures, split=str(material.parts.split))
        folder.write_json(folder.metrics, metrics)
        write_report(folder)
        self.tracker.log_metrics(_flat(metrics))
        for path, place in folder.artifacts():
            self.tracker.log_file(path, place)
        self.tracker.log_model(folder.bundle)

    def _keep_history(self, folder: RunFolder) -> OnEpoch:
        rows: list[Mapping[Any, Any]] = []
        if folder.history.is_file():
            rows += read_frame(folder.history, ("stage",)).to_dict("records")

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
    named = {name: metrics[name] for name in ("macro", "macro_enough_cases")} | metrics["labels"]
    flat = {
        f"{metrics['part']}/{label}/{name}": value
        for label, figures in named.items()
        for name, value in figures.items()
        if value is None or (isinstance(value, int | float) and not isinstance(value, bool))
    }
    return {**flat, "validation/macro/roc_auc": metrics["validation"]["roc_auc"]}
