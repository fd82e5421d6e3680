"""Whether an external validation can begin: its arguments, its labels and its folder, before anything is scored."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from xraykit.bundle import BundleFolder
from xraykit.config import Experiment
from xraykit.errors import DataError
from xraykit.evaluate.collections import Collected, Which, collect, with_further_labels
from xraykit.evaluate.matching import SharedLabels, shared_labels
from xraykit.evaluate.scoring import BATCH

if TYPE_CHECKING:
    from xraykit.runs import FinishedRun, RunFolder

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True)
class EvaluationSettings:
    """How an external validation is scored.

    Attributes:
        which: ``all`` radiographs, or those of the ``test`` part of the collection's split.
        labels: Labels of the network to those of the collection, where their names differ.
        resamples: Bootstrap resamples of patients for 95 % intervals; 0 for none.
        seed: Of the resamples.
        batch_size: Pictures at a time.
        contamination: ``refuse`` or ``allow`` radiographs that the network has met in its training.
    """

    which: Which = "all"
    labels: Mapping[str, str] = field(default_factory=dict)
    resamples: int = 1000
    seed: int = 0
    batch_size: int = BATCH
    contamination: Literal["refuse", "allow"] = "refuse"


@dataclass(frozen=True)
class Planned:
    """An external validation that can begin: all arguments are checked, and no picture was opened yet.

    Attributes:
        bundle: Of the network.
        run: Its run; None if the network came without it.
        collected: The other collection.
        shared: The labels in common.
        target: The new folder.
        settings: How it is scored.
    """

    bundle: BundleFolder
    run: "FinishedRun | None"
    collected: Collected
    shared: SharedLabels
    target: Path
    settings: EvaluationSettings


def plan(network: Path, experiment: Experiment, name: str, to: Path | None, settings: EvaluationSettings) -> Planned:
    """Check what an external validation needs, before TensorFlow is imported.

    Raises:
        DataError, ModelError: see :func:`evaluate_on`.
    """
    _check_name(name)
    if settings.resamples < 0 or settings.seed < 0 or settings.batch_size < 1:
        raise DataError(
            f"Resamples and seed must be 0 or more, and the batch size 1 or more. Received: {settings.resamples}, "
            f"{settings.seed} and {settings.batch_size}."
        )
    bundle = BundleFolder.find(network)
    from xraykit.bundle import read_about
    from xraykit.runs import FinishedRun
    from xraykit.worklist import fresh_folder

    known = read_about(bundle)[1].labels
    home = _home(network, bundle)
    target = fresh_folder(to or home.evaluations / name).path
    run = FinishedRun.open(home.path) if home.metrics.is_file() else None
    collected = collect(with_further_labels(experiment, known), name, settings.which)
    return Planned(
        bundle,
        run,
        collected,
        shared_labels(known, collected.catalog.labels, settings.labels, collected.data.label_names),
        target,
        settings,
    )


def _home(network: Path, bundle: BundleFolder) -> "RunFolder":
    """The folder of the evaluations of a network: its run, or a bundle that came alone."""
    from xraykit.runs import RunFolder

    above = RunFolder(bundle.path.parent)
    belongs = above.path.resolve() == network.resolve() or above.metrics.is_file()
    return above if bundle.path.name == above.bundle.name and belongs else RunFolder(bundle.path)


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise DataError(
            f"{name!r} cannot be the name of a folder. Expected: letters, digits, '.', '_' and '-', at most 100, a "
            f"letter or digit first. Give another with --name."
        )
