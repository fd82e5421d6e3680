"""``reproduction.json``: whether a run of another run's experiment file reached the same."""

import logging
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from xraykit.runs.environment import Start
from xraykit.runs.finished import FinishedRun
from xraykit.runs.folder import RunFolder
from xraykit.runs.identity import differences
from xraykit.runs.predictions import read_frame
from xraykit.runs.recording import read_environment
from xraykit.system import FileRecord, Record

logger = logging.getLogger(__name__)

# What is different in any two runs, or says the same as another entry.
_NOT_COMPARED = {"version", "fingerprints", "predictions", "data_fingerprint"}
# Packages on which the values depend, among those that are listed.
_NUMERICAL: tuple[str, ...] = (
    "xraykit",
    "tensorflow",
    "keras",
    "jax",
    "jaxlib",
    "numpy",
    "scipy",
    "pandas",
    "scikit-learn",
    "optuna",
)
_NUMERICAL += ("opencv-python-headless", "pydicom", "keras-tuner")

ROUNDING = 1e-9
"""Metrics are counts, or of the order of 1."""


class Changed(Record):
    """A value that is not the same in both runs; null where a run has none."""

    name: str
    original: Any
    reproduced: Any


class SplitAgreement(Record):
    """The parts of all radiographs."""

    images: int
    """Radiographs in either run."""
    moved: int
    """Of these, in another part, or in one of the runs alone."""


class MetricsAgreement(Record):
    """All numbers of ``metrics.json``, those of intervals too."""

    compared: int
    rounded: int
    """Not the same to the last digit, but by at most :data:`ROUNDING`: sums depend on the order of their terms."""
    different: int
    """By more than that, or in one of the runs alone."""
    largest: Changed | None
    """The number that differs most, of those that are different and in both runs."""
    macro_roc_auc: list[float | None]
    """Of the original and of this run, on the part that was scored."""


class Reproduction(FileRecord):
    """``reproduction.json``: whether a run of another run's experiment file reached the same."""

    VERSION: ClassVar[int] = 1

    original: str
    """The folder of the run whose ``experiment.yaml`` was run: ``NAME/TIMESTAMP``."""
    part: str
    """The part that was scored."""
    same_settings: bool
    settings: list[Changed]
    same_data: bool | None
    """Whether the fingerprints of labels, radiographs and parts agree; null: the original recorded none."""
    same_pictures: bool | None
    """Whether the contents of the picture files agree."""
    split: SplitAgreement | None
    """Null: the original has no ``split.csv``."""
    metrics: MetricsAgreement
    environment: list[Changed]
    """Versions of what values depend on, processor and devices, where they differ."""

    @property
    def same_metrics(self) -> bool:
        """Up to :data:`ROUNDING`."""
        return self.metrics.different == 0


def original_of(file: Path) -> RunFolder | None:
    """The finished run whose ``experiment.yaml`` a file is; None if it is an ordinary experiment file."""
    folder = RunFolder(file.absolute().parent)
    is_of_run = file.name == folder.experiment.name and folder.metrics.is_file() and folder.record.is_file()
    return folder if is_of_run else None


def record_reproduction(run: FinishedRun) -> Reproduction | None:
    """Compare a run with the one whose experiment file it ran, and write :attr:`.RunPaths.reproduction`.

    Args:
        run: The run of now.

    Returns:
        What agrees; None for an ordinary run, and if the folder of the original was removed meanwhile.

    Raises:
        XraykitError: a file of the original is damaged, or the disk is full.
    """
    original = run.state().get("reproduces")
    if original is None:
        return None
    if not RunFolder(Path(original)).metrics.is_file():
        logger.warning("%s was removed; nothing is compared with it.", original)
        return None
    found = compared_with(FinishedRun.open(original), run)
    run.files.write_json(run.files.reproduction, found.model_dump(mode="json"))
    return found


