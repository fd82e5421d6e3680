"""The members of an ensemble: an experiment each, of one network."""

from dataclasses import dataclass
from pathlib import Path

from xraykit.config import Experiment
from xraykit.runs import RunFolder


@dataclass(frozen=True)
class Member:
    """One network of an ensemble.

    Attributes:
        name: ``fold-0``, ``seed-8`` or ``fold-0-seed-8``; of its folder, and of its run in the tracker.
        fold: The fold that it is tested on and learns nothing from; None if all members have the same parts.
        seed: Of its weights, order, dropout and augmentation.
        experiment: How it is trained, as an experiment of its own.
    """

    name: str
    fold: int | None
    seed: int
    experiment: Experiment

    def folder(self, run: Path) -> RunFolder:
        """Its run folder in that of the ensemble."""
        return RunFolder(RunFolder(run).members / self.name)

    def is_finished(self, run: Path) -> bool:
        """Whether nothing is left to do."""
        folder = self.folder(run)
        return folder.metrics.is_file() and bool(folder.read_record().get("finished"))

    def is_trained(self, run: Path) -> bool:
        """Whether nothing is left to train; its test part may still be sealed."""
        return self.is_finished(run) or "trained" in self.folder(run).read_record()

    @property
    def waits(self) -> bool:
        """Whether its test part is that of the ensemble, which stays sealed until the ensemble's rule is final."""
        return self.fold is None


def members_of(experiment: Experiment) -> tuple[Member, ...]:
    """The members of an experiment: one for each fold and each seed, by fold, then by seed.

    All have the split of the experiment's own seed. Heat maps are the ensemble's alone.

    Args:
        experiment: With ``data.split.method: folds`` without a single ``fold``, or ``training.seeds`` above 1.

    Raises:
        ExperimentError: a seed would be too large.
    """
    split, seeds = experiment.data.split, experiment.training.seeds
    folds: list[int | None] = [*range(split.folds)] if split.all_folds else [None]
    return tuple(_member(experiment, fold, experiment.seed + add) for fold in folds for add in range(seeds))


def _member(experiment: Experiment, fold: int | None, seed: int) -> Member:
    fold_name = [] if fold is None else [f"fold-{fold}"]
    seed_name = [] if experiment.training.seeds == 1 else [f"seed-{seed}"]
    own = {
        "seed": seed,
        "data.split.seed": experiment.split_seed,
        "training.seeds": 1,
        "training.workers": 1,
        "explain.per_kind": 0,
        "explain.scored": 0,
    }
    if fold is not None:
        own["data.split.fold"] = fold
    return Member("-".join([*fold_name, *seed_name]), fold, seed, experiment.with_values(own))
