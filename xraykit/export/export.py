"""From a bundle to a folder that another runtime reads: converted, verified there, and only then written."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from xraykit.bundle import BundleFolder, Classifier, ModelRecord, golden_results, load_model, read_about
from xraykit.errors import DataError
from xraykit.export.contents import FORMULA, ExportRecord, SourceBundle
from xraykit.export.contents import Quantisation as QuantisationRecord
from xraykit.export.conversion import convert
from xraykit.export.example import example_of
from xraykit.export.explanation import explanation
from xraykit.export.files import check_new, default_folder
from xraykit.export.network import network_to_export
from xraykit.export.quantisation import measure
from xraykit.export.quantisation_data import QuantisationData, quantisation_data
from xraykit.export.runtimes import open_runtime
from xraykit.export.targets import Target, target_named
from xraykit.export.verification import verify
from xraykit.system import atomic_folder, json_text, sha256_of
from xraykit.version import VERSION

_CONVERTERS = ("keras", "tensorflow", "numpy")


@dataclass(frozen=True)
class Quantisation:
    """How an export is quantised to 8-bit integers.

    Attributes:
        calibrate: Pictures, folders or tables whose pictures give the ranges; empty: the run's training part.
        sample: A table of radiographs with labels, on which the loss in ROC AUC is measured; None: the run's
            validation part.
        resamples: Of patients, for the interval of the loss.
        seed: Of the choice of pictures and of the resamples.
    """

    calibrate: Sequence[str] = ()
    sample: Path | None = None
    resamples: int = 1000
    seed: int = 0


def export_bundle(
    run: str | Path,
    to: str,
    folder: str | Path | None = None,
    *,
    quantisation: Quantisation | None = None,
    plugins: Sequence[str] = (),
) -> tuple[Path, ExportRecord]:
    """Write a bundle as a folder that another runtime reads, whole and verified, or not at all.

    Args:
        run: A run folder or a bundle; it stays as it is.
        to: The format: one of :data:`.TARGETS`.
        folder: New folder; left out, see :func:`default_folder`.
        quantisation: Quantise to 8-bit integers in this way; None: float32.
        plugins: Modules or ``.py`` files that the network needs, which run as code: name only those that you trust.

    Returns:
        The folder, and the content of its ``export.json``.

    Raises:
        ModelError: the bundle is damaged; a package of the format is missing; or the exported network or its example
            does not compute what the bundle does.
        DataError: the folder exists or cannot be written, or there are no pictures to quantise with.
    """
    int8 = quantisation is not None
    target = target_named(to, int8=int8)
    bundle = BundleFolder.find(run)
    path = Path(folder) if folder is not None else default_folder(bundle, target, int8=int8)
    check_new(path)
    classifier = load_model(bundle.path, plugins=plugins)
    network = network_to_export(classifier)
    data = None if quantisation is None else _data(quantisation, classifier, bundle, plugins)
    try:
        with atomic_folder(path) as temporary:
            convert(network, target, temporary, None if data is None else data.calibration)
            record = _completed(classifier, bundle, target, temporary, data, quantisation)
    except OSError as error:
        raise DataError(
            f"{path} cannot be written: {error.strerror or error}. Free some space, check the permissions, or give "
            f"another folder with --folder."
        ) from error
    return path, record


def _data(
    quantisation: Quantisation, classifier: Classifier, bundle: BundleFolder, plugins: Sequence[str]
) -> QuantisationData:
    return quantisation_data(
        classifier,
        bundle,
        calibrate=quantisation.calibrate,
        sample=quantisation.sample,
        plugins=plugins,
        seed=quantisation.seed,
    )


def _completed(
    classifier: Classifier,
    bundle: BundleFolder,
    target: Target,
    folder: Path,
    data: QuantisationData | None,
    quantisation: Quantisation | None,
) -> ExportRecord:
    """Write everything beside the network, and verify the whole."""
    precision = "float32" if data is None else "int8"
    _write_facts(classifier, bundle, target, folder)
    runtime = open_runtime(target, folder)
    verification, golden = verify(classifier, bundle, target, folder, runtime, precision)
    _write_golden(classifier, bundle, folder, golden)
    lost: QuantisationRecord | None = None
    if data is not None and quantisation is not None:
        lost = measure(classifier, runtime, data, quantisation.resamples, quantisation.seed)
    about, record = read_about(bundle)
    values: dict[str, Any] = {
        "version": ExportRecord.VERSION,
        "format": target.name,
        "precision": precision,
        "network": target.network,
        "input": f"pixels: (batch, {classifier.image_size}, {classifier.image_size}, 1) float32, grey, 0-255",
        "output": f"logits: (batch, {len(classifier.labels)}) float32, in the order of labels",
        "labels": list(classifier.labels),
        "image_size": classifier.image_size,
        "bit_depth": classifier.bit_depth,
        "source": _source(classifier, bundle, record),
        "verification": verification,
        "quantisation": lost,
        "licence": about.get("licence"),
        "intended_use": about.get("intended_use"),
        "xraykit": VERSION,
        "versions": _versions(target, int8=data is not None),
        "sha256": {},
    }
    made = ExportRecord.model_validate(values)
    (folder / "README.md").write_text(explanation(made, target, classifier), encoding="utf-8")
    made = made.model_copy(update={"sha256": _checksums(folder)})
    (folder / "export.json").write_text(json_text(made.model_dump(mode="json")), encoding="utf-8")
    return made


def _write_facts(classifier: Classifier, bundle: BundleFolder, target: Target, folder: Path) -> None:
    rule = {"formula": FORMULA, **classifier.decision_rule.as_values()}
    (folder / "decision_rule.json").write_text(json_text(rule), encoding="utf-8")
    (folder / "labels.txt").write_text("".join(f"{label}\n" for label in classifier.labels), encoding="utf-8")
    text = example_of(target, classifier.image_size, classifier.bit_depth)
    (folder / "example.py").write_text(text, encoding="utf-8")
    shutil.copyfile(bundle.golden, folder / "golden.png")
    if bundle.licence.is_file():
        shutil.copyfile(bundle.licence, folder / "LICENSE.md")


def _write_golden(classifier: Classifier, bundle: BundleFolder, folder: Path, received: np.ndarray) -> None:
    """The results for ``golden.png``: those of the bundle, and those of the export on this machine."""
    rule = classifier.decision_rule
    values = {
        "picture": "golden.png",
        "labels": list(classifier.labels),
        **golden_results(read_about(bundle)[1].golden.logits, rule),
        "exported": golden_results(received, rule),
    }
    (folder / "golden.json").write_text(json_text(values), encoding="utf-8")


def _source(classifier: Classifier, bundle: BundleFolder, record: ModelRecord) -> SourceBundle:
    return SourceBundle(
        network_sha256=record.network_sha256,
        model_json_sha256=sha256_of(bundle.about),
        decision_rule_sha256=sha256_of(bundle.decision_rule),
        xraykit=record.xraykit,
        backbone=record.backbone,
        members=classifier.members,
        test_time_augmentation=classifier.test_time_augmentation,
        recalibrated=record.recalibration is not None,
    )


def _versions(target: Target, *, int8: bool) -> dict[str, str]:
    modules = (*target.modules, *(target.int8_modules if int8 else ()))
    names = dict.fromkeys((*_CONVERTERS, target.distribution, *(name.replace("_", "-") for name in modules)))
    found = {}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _checksums(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): sha256_of(path) for path in files}