def compared_with(original: FinishedRun, run: FinishedRun) -> Reproduction:
    """Compare a run with that whose experiment file it ran.

    Args:
        original: The earlier run.
        run: The run of now.

    Raises:
        XraykitError: a file of the earlier run is damaged.
    """
    earlier, later = original.state(), run.state()
    settings = differences(_settings(earlier), _settings(later)) if "identity" in earlier else ()
    changed = [Changed(name=each.key, original=each.recorded, reproduced=each.found) for each in settings]
    return Reproduction(
        version=Reproduction.VERSION,
        original=original.short_path,
        part=run.summary.part,
        same_settings=not changed,
        settings=changed,
        same_data=_same(earlier.get("data_fingerprint"), later.get("data_fingerprint")),
        same_pictures=_same(_pictures(earlier), _pictures(later)),
        split=_split_agreement(original.files, run.files),
        metrics=metrics_agreement(original.metrics, run.metrics),
        environment=_environments(original.files, run.files),
    )


def metrics_agreement(original: Mapping[str, Any], reproduced: Mapping[str, Any]) -> MetricsAgreement:
    """Compare the numbers of two ``metrics.json``; null counts as a value."""
    earlier, later = (dict(_numbers(_compared(each), "")) for each in (original, reproduced))
    names = [*earlier, *(name for name in later if name not in earlier)]
    pairs = {name: (earlier.get(name), later.get(name)) for name in names}
    unequal = [name for name in names if (name in earlier) != (name in later) or pairs[name][0] != pairs[name][1]]
    rounded = {name for name in unequal if None not in pairs[name] and _distance(pairs[name]) <= ROUNDING}
    different = [name for name in unequal if name not in rounded]
    both = {name: pairs[name] for name in different if None not in pairs[name]}
    largest = max(both, key=lambda name: _distance(both[name]), default=None)
    return MetricsAgreement(
        compared=len(names),
        rounded=len(rounded),
        different=len(different),
        largest=None if largest is None else _changed(largest, both[largest]),
        macro_roc_auc=[_macro(original), _macro(reproduced)],
    )


def _settings(state: Mapping[str, Any]) -> dict[str, Any]:
    identity = state.get("identity") or {}
    return {"settings": identity.get("settings", {}), "plugins": identity.get("plugins", {})}


def _same(original: Any, reproduced: Any) -> bool | None:
    return None if original is None else bool(original == reproduced)


def _pictures(state: Mapping[str, Any]) -> Any:
    return (state.get("pictures") or {}).get("sha256")


def _split_agreement(original: RunFolder, run: RunFolder) -> SplitAgreement | None:
    if not (original.split.is_file() and run.split.is_file()):
        return None
    # Patients may be hashed, with a salt of each run.
    tables = [read_frame(each.split, ("image", "part")) for each in (original, run)]
    earlier, later = (dict(zip(each["image"], each["part"], strict=True)) for each in tables)
    images = earlier.keys() | later.keys()
    return SplitAgreement(images=len(images), moved=sum(earlier.get(each) != later.get(each) for each in images))


def _environments(original: RunFolder, run: RunFolder) -> list[Changed]:
    records = [read_environment(each) for each in (original, run)]
    facts = [_facts(record.starts[-1]) if record is not None and record.starts else {} for record in records]
    if not facts[0]:
        return []
    names = [name for name in facts[0] | facts[1] if facts[0].get(name) != facts[1].get(name)]
    return [Changed(name=name, original=facts[0].get(name), reproduced=facts[1].get(name)) for name in names]


def _facts(start: Start) -> dict[str, Any]:
    versions = {name: version for name, version in start.packages.items() if name in _NUMERICAL}
    machine = {"processor": start.processor, "cores": start.cores, "devices": start.devices}
    return {
        "xraykit": start.xraykit,
        "xraykit commit": start.xraykit_git and start.xraykit_git.commit,
        "Python": start.python,
        **start.framework,
        **versions,
        **machine,
        "accelerators": ", ".join(start.accelerators),
    }


def _compared(metrics: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in metrics.items() if name not in _NOT_COMPARED}


def _numbers(value: Any, name: str) -> Iterator[tuple[str, float | None]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _numbers(inner, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _numbers(inner, f"{name}[{number}]")
    elif value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        yield name, value


def _distance(pair: tuple[Any, Any]) -> float:
    distance = abs(pair[0] - pair[1])
    return distance if math.isfinite(distance) else math.inf


def _changed(name: str, pair: tuple[Any, Any]) -> Changed:
    return Changed(name=name, original=pair[0], reproduced=pair[1])


def _macro(metrics: Mapping[str, Any]) -> float | None:
    value = (metrics.get("macro") or {}).get("roc_auc")
    return None if value is None else float(value)
