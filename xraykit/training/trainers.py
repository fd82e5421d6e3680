"""The trainers: from scratch in one stage, or fine-tuning in two."""

from typing import final

from xraykit.config import Experiment
from xraykit.data import Parts
from xraykit.training.linear_probe import LinearProbeTrainer
from xraykit.training.stages import Stage
from xraykit.training.template import Trainer


@final
class ScratchTrainer(Trainer):
    """One stage: every layer is trained from the first step."""

    def stages(self) -> tuple[Stage, ...]:
        """A single stage over all epochs."""
        training = self.experiment.training
        return (Stage("scratch", training.epochs, training.learning_rate),)


@final
class FineTuneTrainer(Trainer):
    """Two stages: the head is trained on a frozen backbone, then both are trained at a lower learning rate."""

    def stages(self) -> tuple[Stage, ...]:
        """Frozen for ``training.fine_tune.frozen_epochs``, unfrozen for the rest of ``training.epochs``."""
        training = self.experiment.training
        frozen = min(training.fine_tune.frozen_epochs, training.epochs)
        return (
            Stage("frozen", frozen, training.learning_rate, frozen_backbone=True),
            Stage(
                "unfrozen",
                training.epochs,
                training.fine_tune.learning_rate,
                frozen_backbone=False,
                layer_decay=training.fine_tune.layer_decay,
            ),
        )


def trainer_for(experiment: Experiment, *, parts: Parts | None = None) -> Trainer:
    """The trainer that ``training.trainer`` names; for the arguments see :class:`Trainer`."""
    kinds: dict[str, type[ScratchTrainer | FineTuneTrainer | LinearProbeTrainer]] = {
        "scratch": ScratchTrainer,
        "fine_tune": FineTuneTrainer,
        "linear_probe": LinearProbeTrainer,
    }
    return kinds[experiment.training.trainer](experiment, parts=parts)
