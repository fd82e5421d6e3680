"""An export to each runtime: it computes what the bundle does, and its example needs the runtime alone."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.json_files import EXPORT_SCHEMA, assert_valid
from xraykit.export import TARGETS, open_runtime, read_export
from xraykit.system import sha256_of

pytestmark = pytest.mark.slow

RUNTIMES = {"onnx": "onnxruntime", "litert": "ai_edge_litert", "savedmodel": "tensorflow", "openvino": "openvino"}

formats = pytest.mark.parametrize("name", TARGETS)


@formats
def test_the_runtime_computes_the_logits_of_the_bundle(exports, classifier, files, name):
    folder, _ = exports[name]
    pictures = classifier.read(files)
    received = open_runtime(TARGETS[name], folder).logits(pictures)
    np.testing.assert_allclose(received, classifier.logits(pictures), atol=1e-4)


@formats
def test_the_record_says_what_was_exported_and_how_it_was_verified(exports, bundled, name):
    folder, made = exports[name]
    assert_valid(folder / "export.json", EXPORT_SCHEMA)
    _, record = read_export(folder)
    assert record == made
    assert (record.format, record.precision, record.quantisation) == (name, "float32", None)
    about = json.loads(bundled.bundle.joinpath("model.json").read_text())
    assert record.source.network_sha256 == about["sha256"]["model.keras"]
    assert record.source.model_json_sha256 == sha256_of(bundled.bundle / "model.json")
    found = record.verification
    assert found.phantoms == 50
    assert (found.measure, found.tolerance) == ("largest", 0.001)
    assert 0 <= found.difference <= 1e-4
    assert found.calls_changed == 0
    assert found.example_checked
    assert TARGETS[name].distribution in record.versions


@formats
def test_the_folder_has_everything_and_every_checksum_is_right(exports, name):
    folder, record = exports[name]
    written = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert written == {"export.json", *record.sha256}
    assert {"README.md", "LICENSE.md", "decision_rule.json", "example.py", "golden.json", "golden.png"} <= written
    assert all(sha256_of(folder / file) == digest for file, digest in record.sha256.items())
    assert (folder / TARGETS[name].network).exists()


@formats
def test_the_golden_results_and_labels_are_those_of_the_bundle(exports, bundled, name):
    folder, record = exports[name]
    about = json.loads(bundled.bundle.joinpath("model.json").read_text())
    golden = json.loads((folder / "golden.json").read_text())
    assert {key: golden[key] for key in about["golden"]} == about["golden"]
    np.testing.assert_allclose(golden["exported"]["logits"], golden["logits"], atol=1e-4)
    assert golden["exported"]["calls"] == golden["calls"]
    assert (folder / "labels.txt").read_text().splitlines() == about["labels"] == record.labels
    rule = json.loads((folder / "decision_rule.json").read_text())
    assert {"formula": rule.pop("formula"), **rule} != rule
    assert rule == json.loads(bundled.bundle.joinpath("decision_rule.json").read_text())
    assert (folder / "golden.png").read_bytes() == (bundled.bundle / "golden.png").read_bytes()


@formats
def test_the_example_imports_the_runtime_numpy_and_a_picture_reader_alone(exports, name):
    text = (exports[name][0] / "example.py").read_text(encoding="utf-8")
    imported = {line.split()[1].split(".")[0] for line in text.splitlines() if re.match(r"(import|from) ", line)}
    assert imported - sys.stdlib_module_names == {"cv2", "numpy", RUNTIMES[name]}
    assert len(text.splitlines()) < 60


@formats
def test_the_example_prints_the_predictions_of_the_bundle_for_any_kind_of_picture(
    exports, classifier, files, pictures, name
):
    folder, _ = exports[name]
    wanted = [*pictures, *files[:2]]
    printed = printed_by(folder / "example.py", wanted)
    for path, row in zip(wanted, classifier.predict(wanted).to_dict("records"), strict=True):
        for label in classifier.labels:
            probability, call = printed[str(path)][label]
            assert probability == pytest.approx(row[f"{label}_probability"], abs=2e-6), (path, label)
            expected = row[f"{label}_call"]
            assert call == (
                "no call" if expected is None or expected != expected else "positive" if expected else "negative"
            )


def printed_by(example: Path, paths):
    """By picture and label: probability and call."""
    command = [sys.executable, "-X", "utf8", str(example), *map(str, paths)]
    ended = subprocess.run(command, capture_output=True, text=True, check=True, encoding="utf-8")
    found, current = {}, ""
    for line in ended.stdout.splitlines():
        if match := re.fullmatch(r"(\w+): ([\d.]+) (positive|negative|no call)( \(not calibrated\))?", line):
            found[current][match[1]] = float(match[2]), match[3]
        else:
            found[current := line] = {}
    return found
