"""The other collection: from an experiment file or ``data.…=`` arguments to its radiographs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from xraykit.config import Data, Experiment, SplitRecord, is_override, load_data
from xraykit.errors import DataError
from xraykit.registry import FORMATS
from xraykit.system import shown

if TYPE_CHECKING:
    from xraykit.data import Catalog

Which = Literal["all", "train", "validation", "test"]
"""All radiographs of a collection, or those of a part of its split."""

_OTHERS = "Only the section data of the other experiment is used"


@dataclass(frozen=True)
class Collected:
    """The radiographs of another collection.

    Attributes:
        name: What the collection is called.
        data: The section ``data`` that names it.
        catalog: Its radiographs, or those of its test part.
        part: What the metrics are of: ``external``, or ``external test`` and so on.
        split: How it was divided; ``whole`` if it was not.
    """

    name: str
    data: Data
    catalog: "Catalog"
    part: str
    split: SplitRecord


def experiment_of(
    source: str | Path | Mapping[str, Any] | Experiment | None,
    overrides: Sequence[str] = (),
    plugins: Sequence[str] = (),
) -> Experiment:
    """The experiment whose section ``data`` names a collection.

    Args:
        source: An experiment file, its values, the values of its section ``data``, or an experiment; None: the
            overrides are everything.
        overrides: ``data.format=…``, ``data.root=…`` and other keys of ``data``.
        plugins: Modules or ``.py`` files to import, which run as code; those that the file names are not imported.

    Raises:
        ExperimentError: it is not as expected, or the data format is unknown.
        DataError: it names no data, or another section is overridden.
        RegistryError: a plug-in cannot be imported.
    """
    if isinstance(source, Experiment):
        return source
    other = [shown(each.partition("=")[0]) for each in overrides if not each.startswith(("data.", "seed="))]
    if other:
        raise DataError(f"{_OTHERS}: data.format, data.root and so on. Received: {', '.join(other)}. Leave it out.")
    if source is None and not overrides:
        raise DataError(
            "No collection was given. Expected: an experiment file that names it, or data.format=… and data.root=…. "
            "See --help."
        )
    if isinstance(source, Mapping) and "data" not in source:
        source = {"data": dict(source)}
    # What else the file names, such as weights and plug-ins, is neither looked for nor imported.
    return load_data(source, overrides, plugins=plugins)


def words_of(words: Sequence[str]) -> tuple[str | None, list[str]]:
    """The experiment file and the overrides among the words of a command line, in any order.

    Raises:
        DataError: there are several files.
    """
    overrides = [word for word in words if is_override(word) and not Path(word).is_file()]
    files = [word for word in words if word not in overrides]
    if len(files) > 1:
        raise DataError(
            f"One experiment file is expected, and overrides contain no blanks: data.root=/data/other. Received: "
            f"{', '.join(shown(word) for word in words)}."
        )
    return (files[0] if files else None), overrides


def name_of(source: str | Path | None, experiment: Experiment) -> str:
    """What a collection is called where no name is given: the file without its ending, or the data format."""
    if source is None:
        return "-".join(experiment.data.formats)
    path = Path(source)
    # The experiment of a run is always called so; its own name says more.
    return experiment.name if path.stem == "experiment" else path.stem


def labels_given(given: Sequence[str]) -> dict[str, str]:
    """What ``--label MODEL=COLLECTION`` arguments say.

    Raises:
        DataError: one is not of this form.
    """
    pairs = {}
    for each in given:
        model, _, other = (part.strip() for part in each.partition("="))
        if not model or not other:
            raise DataError(f"--label takes MODEL=COLLECTION, such as 'Effusion=Pleural Effusion'. Received: {each!r}.")
        pairs[model] = other
    return pairs


def with_further_labels(experiment: Experiment, known: Sequence[str]) -> Experiment:
    """The experiment with labels that its data format reads on demand, such as ``No Finding``, if a network knows them.

    Args:
        experiment: With the labels of its data format; one that names others stays as it is.
        known: The labels of the network.
    """
    data = experiment.data
    if data.sources:
        return experiment
    record = FORMATS.get(data.format)
    further = [label for label in record.further_labels if data.label_names.same(label, known)]
    if not further or data.labels != record.labels:
        return experiment
    return experiment.with_values({"data.labels": [*data.labels, *further]})


def collect(experiment: Experiment, name: str, which: Which = "all") -> Collected:
    """Read the label file of a collection and find its radiographs; no picture is opened.

    Args:
        experiment: Its sections ``data`` and ``seed`` are read.
        name: What the collection is called.
        which: ``all`` radiographs, as nothing is trained; or those of a part of its split.

    Raises:
        DataError: label file or radiographs are invalid, or none is left.
    """
    from xraykit.data import load_parts, read_catalog

    if which != "all":
        parts = load_parts(experiment.data, experiment.split_seed, sealed_test=False)
        return Collected(name, experiment.data, parts.catalog_of(which), f"external {which}", parts.split)
    catalog = read_catalog(experiment.data)
    if not len(catalog):
        raise DataError(f"{catalog.source} names no radiograph that exists. Expected: at least one. Check data.root.")
    return Collected(name, experiment.data, catalog, "external", SplitRecord(method="whole"))
