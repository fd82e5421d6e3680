"""From a bundle to a classifier, checked: a bundle may be damaged, of another version, or from a stranger."""

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import keras
import numpy as np

from xraykit.bundle.classifier import Classifier
from xraykit.bundle.folder import BundleFolder
from xraykit.bundle.golden import check_answers, check_golden
from xraykit.bundle.manifest import check_manifest
from xraykit.config.sections import MOST_MEGAPIXELS
from xraykit.data.decoders.pictures import READER_VERSION
from xraykit.data.picture_files import is_file_name
from xraykit.errors import DataError, ModelError
from xraykit.evaluation.decisions.decision_rule import DecisionRule
from xraykit.input_check import Screen
from xraykit.registry import load_plugin
from xraykit.system.files import sha256_of
from xraykit.system.json_files import read_json

T = TypeVar("T")

# As an experiment file may set them: data.image_size and data.max_megapixels.
_RANGES = {"size": (16, 1024), "max_megapixels": (1e-6, MOST_MEGAPIXELS)}


def load_model(run: str | Path, *, plugins: str | Path | Sequence[str | Path] = ()) -> Classifier:
    """The trained network of a run, with all that belongs to it.

    The checksums of all files, the logits of the golden picture, and the probabilities and calls that the decision rule
    makes of them are checked each time. A bundle of xraykit 0.1 has a checksum of the network's file only; that is
    logged as a warning.

    A bundle may come from a stranger: nothing that it names is imported. A network whose layers are Keras' or
    xraykit's needs no plug-in, whatever its backbone was; one with layers of its own needs the module that defines
    them, which the caller names.

    Args:
        run: A run folder, a bundle, or the ``model.keras`` in one.
        plugins: Modules or ``.py`` files to import first, which run as code: name only those that you trust.

    Raises:
        ModelError: there is none, it is damaged, or it does not answer as it did when it was made.
        RegistryError: a plug-in cannot be imported.
    """
    folder = BundleFolder.find(run)
    for plugin in [plugins] if isinstance(plugins, str | Path) else plugins:
        load_plugin(str(plugin))
    return load_bundle(folder)


def load_bundle(folder: BundleFolder) -> Classifier:
    """See :func:`load_model`."""
    about = read_about(folder)
    check_manifest(folder, expected="manifest" in about)
    decision_rule = _part(
        folder.decision_rule, lambda: DecisionRule.from_values(_read(folder.decision_rule, "how logits are read"))
    )
    screen = _part(folder.about, lambda: Screen.from_values(about["screen"]))
    labels, expected = _part(folder.about, lambda: _checked(about, decision_rule))
    model = _load_network(folder, about)
    _check_shapes(folder, model, int(about["preprocessing"]["size"]), len(labels))
    check_golden(model, folder.golden, expected)
    return Classifier(model, labels, decision_rule, screen, about)


def read_about(folder: BundleFolder) -> dict[str, Any]:
    """What ``model.json`` holds.

    Raises:
        ModelError: it cannot be read.
    """
    return _read(folder.about, "what belongs to a network")


def _check_shapes(folder: BundleFolder, model: keras.Model, size: int, labels: int) -> None:
    expected = (None, size, size, 1), (None, labels)
    found = getattr(model, "input_shape", None), getattr(model, "output_shape", None)
    if found != expected:
        raise ModelError(
            f"{folder.model} and {folder.about} do not belong together. Expected a network from {expected[0]} to "
            f"{expected[1]}, received one from {found[0]} to {found[1]}. Take both anew from where they came."
        )


def _read(path: Path, what: str) -> dict[str, Any]:
    return read_json(path, what, remedy="Take it anew from where it came.", kind=ModelError)


def _part(path: Path, read: Callable[[], T]) -> T:
    """What is read from the content of a file; whatever is wrong with it is reported with the file's name."""
    try:
        return read()
    except DataError as error:
        named = str(error) if str(path) in str(error) else f"{path} is not as it must be: {error}"
        raise ModelError(named) from error
    except (ArithmeticError, AttributeError, IndexError, KeyError, RecursionError, TypeError, ValueError) as error:
        raise ModelError(
            f"{path} is not as it must be: {type(error).__name__}: {error} Take it anew from where it came."
        ) from error


def _checked(about: Mapping[str, Any], decision_rule: DecisionRule) -> tuple[tuple[str, ...], np.ndarray]:
    """Labels, and the logits of the golden picture."""
    labels = tuple(about["labels"])
    if labels != decision_rule.labels:
        raise ValueError(f"its labels are {labels}, those of the decision rule {decision_rule.labels}.")
    for label in labels:
        # Labels become columns and parts of file names.
        if not isinstance(label, str) or not is_file_name(label):
            raise ValueError(f"{label!r} is no name of a label.")
    if about["preprocessing"]["reader_version"] != READER_VERSION:
        raise ValueError(
            f"its pictures were read by version {about['preprocessing']['reader_version']} of xraykit's reader, and "
            f"this is version {READER_VERSION}, which gives other pixels: install xraykit {about['xraykit']}."
        )
    expected = np.array(about["golden"]["logits"], np.float64)
    if expected.shape != (len(labels),) or not np.all(np.isfinite(expected)):
        raise ValueError(f"the golden logits must be {len(labels)} finite numbers. Received: {expected.tolist()}.")
    _check_ranges(about["preprocessing"], decision_rule)
    check_answers(about["golden"], decision_rule)
    return labels, expected


def _check_ranges(preprocessing: Mapping[str, Any], decision_rule: DecisionRule) -> None:
    """Slopes and knots are checked by the calibrations themselves."""
    for name, (least, most) in _RANGES.items():
        value = preprocessing[name]
        if not _is_number(value) or not least <= value <= most or (name == "size" and value != int(value)):
            raise ValueError(f"{name} must be a number from {least} to {most}. Received: {value!r}.")
    for label, threshold in decision_rule.thresholds.items():
        if threshold is not None and not (_is_number(threshold) and 0 <= threshold <= 1):
            raise ValueError(f"the threshold of {label} must be within 0 and 1, or null. Received: {threshold!r}.")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _load_network(folder: BundleFolder, about: Mapping[str, Any]) -> keras.Model:
    try:
        found, expected = sha256_of(folder.model), about["sha256"][folder.model.name]
    except (OSError, KeyError, TypeError) as error:
        raise ModelError(f"{folder.model} cannot be checked: {error!r}. Take it anew from where it came.") from error
    if found != expected:
        raise ModelError(
            f"{folder.model} was damaged or changed since it was written. SHA-256 expected: {expected}, received: "
            f"{found}. Take it anew from where it came."
        )
    try:
        return keras.saving.load_model(folder.model, compile=False, safe_mode=True)
    # Another version of Keras, or a layer that nobody has registered, may raise anything.
    except Exception as error:
        wanted = ", ".join(map(str, about.get("plugins", []))) or "none"
        raise ModelError(
            f"Keras {keras.__version__} cannot read {folder.model}: {type(error).__name__}: "
            f"{str(error).splitlines()[0] if str(error) else ''} It was written by Keras {about.get('keras')}. If the "
            f"network has layers of its own, name the plug-ins that define them, if you trust them: load_model(…, "
            f"plugins=[…]), or --plugin. Its experiment had: {wanted}."
        ) from error
