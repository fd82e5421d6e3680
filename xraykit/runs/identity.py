"""The identity of a training: its settings, its data and its plug-ins, as a record to compare with.

A run keeps the record in ``run.json``, and each checkpoint keeps the part of it that shapes the weights. Paths are not
in it: data that were moved are the same data. Content is: label file, split, sizes of the picture files, plug-ins and
start weights are compared by hash or count.
"""

import hashlib
import inspect
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xraykit.config import PUBLISHED_WEIGHTS, Experiment
from xraykit.data import Parts
from xraykit.errors import CheckpointError
from xraykit.registry import BACKBONES, LOSSES, plugin_sha256
from xraykit.system import sha256_of

logger = logging.getLogger(__name__)

_SHAPES_WEIGHTS = ("seed", "data", "model", "training")
# Where files and services are, and how many processes work; the result does not depend on them.
_PATHS = {
    (): ("plugins", "tracking", "output"),
    ("data",): ("root", "cache", "images", "labels_file"),
    ("data", "sources", "*"): ("root", "images", "labels_file"),
    ("training",): ("workers", "devices"),
    ("search",): ("storage", "workers"),
}
_SHOWN_AT_MOST = 8


@dataclass(frozen=True)
class Difference:
    """A value that differs from the recorded one.

    Attributes:
        key: Its key, such as ``training.learning_rate`` or ``parts.train.images``.
        recorded: The value when the training began; None if there was none.
        found: The value now; None if there is none.
    """

    key: str
    recorded: Any
    found: Any

    def __str__(self) -> str:
        return f"{self.key}: recorded {_shown(self.recorded)}, found {_shown(self.found)}"


def run_identity(experiment: Experiment, parts: Parts) -> dict[str, Any]:
    """The record of a run, JSON-able.

    Args:
        experiment: Of the run.
        parts: Its parts, sealed or not.
    """
    settings = _without_paths(experiment.values())
    return {
        "settings": {**settings, "model": {**settings["model"], "weights": _weights(experiment)}},
        "data": dict(parts.identity),
        "plugins": _plugins(experiment.plugins) | _code_outside_plugins(experiment),
    }


def training_identity(experiment: Experiment, parts: Parts) -> dict[str, Any]:
    """The part of :func:`run_identity` that shapes the weights: what a checkpoint belongs to."""
    whole = run_identity(experiment, parts)
    return {**whole, "settings": {key: whole["settings"][key] for key in _SHAPES_WEIGHTS}}


def differences(recorded: Mapping[str, Any], found: Mapping[str, Any]) -> tuple[Difference, ...]:
    """Where two records differ.

    A setting that the recorded version did not know yet counts as recorded with its default.
    """
    defaults = {"settings": _without_paths(Experiment().values())}
    return tuple(_compared(recorded, found, defaults, ()))


def check_same(recorded: Mapping[str, Any], found: Mapping[str, Any], what: str) -> None:
    """Check that a training continues unchanged.

    Args:
        recorded: The record of the run or checkpoint.
        found: The record now.
        what: Names the run or checkpoint in the message.

    Raises:
        CheckpointError: they differ; the message names each difference.
    """
    found_differences = differences(recorded, found)
    if not found_differences:
        return
    more = len(found_differences) - _SHOWN_AT_MOST
    listed = "\n".join(f"  {each}" for each in found_differences[:_SHOWN_AT_MOST])
    raise CheckpointError(
        f"{what} belongs to another experiment or to other data than those found now:\n{listed}\n"
        + (f"  and {more} more\n" if more > 0 else "")
        + "To continue would mix two experiments. Restore what was recorded (experiment.yaml, label file, pictures, "
        "plug-ins), or start a new run."
    )


def check_settings(record: Mapping[str, Any], experiment: Experiment, run: Path) -> None:
    """Check that the experiment file of a run is unchanged, for a command that reads it again.

    Args:
        record: The content of ``run.json``; that of an earlier version has no settings to compare with.
        experiment: As it is read now.
        run: The run's folder.

    Raises:
        CheckpointError: it was changed; the message names each key.
    """
    if "identity" in record:
        recorded = dict(record["identity"]["settings"])
        found = _without_paths(experiment.values())
        for settings in (recorded, found):
            # The file of start weights may no longer exist, and nothing depends on it any more.
            settings["model"] = {key: value for key, value in settings["model"].items() if key != "weights"}
        check_same({"settings": recorded}, {"settings": found}, f"The run {run}")


def check_data(record: Mapping[str, Any], found: Mapping[str, Any], run: Path) -> None:
    """Check that label file, split and radiographs are still those of a run, for a command that reads them again.

    Args:
        record: The content of ``run.json``.
        found: What they are now; see :attr:`xraykit.data.Parts.identity`.
        run: The run's folder.

    Raises:
        CheckpointError: they are not.
    """
    if "identity" in record:
        check_same({"data": record["identity"]["data"]}, {"data": dict(found)}, f"The run {run}")
    elif "data_fingerprint" in record:
        recorded, now = record["data_fingerprint"], found["fingerprint"]
        check_same({"data_fingerprint": recorded}, {"data_fingerprint": now}, f"The run {run}")


