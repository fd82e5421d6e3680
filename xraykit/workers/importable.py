"""Whether worker processes will know what an experiment names."""

from collections.abc import Iterable
from typing import Any

from xraykit.config import Experiment
from xraykit.errors import ExperimentError
from xraykit.registry import BACKBONES, FORMATS, LOSSES, Registry


def check_importable(
    experiment: Experiment, key: str, workers: int, more: Iterable[tuple[Registry[Any], str]] = ()
) -> None:
    """Check that worker processes will know the backbone, the data formats and the loss of an experiment.

    Args:
        experiment: Its plug-ins are what workers import.
        key: Of the experiment, that has the number of workers, such as ``search.workers``.
        workers: How many.
        more: Further registries, each with a name that workers must know.

    Raises:
        ExperimentError: one was registered in a notebook or by an import that no worker repeats.
    """
    named: list[tuple[Registry[Any], str]] = [(FORMATS, name) for name in experiment.data.formats]
    named += [(LOSSES, experiment.training.loss), (BACKBONES, experiment.model.backbone), *more]
    for registry, name in named:
        module = registry.module_of(name)
        if not registry.is_builtin(name) and (module == "__main__" or not experiment.plugins):
            raise ExperimentError(
                f"{key} is {workers}, but the {registry.kind} {name!r} is registered by {module}, which other "
                f"processes do not import. Put it into a .py file and name that file in `plugins`, or set {key}: 1."
            )
