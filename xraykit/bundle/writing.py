"""Writing a bundle: of a network that was just trained, or of an existing one with another decision rule."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras

from xraykit.bundle.contents import ModelRecord, read_about
from xraykit.bundle.folder import BundleFolder
from xraykit.bundle.golden import golden_logits, golden_results, write_golden
from xraykit.bundle.licence import INTENDED_USE, known_terms, licence_note
from xraykit.bundle.loading import load_bundle
from xraykit.bundle.manifest import check_manifest, write_manifest
from xraykit.bundle.trained_on import TrainedOn
from xraykit.config import Experiment
from xraykit.data import READER_VERSION, Catalog, Parts
from xraykit.errors import ModelError, XraykitError
from xraykit.evaluation import DecisionRule
from xraykit.input_check import Screen
from xraykit.model import backend
from xraykit.system import atomic_folder, json_text, sha256_of
from xraykit.tracking import write_model_files
from xraykit.version import VERSION

OUTPUTS = "logits, one per label; decision_rule.json contains how they become probabilities and calls"


def write_bundle(
    target: Path,
    model: keras.Model,
    experiment: Experiment,
    decision_rule: DecisionRule,
    screen: Screen,
    parts: Parts,
    trained_on: TrainedOn | None = None,
) -> None:
    """Write a bundle, completely or not at all; an existing one is replaced.

    Args:
        target: The folder of the bundle.
        model: From ``(B, S, S, 1)`` pixels 0–255 to ``(B, L)`` logits.
        experiment: What it was trained by.
        decision_rule: How its logits become probabilities and calls.
        screen: The input check, fitted on the training pictures.
        parts: What it was trained on.
        trained_on: The record of its patients and pictures; None: nothing is recorded.

    The bundle is loaded once before it replaces an existing one: a bundle that cannot be loaded is not a result.

    Raises:
        ModelError: the decision rule is of other labels, or the bundle cannot be loaded again, as when a plug-in has a
            layer that Keras does not know by name.
        XraykitError: the disk is full or the folder cannot be written.
    """
    check_labels(parts.labels, decision_rule)
    note, views = licence_note(experiment), experiment.evaluation.test_time_augmentation
    with written_whole(target) as bundle:
        # Without optimizer and loss: the file is for prediction, and half the size.
        keras.Model(model.input, model.output, name=model.name).save(bundle.model)
        write_golden(bundle.golden, experiment.data.image_size)
        about = {
            "labels": list(parts.labels),
            **computation(experiment, parts.bit_depth),
            **provenance(experiment, parts),
            "licence": note.splitlines()[0].lstrip("# "),
            "intended_use": INTENDED_USE,
            "golden": golden_results(golden_logits(model, bundle.golden, views), decision_rule),
            "sha256": {bundle.model.name: sha256_of(bundle.model)},
            "screen": screen.as_values(),
        }
        if trained_on is not None:
            trained_on.write(bundle.trained_on)
            about["trained_on"] = trained_on.about()
        bundle.licence.write_text(note, encoding="utf-8")
        finish(bundle, about, decision_rule)
        load_bundle(bundle)


def copy_bundle(source: Path, target: Path, decision_rule: DecisionRule, note: Mapping[str, Any]) -> None:
    """Write a bundle of the same network with another decision rule, whole or not at all.

    Args:
        source: A run folder or a bundle; it stays as it is.
        target: The folder of the new bundle, which must not exist yet.
        decision_rule: How the logits become probabilities and calls from now on.
        note: Where the new decision rule comes from; written to the new ``model.json`` as ``recalibration``.

    Raises:
        ModelError: there is no bundle, the target exists, or the decision rule is of other labels.
        XraykitError: the disk is full or the folder cannot be written.
    """
    given = BundleFolder.find(source)
    if target.exists():
        raise ModelError(f"{target} already exists. Expected: the name of a new folder. Give another one.")
    with written_whole(target) as bundle:
        about, record = read_about(given)
        check_manifest(given, expected=record.manifest is not None)
        check_labels(record.labels, decision_rule)
        for old, new in zip(given.files(), bundle.files(), strict=True):
            if old.is_file():
                shutil.copyfile(old, new)
        for member in record.members:
            copy_member(given.path / member.file, bundle.path / member.file)
        golden = golden_results(record.golden.logits, decision_rule)
        finish(bundle, {**about, "outputs": OUTPUTS, "golden": golden, "recalibration": dict(note)}, decision_rule)


def copy_member(network: Path, target: Path) -> None:
    """Copy the network of an ensemble's member and the decision rule beside it."""
    target.parent.mkdir(parents=True)
    shutil.copyfile(network, target)
    shutil.copyfile(BundleFolder.decision_rule_of(network), BundleFolder.decision_rule_of(target))