def check_contents(record: Mapping[str, Any], found: Mapping[str, Any], run: Path) -> None:
    """Check that the picture files contain what they did when a run started; earlier versions did not record it.

    Args:
        record: The content of ``run.json``.
        found: What they contain now; see :attr:`xraykit.training.TrainingData.contents`.
        run: The run's folder.

    Raises:
        CheckpointError: a file has another content, or others cannot be read.
    """
    if record.get("pictures"):
        check_same({"pictures": record["pictures"]}, {"pictures": found}, f"The run {run}")


def recorded_bit_depth(record: Mapping[str, Any]) -> int | None:
    """The depth that the 16-bit pictures of a run were read with, from the content of ``run.json``; None if none."""
    depth = record.get("identity", {}).get("data", {}).get("bit_depth")
    return None if depth is None else int(depth)


def check_run(record: Mapping[str, Any], found: Mapping[str, Any], run: Path, *, begun: bool) -> None:
    """Check that a run continues unchanged, as far as its version recorded that.

    Args:
        record: The content of ``run.json``.
        found: The run's identity now.
        run: Its folder.
        begun: Whether it has trained an epoch.

    Raises:
        CheckpointError: experiment, data or plug-ins are not those that were recorded.
    """
    if "identity" in record:
        check_same(record["identity"], found, f"The run {run}")
    elif "data_fingerprint" in record:
        # Versions up to 0.1 recorded the data and their split alone.
        check_same(
            {"data_fingerprint": record["data_fingerprint"]},
            {"data_fingerprint": found["data"]["fingerprint"]},
            f"The run {run}",
        )
    if begun and "identity" not in record:
        logger.warning(
            "%s was started by an earlier version, which did not record its settings and plug-ins, so that changes of "
            "them are not noticed. The run continues; start a new one if experiment.yaml or a plug-in was edited.",
            run,
        )


def _without_paths(values: Mapping[str, Any], path: tuple[str, ...] = ()) -> dict[str, Any]:
    kept = {key: value for key, value in values.items() if key not in _PATHS.get(path, ())}
    if path == ("data",) and "sources" in kept:
        kept["sources"] = _named_sources(kept["sources"])
    return {
        key: _without_paths(value, (*path, key)) if isinstance(value, Mapping) else value for key, value in kept.items()
    }


def _named_sources(sources: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The entries of ``data.sources`` by name, so that a difference names the source."""
    return {each["name"]: _without_paths(each, ("data", "sources", "*")) for each in sources}


def _weights(experiment: Experiment) -> str | None:
    weights = experiment.model.weights
    return weights if weights in (None, *PUBLISHED_WEIGHTS) else f"file with SHA-256 {sha256_of(Path(weights))}"


def _plugins(names: Sequence[str]) -> dict[str, str]:
    """Hash of each plug-in by its name without folder; a further one of that name is numbered."""
    hashes: dict[str, str] = {}
    times: Counter[str] = Counter()
    for name in names:
        base = Path(name).name
        times[base] += 1
        hashes[base if times[base] == 1 else f"{base} ({times[base]})"] = plugin_sha256(name)
    return hashes


def _code_outside_plugins(experiment: Experiment) -> dict[str, str]:
    """Of a backbone or loss that was registered in a notebook or an imported module: the hash of its source."""
    backbone, loss = experiment.model.backbone, experiment.training.loss
    registered: dict[str, Callable[..., Any]] = {}
    if not BACKBONES.is_builtin(backbone):
        registered[f"backbone {backbone}"] = BACKBONES.get(backbone).build
    if loss not in LOSSES.builtins:
        registered[f"loss {loss}"] = LOSSES.get(loss)
    hashes = {name: _hash_of_code(code, experiment.plugins) for name, code in registered.items()}
    return {name: sha256 for name, sha256 in hashes.items() if sha256 is not None}


def _hash_of_code(code: Callable[..., Any], plugins: Sequence[str]) -> str | None:
    """None if the source is unknown, or in a plug-in's file, which is hashed as a whole."""
    code = inspect.unwrap(code)
    try:
        file, source = inspect.getsourcefile(code), inspect.getsource(code)
    except (OSError, TypeError):
        return None
    if file is not None and str(Path(file).resolve()) in plugins:
        return None
    return hashlib.sha256(source.encode()).hexdigest()


def _compared(recorded: Any, found: Any, default: Any, path: tuple[str, ...]) -> Iterator[Difference]:
    if isinstance(recorded, Mapping) and isinstance(found, Mapping):
        known = default if isinstance(default, Mapping) else {}
        for key in [*recorded, *(key for key in found if key not in recorded)]:
            earlier = recorded[key] if key in recorded else known.get(key)
            yield from _compared(earlier, found.get(key), known.get(key), (*path, str(key)))
    elif recorded != found or type(recorded) is not type(found):
        yield Difference(".".join(path).removeprefix("settings."), recorded, found)


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, Mapping):
        return "a section"
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= 120 else f"{text[:117]}..."
