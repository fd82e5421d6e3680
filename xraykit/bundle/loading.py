"""From a bundle to a classifier, with checks: a bundle may be damaged, of another version, or from a stranger."""

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np

from xraykit.bundle.classifier import Classifier
from xraykit.bundle.contents import REMEDY, MemberRecord, ModelRecord, parsed, read_about, read_decision_rule
from xraykit.bundle.folder import BundleFolder, is_member
from xraykit.bundle.golden import check_combined, check_golden, check_golden_in, check_golden_results
from xraykit.bundle.manifest import check_manifest
from xraykit.data import READER_VERSION, is_file_name
from xraykit.errors import ModelError
from xraykit.evaluation import DecisionRule
from xraykit.input_check import Screen
from xraykit.model import complete_configurations
from xraykit.model.backend import PRECISIONS, Precision
from xraykit.registry import load_plugin
from xraykit.system import sha256_of
from xraykit.tracking import check_mlmodel


def load_model(
    run: str | Path, *, plugins: str | Path | Sequence[str | Path] = (), precision: Precision = "float32"
) -> Classifier:
    """The trained network of a run, or its ensemble of networks, with everything that belongs to it.

    The checksums of all files, the logits of the golden picture, and the probabilities and calls that the decision rule
    makes of them are checked each time. A bundle of xraykit 0.1 has a checksum of the network's file only; that is
    logged as a warning.

    A bundle may come from a stranger: nothing that it names is imported. A network whose layers are Keras' or
    xraykit's needs no plug-in, whatever its backbone was; one with layers of its own needs the module that defines
    them, which the caller names.

    Of an ensemble every member is checked by itself, and then the whole.

    Args:
        run: A run folder, a bundle, or the ``model.keras`` in one; of an ensemble, not that of a member.
        plugins: Modules or ``.py`` files to import first, which run as code: name only those that you trust.
        precision: ``bfloat16`` computes faster on processors with instructions for it, and less exactly; see
            :class:`xraykit.model.backend.Inference`. The golden picture is then checked with it too.

    Raises:
        ModelError: there is none, it is damaged, it does not yield the logits that it had when it was written, or the
            precision is unknown.
        RegistryError: a plug-in cannot be imported.
    """
    if precision not in PRECISIONS:
        raise ModelError(f"Unknown precision {precision!r}. Expected one of: {', '.join(PRECISIONS)}.")
    folder = BundleFolder.find(run)
    if is_member(Path(run)):
        raise ModelError(
            f"{run} is one member of an ensemble, whose calibration and thresholds belong to all members together. "
            f"Expected: the bundle {folder.path}, or the run of that member alone."
        )
    for plugin in [plugins] if isinstance(plugins, str | Path) else plugins:
        load_plugin(str(plugin))
    return load_bundle(folder, precision)


def load_bundle(folder: BundleFolder, precision: Precision = "float32") -> Classifier:
    """See :func:`load_model`."""
    about, record = read_about(folder)
    check_manifest(folder, expected=record.manifest is not None or bool(record.members))
    check_mlmodel(folder.mlmodel)
    decision_rule = read_decision_rule(folder)
    screen = parsed(folder.about, lambda: Screen.from_values(record.screen))
    labels, expected = parsed(folder.about, lambda: _checked(record, decision_rule))
    if not record.members:
        model = _load_network(folder, folder.model, record)
        _check_shapes(folder, folder.model, model, record.preprocessing.size, len(labels))
        check_golden(model, folder.golden, expected, views=record.preprocessing.test_time_augmentation)
        return _in(precision, Classifier((model,), labels, decision_rule, screen, about), folder, [expected])
    rules = tuple(read_decision_rule(folder, member=member) for member in record.members)
    parsed(folder.about, lambda: _check_members(record, rules))
    models = tuple(_load_member(folder, record, member) for member in record.members)
    golden = [np.array(member.golden_logits) for member in record.members]
    return _in(precision, Classifier(models, labels, decision_rule, screen, about, rules), folder, golden)


def _in(precision: Precision, classifier: Classifier, folder: BundleFolder, golden: Sequence[np.ndarray]) -> Classifier:
    """The classifier in another precision, in which each network's golden logits are compared again."""
    if precision == "float32":
        return classifier
    coarse = replace(classifier, precision=precision)
    check_golden_in(precision, coarse.member_logits(coarse.read(folder.golden)), folder.golden, np.stack(golden))
    return coarse


