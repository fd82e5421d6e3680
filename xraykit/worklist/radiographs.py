"""Where the radiographs of a finished run are."""

from collections.abc import Sequence
from pathlib import Path

from xraykit.config import Experiment
from xraykit.data import load_parts
from xraykit.errors import DataError, XraykitError
from xraykit.phantoms import MANIFEST
from xraykit.registry import FORMATS
from xraykit.runs import FinishedRun, check_data
from xraykit.system import file_path


def radiographs_of(
    run: FinishedRun, plugins: Sequence[str | Path] = (), data_roots: Sequence[str] = ()
) -> tuple[Experiment, dict[str, str]]:
    """The experiment of a run, and the path of each of its radiographs.

    The run folder may come from a stranger: only what the user names is imported, and written to.

    Args:
        run: The run.
        plugins: Modules or ``.py`` files to import, for data formats of plug-ins.
        data_roots: The folder of the radiographs, if they were moved; of several sources ``NAME=FOLDER`` for each.

    Raises:
        DataError: the data are not available, are others than those of the run, or their format is a plug-in's.
        XraykitError: ``data_roots`` do not fit the experiment.
    """
    experiment = run.experiment(plugins)
    if data_roots:
        experiment = experiment.with_values(_moved(experiment, data_roots))
    for name in experiment.data.formats:
        if name not in FORMATS:
            raise DataError(
                f"Their format {name!r} comes from a plug-in. If you trust it, name it with --plugin. "
                f"The experiment had: {', '.join(experiment.plugins) or 'none'}."
            )
    for data in () if data_roots else experiment.data.collections:
        root = Path(data.root).absolute()
        if FORMATS.get(data.format).writes_data and not _may_draw(root):
            raise DataError(
                f"Reading them may write into {root}, where phantoms are drawn or arrays unpacked, and that folder is "
                f"outside the current one. Name a folder for them with --data-root."
            )
    parts = load_parts(experiment.data, experiment.split_seed, sealed_test=True)
    check_data(run.state(), parts.identity, run.folder)
    return experiment, dict(zip(parts.division["image"], parts.paths, strict=True))


def _moved(experiment: Experiment, given: Sequence[str]) -> dict[str, str]:
    """The folders of ``--data-root`` as values of the experiment; of several sources, each by its name."""
    sources = [source.name for source in experiment.data.sources]
    if not sources and len(given) > 1:
        raise XraykitError(f"The run learnt from one collection. Expected: --data-root once. Received: {len(given)}.")
    values = {}
    for each in given:
        name, _, folder = each.partition("=")
        if sources and (name not in sources or not folder):
            raise XraykitError(
                f"The run learnt from {len(sources)} sources. Expected: --data-root NAME=FOLDER with one of "
                f"{', '.join(sources)}. Received: {each!r}."
            )
        key = f"data.sources.{sources.index(name)}.root" if sources else "data.root"
        values[key] = str(file_path(folder if sources else each))
    return values


def _may_draw(root: Path) -> bool:
    """Whether phantoms exist there already, or the user works in a folder around it: then it may be written to."""
    return (root / MANIFEST).is_file() or root.resolve().is_relative_to(Path.cwd().resolve())
