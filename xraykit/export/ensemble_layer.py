"""The mean of an ensemble's calibrated logits inside an exported network."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from xraykit.evaluation import LEAST_PROBABILITY, Calibration, DecisionRule, alike_rules, trained_labels


class CalibratedMean(keras.layers.Layer):
    """From the members' logits ``(B, m, L)`` to those of the ensemble ``(B, L)``.

    It computes what :func:`xraykit.evaluation.combined_logits` does, in float32.

    Args:
        rules: Decision rule of each of the ``m`` members.
    """

    def __init__(self, rules: Sequence[DecisionRule]) -> None:
        super().__init__(dtype="float32", name="mean_of_calibrated_logits", trainable=False)
        trained = trained_labels(rules)
        counted = np.where(trained.any(axis=0), trained, True).astype(np.float32)
        self._share = counted / counted.sum(axis=0)
        table = [list(rule.calibrations.values()) for rule in alike_rules(rules)]
        self._slope = np.array([[each.slope for each in row] for row in table], np.float32)
        self._intercept = np.array([[each.intercept for each in row] for row in table], np.float32)
        self._stepped = np.array([[bool(each.knots) for each in row] for row in table], np.float32)
        self._steps = _Steps(table) if self._stepped.any() else None

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Nothing to build: the calibrations are constants."""
        self.built = True

    def call(self, logits: Any) -> Any:
        """See the class."""
        calibrated = logits * self._slope + self._intercept
        if self._steps is not None:
            calibrated = calibrated * (1 - self._stepped) + self._steps.logits(logits) * self._stepped
        return ops.sum(calibrated * self._share, axis=1)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Without the members' axis."""
        return input_shape[0], input_shape[2]


class _Steps:
    """Isotonic calibrations ``(m, L)`` of up to K pieces; those with fewer have pieces of height 0."""

    def __init__(self, table: Sequence[Sequence[Calibration]]) -> None:
        pieces = max(len(each.knots) for row in table for each in row)
        shape = len(table), len(table[0]), max(pieces - 1, 1)
        self._first = np.full(shape[:2], 0.5, np.float32)
        self._start, self._rise = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
        self._width = np.ones(shape, np.float32)
        for m, row in enumerate(table):
            for at, each in enumerate(row):
                if not each.knots:
                    continue
                count = len(each.knots) - 1
                self._first[m, at] = each.heights[0]
                self._start[m, at, :count] = each.knots[:-1]
                self._rise[m, at, :count] = np.diff(each.heights)
                # Two knots may be closer than float32 resolves: a step.
                self._width[m, at, :count] = np.maximum(np.diff(each.knots), np.finfo(np.float32).tiny)

    def logits(self, x: Any) -> Any:
        """Logits of the calibrated probabilities of ``(B, m, L)``: the same shape."""
        along = ops.clip((ops.expand_dims(x, -1) - self._start) / self._width, 0.0, 1.0)
        p = self._first + ops.sum(along * self._rise, axis=-1)
        p = ops.clip(p, LEAST_PROBABILITY, 1 - LEAST_PROBABILITY)
        return ops.log(p) - ops.log1p(-p)
