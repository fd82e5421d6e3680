"""A linear probe: what the features of a trained backbone, as they are, already contain about the labels."""

import logging
import time
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import final

import keras
import numpy as np

from xraykit.data import Sampling
from xraykit.evaluation import label_roc_aucs, macro, masked_targets
from xraykit.model import class_weights
from xraykit.training.stages import Fit, OnEpoch, Stage
from xraykit.training.template import Trainer
from xraykit.training.trainee import logits_of
from xraykit.training.training_data import TrainingData, check_trainable

logger = logging.getLogger(__name__)

STRENGTHS = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0)
"""Inverse strengths of the L2 penalty that are tried, the strongest penalty first (``C`` of scikit-learn)."""

_ITERATIONS = 2000


@final
class LinearProbeTrainer(Trainer):
    """A logistic regression for each label on pooled features of the frozen backbone.

    Features are computed once, from pictures without augmentation, and standardised by the training part. The strength
    of the penalty, one for all labels, is the one with the best macro ROC AUC on the validation part. The result is
    the dense layer of the network, which is then like any other. It takes minutes and has no checkpoints: a run that
    was interrupted computes it again, with the same result.
    """

    def stages(self) -> tuple[Stage, ...]:
        """None: there are no epochs."""
        return ()

    def fit(
        self,
        model: keras.Model,
        data: TrainingData,
        checkpoints: Path | None,
        on_epoch: OnEpoch,
        callbacks: Sequence[keras.callbacks.Callback] = (),
    ) -> Fit:
        """One row of the history for each strength, as ``epoch`` 1, 2, ...; there is no ``learning_rate``."""
        if callbacks:
            logger.warning("A linear probe has no epochs: its %d callbacks are not called.", len(callbacks))
        choosing = ~data.held_out(self.experiment.training.held_out_share, self.experiment.split_seed)
        check_trainable(data.parts, choosing)
        train = data.parts.catalog_of("train")
        targets = train.training_targets()
        known = masked_targets(targets, data.parts.labels, data.untrained)
        validation = masked_targets(
            data.parts.catalog_of("validation").targets()[choosing], data.parts.labels, data.untrained
        )
        sampling = Sampling.of(train, self.experiment.training.sampling)
        times = np.ones(len(targets)) if sampling is None else np.asarray(sampling.times(), float)
        loss = self._loss(targets, sampling)
        features, seen = self._features(model, data, "train"), self._features(model, data, "validation", choosing)
        rows, kept = [], (-np.inf, 0, (np.zeros(0), np.zeros(0)))
        started = time.monotonic()
        for number, (strength, kernel, bias) in enumerate(self._probes(features, known, times), start=1):
            logits = seen @ kernel + bias
            by_label = label_roc_aucs(validation, logits)
            score = macro(by_label)
            row = {
                "epoch": number,
                "stage": "linear_probe",
                "loss": _mean(loss, targets, features @ kernel + bias),
                "val_loss": _mean(loss, validation, logits),
                "val_roc_auc": score,
                "val_worst_label_roc_auc": min(each for each in by_label if each is not None),
                "learning_rate": float("nan"),
                "seconds": time.monotonic() - started,
                "inverse_penalty": strength,
            }
            rows.append(row)
            on_epoch(row)
            logger.info("Linear probe, inverse penalty %g: validation macro ROC AUC %.4f.", strength, score)
            if score is not None and score > kept[0]:
                kept = (score, number, (kernel, bias))
            started = time.monotonic()
        score, best, weights = kept
        model.get_layer("logits").set_weights([each.astype(np.float32) for each in weights])
        return Fit(rows, best, score)

    def _features(
        self, model: keras.Model, data: TrainingData, part: str, rows: np.ndarray | None = None
    ) -> np.ndarray:
        """Pooled features ``(n, C)`` float64 of a part, or of some of its rows, in order."""
        pooled = keras.Model(model.input, model.get_layer("pooling").output, name=f"{model.name}_features")
        batches = data.batches(part, self.experiment.evaluation.batch_size, rows=rows)
        return logits_of(pooled, batches, self.experiment.training.xla).astype(np.float64)

    def _probes(
        self, features: np.ndarray, targets: np.ndarray, times: np.ndarray
    ) -> Iterator[tuple[float, np.ndarray, np.ndarray]]:
        """For each strength: the strength, kernel ``(C, L)`` and bias ``(L,)`` for features that are not standardised.

        Args:
            features: ``(n, C)`` of the training part.
            targets: ``(n, L)``: 1, 0, between them (soft), or NaN = unknown; a label without known ones gets zeros.
            times: ``(n,)`` how often each radiograph counts.
        """
        mean, deviation = features.mean(axis=0), features.std(axis=0)
        deviation = np.where(deviation > 1e-6, deviation, 1.0)
        standardised = (features - mean) / deviation
        weighted = self.experiment.training.has_class_weights
        equal = np.ones(targets.shape[1])
        positive, negative = class_weights(targets, times) if weighted else (equal, equal)
        probes = [
            _Probe(standardised, targets[:, label], times, float(positive[label]), float(negative[label]))
            for label in range(targets.shape[1])
        ]
        for strength in STRENGTHS:
            fitted = [probe.fitted(strength) for probe in probes]
            kernel = np.stack([coefficients for coefficients, _ in fitted], axis=1) / deviation[:, None]
            bias = np.array([intercept for _, intercept in fitted]) - mean @ kernel
            yield strength, kernel, bias


class _Probe:
    """The logistic regression of one label, from one strength to the next.

    A soft target of 0.7 counts as a positive of weight 0.7 and a negative of weight 0.3. Weights have mean 1 over the
    known radiographs, so that a strength means the same for all labels.
    """

    def __init__(
        self, features: np.ndarray, targets: np.ndarray, times: np.ndarray, positive: float, negative: float
    ) -> None:
        from sklearn.linear_model import LogisticRegression

        known = np.flatnonzero(~np.isnan(targets))
        values = targets[known].astype(float)
        weights = np.concatenate([times[known] * values * positive, times[known] * (1 - values) * negative])
        counted = weights > 0
        self._rows = np.concatenate([known, known])[counted]
        self._classes = np.repeat([1, 0], len(known))[counted]
        self._weights = weights[counted] * (len(known) / weights.sum()) if counted.any() else weights[counted]
        self._features = features
        self._regression = LogisticRegression(max_iter=_ITERATIONS, warm_start=True)

    def fitted(self, strength: float) -> tuple[np.ndarray, float]:
        """Coefficients ``(C,)`` and intercept; zeros where not both classes are known."""
        if len(np.unique(self._classes)) < 2:
            return np.zeros(self._features.shape[1]), 0.0
        with warnings.catch_warnings():
            # The weakest penalties need not be fitted to the last digit: the validation part rejects them.
            warnings.simplefilter("ignore")
            self._regression.set_params(C=strength)
            self._regression.fit(self._features[self._rows], self._classes, sample_weight=self._weights)
        return self._regression.coef_[0], float(self._regression.intercept_[0])


def _mean(loss: keras.losses.Loss, targets: np.ndarray, logits: np.ndarray) -> float:
    return float(loss(targets.astype(np.float32), logits.astype(np.float32)))
