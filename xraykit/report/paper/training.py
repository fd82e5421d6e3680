"""How the network was trained and chosen, in sentences."""

from collections.abc import Iterator, Mapping
from typing import Any

from xraykit.report.paper.facts import PaperFacts
from xraykit.report.wording import listed, number
from xraykit.system import counted

_LOSSES = {
    "weighted": "binary cross-entropy",
    "bce": "binary cross-entropy",
    "focal": "the focal loss",
    "asymmetric": "the asymmetric loss",
}
_UNITS = {
    "shift": "shift of up to {:g} of the side",
    "rotation": "rotation of up to {:g}°",
    "zoom": "zoom of up to {:g}",
    "contrast": "contrast of up to {:g}",
    "gamma": "gamma of up to {:g}",
    "noise": "noise of up to {:g} grey levels",
    "blur": "blur of up to {:g} pixels",
    "cutout": "cutout of up to {:g} of the side",
    "crop": "crop of up to {:g}",
}


def training(facts: PaperFacts) -> Iterator[str]:
    """Loss, optimizer, schedule and augmentation."""
    section = facts.settings.get("training")
    if not isinstance(section, Mapping):
        return
    if section.get("trainer") == "linear_probe":
        yield "A logistic regression was fitted for each label on the features of the frozen backbone, without epochs."
        return
    if section.get("trainer") == "fine_tune":
        frozen = facts.setting("training.fine_tune.frozen_epochs")
        yield "The network was trained in two stages: with a frozen backbone" + (
            f" ({counted(frozen, 'epoch')}), then as a whole." if isinstance(frozen, int) else ", then as a whole."
        )
    yield _optimizer(section)
    yield from _loss(section)
    augmentation = section.get("augmentation")
    if isinstance(augmentation, Mapping):
        yield from _augmentation(augmentation)
    for key, words in (("mixup", "Mixup: {:g}."), ("label_smoothing", "Label smoothing: {:g}.")):
        if section.get(key):
            yield words.format(section[key])
    if section.get("sampling") == "balanced":
        yield "Radiographs with rare labels were drawn more often."
    if section.get("weight_average"):
        yield f"The weights are an exponential moving average with the momentum {section['weight_average']:g}."


def _optimizer(section: Mapping[str, Any]) -> str:
    found = [f"optimizer {section['optimizer']}"] if section.get("optimizer") else []
    if section.get("learning_rate"):
        found.append(f"initial learning rate {section['learning_rate']:g}")
    if section.get("batch_size"):
        found.append(f"batches of {section['batch_size']}")
    if section.get("epochs"):
        found.append(f"at most {counted(section['epochs'], 'epoch')}")
    if section.get("weight_decay"):
        found.append(f"weight decay {section['weight_decay']:g}")
    if section.get("schedule", "plateau") != "plateau":
        found.append(f"learning rate after the schedule {section['schedule']}")
    elif isinstance(section.get("plateau"), Mapping):
        found.append("learning rate lowered where the validation ROC AUC does not rise")
    return f"Training: {', '.join(found)}." if found else ""


def _loss(section: Mapping[str, Any]) -> Iterator[str]:
    # An experiment names its loss only if it is not the default.
    loss = section.get("loss", "weighted")
    if "weighted_loss" in section or "loss" in section:
        yield f"The loss is {_LOSSES.get(loss, loss)}."
        if section.get("weighted_loss") and loss not in ("bce", "asymmetric"):
            yield "Positives and negatives of each label are weighed by each other's share in the training part."


def _augmentation(augmentation: Mapping[str, Any]) -> Iterator[str]:
    used = [words.format(augmentation[name]) for name, words in _UNITS.items() if augmentation.get(name)]
    used += ["flips"] if augmentation.get("flip") is True else []
    yield f"Augmentation of training pictures: {listed(used)}." if used else "Training pictures were not augmented."
    if augmentation.get("flip") is False:
        yield "Pictures were not flipped."


def selection(facts: PaperFacts) -> Iterator[str]:
    """How the epoch and the hyperparameters were chosen."""
    best = facts.metrics.get("validation") or {}
    if {"epoch", "epochs", "roc_auc"} <= set(best):
        yield (
            f"The weights are those of epoch {best['epoch']} of {best['epochs']}, with the best macro ROC AUC on the "
            f"validation part ({number(best['roc_auc'])})."
        )
    patience = facts.setting("training.early_stopping.patience")
    if patience and facts.setting("training.trainer") != "linear_probe":
        yield f"Training stops after {counted(patience, 'epoch')} without a better one."
    if best.get("held_out_share"):
        yield (
            f"A share of {best['held_out_share']:g} of the validation patients had no influence on this choice; "
            f"calibration and thresholds were fitted on them."
        )
    search = facts.given.get("search")
    trials = facts.run.trials()
    if trials is not None and isinstance(search, Mapping):
        space = search.get("space")
        searched = listed(list(map(str, space))) if isinstance(space, Mapping) and space else "hyperparameters"
        yield (
            f"A search with {search.get('engine', 'the engine of the experiment')} tried "
            f"{counted(len(trials), 'trial')} of {searched}, scored on the validation part."
        )
