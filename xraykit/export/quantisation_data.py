"""Pictures from which a quantised network's ranges are taken, and labelled ones that show what it costs.

Neither is ever of the test part: ranges are fitted, and what is fitted on the test part is not tested by it.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from xraykit.bundle import BundleFolder, Classifier
from xraykit.config import SplitRecord
from xraykit.errors import DataError, XraykitError
from xraykit.predict import pictures_of
from xraykit.recalibrate import Sample, known_predictions, read_sample
from xraykit.runs import FinishedRun
from xraykit.system import counted
from xraykit.system.tables import read_table
from xraykit.training import TrainingData, load_training_data

CALIBRATION_PICTURES = 100
"""Pictures from which ranges are taken; more change them little."""

_BATCH = 32
_ADVICE = (
    "Give radiographs with labels: --sample labels.csv (image, patient, and a column of 1, 0 or blank per label), none "
    "of them of the test part."
)


@dataclass(frozen=True, eq=False)
class Labelled:
    """Radiographs whose labels are known.

    Attributes:
        described: Which these are, in words.
        part: ``validation`` of the run, or a ``sample`` that the user named.
        split: How the run's data were divided.
        images: Name of each of the n.
        patients: Its patient.
        patients_known: Whether the data name patients; else each radiograph counts as its own.
        targets: ``(n, L)``: 1, 0 or NaN = unknown.
        source: Rows of a run's cache, or pictures ``(n, S, S)``.
    """

    described: str
    part: Literal["validation", "sample"]
    split: SplitRecord | None
    images: Sequence[str]
    patients: np.ndarray
    patients_known: bool
    targets: np.ndarray
    source: "np.ndarray | _Cached"

    def batches(self) -> Iterator[np.ndarray]:
        """The pictures ``(b, S, S)`` uint8, in order."""
        for start in range(0, len(self.images), _BATCH):
            yield self.source[start : start + _BATCH]


@dataclass(frozen=True, eq=False)
class _Cached:
    data: TrainingData
    rows: np.ndarray

    def __getitem__(self, at: slice) -> np.ndarray:
        return np.asarray(self.data.cache.pictures(self.rows[at]))


@dataclass(frozen=True, eq=False)
class QuantisationData:
    """What a quantisation reads.

    Attributes:
        calibration: Pictures ``(n, S, S)`` uint8 from which ranges are taken.
        calibrated_on: Which these are, in words.
        labelled: On which the loss is measured.
    """

    calibration: np.ndarray
    calibrated_on: str
    labelled: Labelled


def quantisation_data(
    classifier: Classifier,
    bundle: BundleFolder,
    *,
    calibrate: Sequence[str] = (),
    sample: Path | None = None,
    plugins: Sequence[str] = (),
    seed: int = 0,
) -> QuantisationData:
    """The pictures of a quantisation: those that the user names, else those of the run.

    Args:
        classifier: The bundle, loaded.
        bundle: Its folder; in a run folder, the run's training and validation part are found from there.
        calibrate: Pictures, folders or tables to take ranges from; left out, the run's training part, or without one
            a half of the sample's patients.
        sample: A table of radiographs with labels; left out, the run's validation part.
        plugins: Of the run's experiment, to import.
        seed: Of the choice of pictures.

    Raises:
        DataError: there are none, or some are of the run's test part.
    """
    run = bundle.path.parent if bundle.path.name == "model" else bundle.path
    random = np.random.default_rng(seed)
    named = _named(classifier, run, calibrate, random) if calibrate else None
    if sample is None:
        data = _data_of(run, classifier, plugins)
        labelled = _validation(data)
        if named is None:
            named = _training(data, random)
    else:
        labelled = _labelled(classifier, run, sample)
        if named is None:
            named, labelled = _halves(labelled, random)
    return QuantisationData(*named, labelled)


def _named(
    classifier: Classifier, run: Path, words: Sequence[str], random: np.random.Generator
) -> tuple[np.ndarray, str]:
    files = pictures_of(words)
    _check_not_tested(run, files)
    chosen = [files[at] for at in sorted(random.permutation(len(files))[:CALIBRATION_PICTURES])]
    pictures = classifier.read(chosen)
    if not len(pictures):
        raise DataError(f"None of the {counted(len(chosen), 'picture')} of --calibrate can be read.")
    return pictures, f"{len(pictures)} of {counted(len(files), 'picture')} that the user named"


def _data_of(run: Path, classifier: Classifier, plugins: Sequence[str]) -> TrainingData:
    try:
        experiment = FinishedRun.open(run).experiment(plugins)
    except DataError as error:
        raise DataError(
            f"An int8 export needs labelled radiographs to measure its loss, and {run} is a bundle without its run. "
            f"{_ADVICE}"
        ) from error
    if experiment.data.split.all_folds:
        raise DataError(
            f"The ensemble of folds in {run} has no validation part: each radiograph was learned from by some member. "
            f"{_ADVICE}"
        )
    try:
        data = load_training_data(experiment)
    except XraykitError as error:
        raise DataError(f"The data of the run {run} cannot be read: {error} {_ADVICE}") from error
    if data.parts.fingerprint != classifier.about.get("data_fingerprint"):
        raise DataError(
            f"The data of the run {run} were changed since: labels, radiographs or parts are others, so that the "
            f"validation part may contain what the test part had. {_ADVICE}"
        )
    return data


def _training(data: TrainingData, random: np.random.Generator) -> tuple[np.ndarray, str]:
    table = data.parts.catalog_of("train").table
    chosen = np.sort(random.permutation(len(table))[:CALIBRATION_PICTURES])
    pictures = data.cache.pictures(data.cache.rows(table["path"].iloc[chosen].tolist()))
    return pictures, f"{len(pictures)} of {counted(len(table), 'radiograph')} of the run's training part"


def _validation(data: TrainingData) -> Labelled:
    catalog = data.parts.catalog_of("validation")
    table = catalog.table
    return Labelled(
        "the run's validation part, on which calibration and thresholds were fitted",
        "validation",
        data.parts.split,
        table["image"].tolist(),
        table["patient"].to_numpy(object),
        catalog.patients_known,
        catalog.targets(),
        _Cached(data, data.cache.rows(table["path"].tolist())),
    )


def _labelled(classifier: Classifier, run: Path, file: Path) -> Labelled:
    sample: Sample = read_sample(read_table(file, ("image",), escaped=True), classifier.labels)
    _check_not_tested(run, sample.images)
    named = [(str(path), path) for path in sample.paths]
    opened = list(itertools.chain.from_iterable(classifier.open_batches(named)))
    kept = [at for at, each in enumerate(opened) if each.radiograph is not None]
    if not kept:
        raise DataError(f"None of the radiographs in {file} can be read. The first: {opened[0].error}")
    pictures = np.stack([each.radiograph.picture for each in opened if each.radiograph is not None])
    sample = sample.take(kept)
    return Labelled(
        f"the radiographs of {file.name}, named by the user",
        "sample",
        None,
        sample.images,
        sample.patients,
        sample.patients_known,
        sample.targets,
        pictures,
    )


def _halves(labelled: Labelled, random: np.random.Generator) -> tuple[tuple[np.ndarray, str], Labelled]:
    """Ranges from half of a sample's patients, and the loss on the others."""
    patients = np.unique(labelled.patients.astype(str))
    half = set(random.permutation(patients)[: len(patients) // 2].tolist())
    first = np.array([str(each) in half for each in labelled.patients])
    if not first.any() or first.all():
        raise DataError(
            f"A sample of {counted(len(patients), 'patient')} cannot be divided into one half for the ranges of 8-bit "
            f"integers and one to measure the loss on. Add patients, or name other pictures with --calibrate."
        )
    rows, rest = np.flatnonzero(first)[:CALIBRATION_PICTURES], np.flatnonzero(~first)
    pictures = np.asarray(labelled.source[:])
    others = replace(
        labelled,
        described=f"half of the patients of {labelled.described}",
        images=[labelled.images[int(row)] for row in rest],
        patients=labelled.patients[rest],
        targets=labelled.targets[rest],
        source=pictures[rest],
    )
    words = f"{counted(len(rows), 'radiograph')} of the other half of the patients"
    return (pictures[rows], words), others


def _check_not_tested(run: Path, images: Sequence[str]) -> None:
    """Refuse radiographs of the run's test part, where its table of predictions is there to know them by."""
    table = known_predictions(run)
    if table is None:
        return
    tested = {Path(image).name for image in table.loc[table["part"] == "test", "image"]}
    met = [image for image in images if Path(image).name in tested]
    if met:
        raise DataError(
            f"{len(met)} of {counted(len(images), 'picture')} are named as radiographs of the run's test part, the "
            f"first {met[0]}. What a quantisation is fitted or chosen on is not tested by them. Name others."
        )