def _load_member(folder: BundleFolder, record: ModelRecord, member: MemberRecord) -> keras.Model:
    path = folder.path / member.file
    model = _load_network(folder, path, record)
    _check_shapes(folder, path, model, record.preprocessing.size, len(record.labels))
    expected, views = np.array(member.golden_logits), record.preprocessing.test_time_augmentation
    check_golden(model, folder.golden, expected, f"The member {member.file}", views)
    return model


def _check_members(record: ModelRecord, rules: Sequence[DecisionRule]) -> None:
    """Check what is stored of the members, before their networks are read."""
    labels = tuple(record.labels)
    for member, rule in zip(record.members, rules, strict=True):
        if rule.labels != labels:
            raise ValueError(f"its labels are {labels}, those of the decision rule of {member.file} {rule.labels}.")
        if len(member.golden_logits) != len(labels) or not np.all(np.isfinite(member.golden_logits)):
            raise ValueError(f"the golden logits of {member.file} must be {len(labels)} finite numbers.")
    check_combined(rules, [member.golden_logits for member in record.members], record.golden.logits)


def _check_shapes(folder: BundleFolder, path: Path, model: keras.Model, size: int, labels: int) -> None:
    expected = (None, size, size, 1), (None, labels)
    found = getattr(model, "input_shape", None), getattr(model, "output_shape", None)
    if found != expected:
        raise ModelError(
            f"{path} and {folder.about} do not belong together. Expected a network from {expected[0]} to "
            f"{expected[1]}, received one from {found[0]} to {found[1]}. Copy both again from their source."
        )


def _checked(record: ModelRecord, decision_rule: DecisionRule) -> tuple[tuple[str, ...], np.ndarray]:
    """Labels, and the logits of the golden picture."""
    labels = tuple(record.labels)
    if labels != decision_rule.labels:
        raise ValueError(f"its labels are {labels}, those of the decision rule {decision_rule.labels}.")
    for label in labels:
        # Labels become columns and, with another character for /, parts of file names: Nodule/Mass is one.
        if not all(map(is_file_name, label.split("/"))):
            raise ValueError(f"{label!r} is not a valid name of a label.")
    if record.preprocessing.reader_version != READER_VERSION:
        raise ValueError(
            f"its pictures were read by version {record.preprocessing.reader_version} of xraykit's reader, and this is "
            f"version {READER_VERSION}, which yields other pixels: install xraykit {record.xraykit}."
        )
    expected = np.array(record.golden.logits, np.float64)
    if expected.shape != (len(labels),) or not np.all(np.isfinite(expected)):
        raise ValueError(f"the golden logits must be {len(labels)} finite numbers. Received: {expected.tolist()}.")
    for label, threshold in decision_rule.thresholds.items():
        if threshold is not None and not (_is_number(threshold) and 0 <= threshold <= 1):
            raise ValueError(f"the threshold of {label} must be within 0 and 1, or null. Received: {threshold!r}.")
    check_golden_results(record.golden, decision_rule)
    return labels, expected


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _load_network(folder: BundleFolder, path: Path, record: ModelRecord) -> keras.Model:
    try:
        found, expected = sha256_of(path), record.sha256[path.relative_to(folder.path).as_posix()]
    except (OSError, KeyError) as error:
        raise ModelError(f"{path} cannot be checked: {error!r}. {REMEDY}") from error
    if found != expected:
        raise ModelError(
            f"{path} was damaged or changed since it was written. SHA-256 expected: {expected}, received: "
            f"{found}. {REMEDY}"
        )
    try:
        network: keras.Model = keras.saving.load_model(path, compile=False, safe_mode=True)
    # Another version of Keras, or a layer that nobody has registered, may raise anything.
    except Exception as error:
        wanted = ", ".join(record.plugins) or "none"
        raise ModelError(
            f"Keras {keras.__version__} cannot read {path}: {type(error).__name__}: "
            f"{str(error).splitlines()[0] if str(error) else ''} It was written by Keras {record.keras}. If the "
            f"network has layers of its own, name the plug-ins that define them, if you trust them: load_model(…, "
            f"plugins=[…]), or --plugin. Its experiment had: {wanted}."
        ) from error
    # Its layers are made again from their configurations, as for prediction in bfloat16.
    complete_configurations(network.layers)
    return network
