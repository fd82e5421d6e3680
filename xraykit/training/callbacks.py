"""The callbacks of a training: order of the batches, validation, best epoch, history and progress."""

import logging
import math
import sys
import time
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from tqdm import tqdm

from xraykit.data import Batches
from xraykit.errors import NonFiniteLossError
from xraykit.evaluation import label_roc_aucs, macro
from xraykit.model.backend import DeviceGroup
from xraykit.system import is_terminal, progress_bar

logger = logging.getLogger(__name__)

SCORE = "val_roc_auc"


class StopOnNonFiniteLoss(keras.callbacks.Callback):
    """Stops the training with an error soon after the loss became NaN or infinite, and before an epoch is scored.

    The loss is a mean over the epoch so far, which remains NaN. It is read in another thread (see
    :class:`.BatchEnds`), so that no step waits for the loss of the one before.

    Attributes:
        async_safe: The end of a batch may be handled in another thread.
    """

    async_safe = True

    def __init__(self) -> None:
        super().__init__()
        self._bad: tuple[int, float] | None = None

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Note the learning rates of the batches to come; while an epoch runs, they cannot be read everywhere."""
        self._rates = rates_of(self.model.optimizer)

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Stop if the loss of an earlier batch was not finite."""
        self._check()

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Note the first batch whose loss is not finite."""
        loss = float((logs or {})["loss"])
        if self._bad is None and not math.isfinite(loss):
            self._bad = batch, loss

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Check the whole epoch."""
        self._check()

    def _check(self) -> None:
        if self._bad is not None:
            batch, loss = self._bad
            raise NonFiniteLossError(
                f"The training loss became {loss} in batch {batch + 1}. Expected: a finite number. The usual cause is "
                f"a learning rate that is too high (it was {self._rates(batch):g}): lower training.learning_rate, set "
                f"training.clip_norm, or use float32 if training.precision is mixed_float16."
            )


def rates_of(optimizer: Any) -> Callable[[int], float]:
    """The learning rates of the batches from now on; see :meth:`.RecipeUpdates.rates_from_here`."""
    rates: Callable[[int], float] = getattr(optimizer, "inner_optimizer", optimizer).rates_from_here()
    return rates


class OrderOfEpoch(keras.callbacks.Callback):
    """Sets the order of the training batches at the start of each epoch."""

    def __init__(self, train: Batches) -> None:
        super().__init__()
        self._train = train

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Set the order."""
        self._train.start_epoch(epoch)


class ValidationScore(keras.callbacks.Callback):
    """Scores the validation part after each epoch: exact macro ROC AUC, and the loss."""

    def __init__(self, batches: Batches, targets: np.ndarray) -> None:
        super().__init__()
        self._batches = batches
        self._targets = targets

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Start the epoch's clock."""
        self._started = time.monotonic()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Add the validation metrics, ``learning_rate`` and ``seconds`` to the logs of later callbacks."""
        logits = self.model.predict(self._batches, verbose=0)
        loss = float(self.model.loss(self._targets, logits))
        by_label = label_roc_aucs(self._targets, logits)
        if logs is not None:
            logs["loss"] = float(logs["loss"])
            logs.update(
                val_loss=loss,
                val_roc_auc=macro(by_label),
                val_worst_label_roc_auc=min(score for score in by_label if score is not None),
                learning_rate=rates_of(self.model.optimizer)(-1),
                seconds=time.monotonic() - self._started,
            )


class Agreement(keras.callbacks.Callback):
    """Gives every process the scores of process 0, so that all decide alike."""

    def __init__(self, group: DeviceGroup) -> None:
        super().__init__()
        self._group = group

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Replace the epoch's metrics."""
        if logs is not None:
            logs.update(self._group.agree(dict(logs)))


class BestEpoch(keras.callbacks.Callback):
    """Keeps the weights of the best epoch of all stages, and ends the training when the score does not improve.

    Args:
        patience: Epochs without an improvement before the training ends; ``None`` never ends it.
    """

    def __init__(self, patience: int | None) -> None:
        super().__init__()
        self._patience = patience
        self.score = -math.inf
        self.epoch = -1
        self.waited = 0
        self.weights: list[np.ndarray] = []

    @property
    def exhausted(self) -> bool:
        """Whether the score has not improved for as many epochs as the patience allows."""
        return self._patience is not None and self.waited >= self._patience

    def start_stage(self) -> None:
        """Reset the patience; the best epoch remains the best of all stages."""
        self.waited = 0

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Compare the epoch with the best one."""
        score = (logs or {})[SCORE]
        self.waited += 1
        if score > self.score:
            self.score, self.epoch, self.waited = score, epoch, 0
            self.weights = self.model.get_weights()
        if self.exhausted:
            self.model.stop_training = True


class History(keras.callbacks.Callback):
    """One row per epoch.

    Attributes:
        rows: ``epoch`` (from 1), ``stage``, ``loss``, ``val_loss``, ``val_roc_auc``, ``val_worst_label_roc_auc``,
            ``learning_rate``, ``seconds``.
    """

    def __init__(self, on_row: Callable[[dict[str, Any]], None]) -> None:
        super().__init__()
        self.rows: list[dict[str, Any]] = []
        self.stage = ""
        self._on_row = on_row

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Add the epoch's row."""
        row = {"epoch": epoch + 1, "stage": self.stage, **(logs or {})}
        self.rows.append(row)
        self._on_row(row)


class Progress(keras.callbacks.Callback):
    """A progress bar and a line per epoch on standard error; standard output stays free for results.

    Attributes:
        async_safe: The end of a batch may be handled in another thread.
    """

    async_safe = True

    def __init__(self, epochs: int, best: BestEpoch) -> None:
        super().__init__()
        self._epochs = epochs
        self._best = best
        self._bar: Any = None

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Open the bar."""
        self._bar = progress_bar(
            total=self.params["steps"],
            desc=f"epoch {epoch + 1}/{self._epochs}",
            unit="batch",
            leave=False,
            file=sys.stderr,
        )

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Move the bar."""
        self._bar.set_postfix(loss=f"{float((logs or {})['loss']):.4f}", refresh=False)
        self._bar.update()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Close the bar and write the epoch's line."""
        self._bar.close()
        row = logs or {}
        line = (
            f"epoch {epoch + 1}/{self._epochs}  loss {row['loss']:.4f}  validation: loss {row['val_loss']:.4f}, "
            f"macro ROC AUC {row[SCORE]:.4f} (best {self._best.score:.4f} in epoch {self._best.epoch + 1})  "
            f"learning rate {row['learning_rate']:.2g}  {row['seconds']:.0f} s"
        )
        if not is_terminal() and logger.isEnabledFor(logging.INFO):
            # In a log file, each line has a time stamp.
            logger.info("%s", line)
        else:
            tqdm.write(line, file=sys.stderr)