def finish(bundle: BundleFolder, about: Mapping[str, Any], decision_rule: DecisionRule) -> None:
    """Write what describes the network, the files of MLflow, and last the checksums of all files."""
    bundle.decision_rule.write_text(json_text(decision_rule.as_values()), encoding="utf-8")
    earlier_reads_it = not about.get("members") and "test_time_augmentation" not in about["preprocessing"]
    version = ModelRecord.PLAIN if earlier_reads_it else ModelRecord.VERSION
    values = {"version": version, **about, "manifest": bundle.manifest.name}
    bundle.about.write_text(json_text(values), encoding="utf-8")
    write_model_files(bundle.path, about["labels"], bundle.golden, ensemble=bool(about.get("members")))
    write_manifest(bundle)


def computation(experiment: Experiment, bit_depth: int | None) -> dict[str, Any]:
    """How pictures become probabilities."""
    size, views = experiment.data.image_size, experiment.evaluation.test_time_augmentation
    return {
        "inputs": f"grey pictures {size} x {size}, 0-255",
        "preprocessing": {
            "size": size,
            "max_megapixels": experiment.data.max_megapixels,
            "reader_version": READER_VERSION,
            "normalisation": "in the network",
            **({} if bit_depth is None else {"bit_depth": bit_depth}),
            **({} if views == "none" else {"test_time_augmentation": views}),
        },
        "outputs": OUTPUTS,
        "precision": experiment.training.precision,
        "backbone": experiment.model.backbone,
        "initial_weights": experiment.model.weights,
    }


def provenance(experiment: Experiment, parts: Parts) -> dict[str, Any]:
    """What the network was trained with, and on which data."""
    return {
        "plugins": list(experiment.plugins),
        "split": parts.split.as_values(),
        "data_fingerprint": parts.fingerprint,
        "fingerprints": {
            "label_file": parts.catalog_of("train").label_file_sha256,
            "image_list": parts.image_list_sha256,
        },
        "sources": _sources(experiment, parts.catalog_of("train")),
        "xraykit": VERSION,
        **backend.describe(),
    }


def _sources(experiment: Experiment, catalog: Catalog) -> list[dict[str, Any]]:
    """The collections by name, each with its format and label files."""
    read = [(source.name, source.format, source.facts["label_file_sha256"]) for source in catalog.sources]
    name = experiment.data.format
    return [
        {"name": name, "format": format_, "label_file_sha256": digest, "licence": bool(known_terms(format_))}
        for name, format_, digest in read or [(name, name, catalog.label_file_sha256)]
    ]


def check_labels(labels: object, decision_rule: DecisionRule) -> None:
    """Refuse a decision rule of other labels."""
    if not isinstance(labels, list | tuple) or tuple(labels) != decision_rule.labels:
        raise ModelError(
            f"The decision rule is not one of this network. Expected: the labels {labels}, in this order. Received: "
            f"{list(decision_rule.labels)}."
        )


@contextmanager
def written_whole(target: Path) -> Iterator[BundleFolder]:
    """A bundle that appears only when it is complete; see :func:`.atomic_folder`."""
    try:
        with atomic_folder(target) as temporary:
            yield BundleFolder(temporary)
    except OSError as error:
        raise XraykitError(
            f"The bundle {target} cannot be written: {error}. Free some space, or check the permissions, and try "
            f"again; a run continues with --resume."
        ) from error
