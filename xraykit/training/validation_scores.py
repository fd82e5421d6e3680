"""A training for its scores on the validation part alone, as a trial of a search needs it."""

from pathlib import Path

from xraykit.training.checkpoints import read_checkpoint
from xraykit.training.stages import OnEpoch
from xraykit.training.template import Trainer


def validation_scores(trainer: Trainer, on_epoch: OnEpoch, checkpoints: Path | None = None) -> dict[str, float]:
    """Load, build and fit.

    Args:
        trainer: Of the experiment.
        on_epoch: Receives the row of each epoch, those before a checkpoint too; an exception that it raises ends the
            training.
        checkpoints: Folder of the checkpoints; the training continues from one that is there. None keeps none.

    Returns:
        Of the best epoch: ``macro_roc_auc``, ``worst_label_roc_auc``, ``loss``; and ``parameters``, the number of
        the network's weights.
    """
    saved = read_checkpoint(checkpoints) if checkpoints else None
    for row in saved.state["history"] if saved else ():
        on_epoch(row)
    data = trainer.load()
    model = trainer.build()
    fit = trainer.fit(model, data, checkpoints, on_epoch)
    best = fit.history[fit.best_epoch - 1]
    return {
        "macro_roc_auc": fit.score,
        "worst_label_roc_auc": best["val_worst_label_roc_auc"],
        "loss": best["val_loss"],
        "parameters": model.count_params(),
    }
