"""Keys that an experiment sets and that another of its keys leaves unused."""

from collections.abc import Collection, Iterator
from typing import Any

from xraykit.config.data.split import Split
from xraykit.config.section import Section
from xraykit.config.sections import Model
from xraykit.config.training.section import Training

# A linear probe has no epochs. Loss and sampling decide its class weights, and batches serve its features.
_NOT_OF_A_PROBE = (
    "epochs",
    "learning_rate",
    "optimizer",
    "weight_decay",
    "clip_norm",
    "gradient_accumulation",
    "weight_average",
    "label_smoothing",
    "mixup",
    "early_stopping",
    "schedule",
    "augmentation",
    "plateau",
    "cosine",
    "one_cycle",
    "focal",
    "asymmetric",
)
_NOT_IN_ITS_HEAD = ("num_dense_layers", "dense_neurons", "dropout_rate")


def without_effect(training: Training, model: Model, split: Split, searched: Collection[str] = ()) -> dict[str, str]:
    """Keys that are set, but that another key leaves unused: their paths, and that key with its value.

    Args:
        training: The section ``training``.
        model: The section ``model``.
        split: The section ``data.split``.
        searched: Paths of which a search tries several values: what depends on one of them is left out.
    """
    return {
        path: f"{key}: {value}"
        for path, section, name, key, value in _candidates(training, model, split)
        if key not in searched and _is_set(section, name)
    }


def _candidates(training: Training, model: Model, split: Split) -> Iterator[tuple[str, Section, str, str, Any]]:
    """Path, section and name of each unused key, set or not; and the key that leaves it unused, with its value."""
    for name in ("focal", "asymmetric"):
        if training.loss != name:
            yield f"training.{name}", training, name, "training.loss", training.loss
    for name in ("plateau", "cosine", "one_cycle"):
        if training.schedule != name:
            yield f"training.{name}", training, name, "training.schedule", training.schedule
    if training.trainer != "fine_tune":
        yield "training.fine_tune", training, "fine_tune", "training.trainer", training.trainer
    if training.trainer == "linear_probe":
        for name in _NOT_OF_A_PROBE:
            yield f"training.{name}", training, name, "training.trainer", training.trainer
        for name in _NOT_IN_ITS_HEAD:
            yield f"model.{name}", model, name, "training.trainer", training.trainer
    if split.method != "folds":
        for name in ("folds", "held_out"):
            yield f"data.split.{name}", split, name, "data.split.method", split.method
    if training.seeds == 1 and not split.all_folds:
        yield "training.workers", training, "workers", "training.seeds", training.seeds


def _is_set(section: Section, name: str) -> bool:
    return bool(getattr(section, name) != type(section).model_fields[name].get_default(call_default_factory=True))
