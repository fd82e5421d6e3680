"""A bundle whose files are not those that were written is refused, whichever file it is."""

import json
import logging
import os
import re
import shutil

import pytest

from tests.bundle.runs import LABELS, decision_rule_of
from xraykit.bundle import BundleFolder, copy_bundle, load_model
from xraykit.bundle.manifest import check_listed, check_manifest, write_manifest
from xraykit.errors import ModelError

pytestmark = pytest.mark.slow

FILES = ["model.keras", "model.json", "decision_rule.json", "golden.png", "LICENSE.md"]


def check(bundle):
    check_manifest(bundle, expected=True)


@pytest.mark.parametrize("name", FILES)
def test_one_changed_byte_in_any_file_is_refused_by_name(bundle, name):
    content = bytearray((bundle.path / name).read_bytes())
    content[len(content) // 2] ^= 1
    (bundle.path / name).write_bytes(content)
    with pytest.raises(ModelError, match=rf"{re.escape(name)} was damaged or changed.*expected: \w+, received: \w+"):
        check(bundle)


def test_one_changed_digit_of_the_decision_rule_gives_no_answer(bundle):
    text = bundle.decision_rule.read_text()
    number = re.search(r'"intercept": (-?)(\d)', text)
    digit = (int(number[2]) + 1) % 10
    bundle.decision_rule.write_text(text[: number.start(2)] + str(digit) + text[number.end(2) :])
    with pytest.raises(ModelError, match=r"decision_rule\.json was damaged or changed"):
        load_model(bundle.path)
    # Nor where the checksums were made to fit: the golden picture's answers do not.
    write_manifest(bundle)
    with pytest.raises(ModelError, match="does not give the stored results of the golden picture"):
        load_model(bundle.path)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(bundle, name):
    (bundle.path / name).unlink()
    with pytest.raises(ModelError, match=rf"Files missing: {re.escape(name)}\."):
        check(bundle)


def test_an_added_file_is_named_but_not_what_systems_leave_in_folders(bundle):
    for name in (".DS_Store", "Thumbs.db", "desktop.ini", "._model.json"):
        (bundle.path / name).touch()
    (bundle.path / "recalibrated").mkdir()
    check(bundle)
    (bundle.path / "notes.txt").touch()
    with pytest.raises(ModelError, match=r"Files added: notes\.txt\."):
        check(bundle)


def test_a_file_that_is_a_pipe_blocks_nothing(bundle):
    bundle.golden.unlink()
    os.mkfifo(bundle.golden)
    with pytest.raises(ModelError, match=r"golden\.png is not a regular file"):
        check(bundle)


def test_one_file_is_checked_without_the_others(bundle):
    bundle.golden.unlink()
    check_listed(bundle, bundle.decision_rule)
    bundle.decision_rule.write_text(bundle.decision_rule.read_text().replace("1", "2", 1))
    with pytest.raises(ModelError, match=r"decision_rule\.json was damaged or changed"):
        check_listed(bundle, bundle.decision_rule)
    with pytest.raises(ModelError, match="is not one of the files"):
        check_listed(bundle, bundle.path / "other.json")
    bundle.manifest.unlink()
    check_listed(bundle, bundle.decision_rule)


def test_files_of_another_bundle_are_refused(bundle, tmp_path):
    copy_bundle(bundle.path, tmp_path / "other", decision_rule_of(LABELS, seed=5), {})
    other = BundleFolder(tmp_path / "other")
    load_model(other.path)
    shutil.copyfile(other.decision_rule, bundle.decision_rule)
    with pytest.raises(ModelError, match=r"decision_rule\.json was damaged or changed .*or is of another bundle"):
        load_model(bundle.path)
    shutil.copyfile(other.manifest, bundle.manifest)
    with pytest.raises(ModelError, match=r"model\.json was damaged or changed"):
        load_model(bundle.path)


def test_the_manifest_protects_itself(bundle):
    values = json.loads(bundle.manifest.read_text())
    values["files"]["decision_rule.json"]["sha256"] = "0" * 64
    bundle.manifest.write_text(json.dumps(values))
    with pytest.raises(ModelError, match="its own checksum is wrong"):
        check(bundle)
    bundle.manifest.unlink()
    with pytest.raises(ModelError, match=r"manifest\.json cannot be read"):
        load_model(bundle.path)


@pytest.mark.parametrize("text", ["", "[]", "{}", "[" * 100_000, '{"format": 2, "files": {}, "sha256": ""}'])
def test_a_manifest_of_another_shape_is_one_sentence(bundle, text):
    bundle.manifest.write_text(text)
    with pytest.raises(ModelError, match=re.escape(str(bundle.manifest))) as told:
        check(bundle)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda label: label.update(threshold=1.5),
            "threshold of Effusion must be within 0 and 1",
        ),
        (lambda label: label.update(threshold=-1e-9), "must be within 0 and 1, or null"),
        (lambda label: label.update(threshold="0.5"), "must be within 0 and 1, or null"),
        (lambda label: label.update(threshold=True), "must be within 0 and 1, or null"),
        (lambda label: label["calibration"].update(slope=-1.0), "a finite slope above 0"),
        (lambda label: label["calibration"].update(slope=None), "decision_rule.json"),
        (lambda label: label.clear(), "decision_rule.json"),
    ],
)
def test_values_out_of_range_are_refused_even_with_fitting_checksums(bundle, change, said):
    values = json.loads(bundle.decision_rule.read_text())
    change(values["labels"]["Effusion"])
    bundle.decision_rule.write_text(json.dumps(values))
    write_manifest(bundle)
    with pytest.raises(ModelError, match=said):
        load_model(bundle.path)


def test_a_label_that_stands_twice_is_refused(bundle):
    text = bundle.decision_rule.read_text()
    bundle.decision_rule.write_text(text.replace('"Cardiomegaly"', '"Effusion"'))
    write_manifest(bundle)
    with pytest.raises(ModelError, match="'Effusion' appears twice"):
        load_model(bundle.path)


def test_a_bundle_of_an_earlier_version_loads_with_a_warning(bundle, caplog):
    about = json.loads(bundle.about.read_text())
    del about["manifest"], about["golden"]["probabilities"], about["golden"]["calls"]
    bundle.about.write_text(json.dumps(about))
    bundle.manifest.unlink()
    with caplog.at_level(logging.WARNING, "xraykit"):
        assert load_model(bundle.path).labels == LABELS
    assert "earlier version of xraykit and has no checksums" in caplog.text
    copy_bundle(bundle.path, bundle.path.with_name("new"), decision_rule_of(LABELS, seed=5), {})
    caplog.clear()
    assert load_model(bundle.path.with_name("new")).labels == LABELS
    assert not caplog.text
