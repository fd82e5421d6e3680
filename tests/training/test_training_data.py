"""The data of one training: no picture in two parts, odd ones named."""

import json
import os
import re
from pathlib import Path

import numpy as np
import pytest

from tests.data.files import line, nih_root, png, textured
from xraykit.config import load_experiment
from xraykit.data import load_parts
from xraykit.errors import BrokenImageError, CheckpointError, DataError, DuplicatePictureError
from xraykit.pipeline import resume, run_experiment
from xraykit.run import main
from xraykit.runs import read_frame
from xraykit.runs.folder import RunFolder
from xraykit.training import trainer_for, validation_scores
from xraykit.training.training_data import load_training_data

pytestmark = pytest.mark.slow

TINY = str(Path(__file__).resolve().parents[1] / "tiny_backbone.py")


@pytest.fixture
def values(tmp_path):
    """Sixty patients; every third one has a mass."""
    lines = [line(f"{n:02d}.png", "No Finding" if n % 3 else "Mass", patient=str(n)) for n in range(60)]
    root = nih_root(tmp_path / "nih", lines)
    for number in range(60):
        (root / "images" / f"{number:02d}.png").write_bytes(png(textured(32, seed=number)))
    return {
        "name": "tiny",
        "plugins": [TINY],
        "data": {"root": str(root), "labels": ["Mass"], "image_size": 32, "split": {"method": "patient"}},
        "model": {"backbone": "tiny", "dense_neurons": 64},
        "training": {"epochs": 1, "batch_size": 32},
        "evaluation": {"resamples": 0},
        "explain": {"per_kind": 0, "scored": 0},
        "tracking": {"uri": None},
        "output": {"root": str(tmp_path / "runs")},
    }


def with_policy(values, policy):
    return load_experiment({**values, "data": {**values["data"], "duplicates": policy}})


def first_of(parts, part):
    return parts.division[parts.division["part"] == part].iloc[0]["image"]


@pytest.fixture
def copied(values):
    """A training radiograph stands in the test part too, written with another compression."""
    parts = load_training_data(load_experiment(values)).parts
    train, test = first_of(parts, "train"), first_of(parts, "test")
    images = Path(values["data"]["root"]) / "images"
    content = png(textured(32, seed=int(train[:2])))
    (images / test).write_bytes(content[:-12] + png(textured(8))[-12:] + b"bytes after the end make another file")
    return values, train, test


def test_a_picture_in_two_parts_is_refused_before_the_training(copied):
    values, train, test = copied
    with pytest.raises(DuplicatePictureError, match="1 picture in common, under different names") as error:
        load_training_data(load_experiment(values))
    assert f"{train} (train) = {test} (test)" in str(error.value) or f"{test} (test) = {train}" in str(error.value)


@pytest.mark.parametrize("sealed", [True, False])
def test_it_is_left_out_of_the_training_part_if_the_experiment_wishes_so(copied, sealed, caplog):
    values, train, test = copied
    experiment = with_policy(values, "leave_out")
    parts = load_parts(experiment.data, experiment.split_seed, sealed_test=sealed)
    data = load_training_data(experiment, parts)
    images = set(data.parts.division["image"])
    assert train not in images
    assert test in images
    assert data.duplicates.left_out == 1
    assert sum(data.parts.sizes.values()) == 59
    assert len(data.batches("train", 100)[0][0]) == data.parts.sizes["train"]


def test_a_run_counts_copies_and_odd_pictures_in_its_data_and_report_and_names_them_in_the_log_alone(
    copied, tmp_path, caplog
):
    values, train, test = copied
    images = Path(values["data"]["root"]) / "images"
    parts = load_training_data(with_policy(values, "allow")).parts
    blank = parts.division[parts.division["part"] == "train"].iloc[1]["image"]
    (images / blank).write_bytes(png(textured(32) * 0 + 90))
    folder = RunFolder(run_experiment(with_policy(values, "allow")).folder)
    pictures = json.loads(folder.data.read_text())["pictures"]
    assert pictures["duplicates"]["across_parts"] == 1
    assert pictures["odd_training_pictures"]["counts"]["constant"] == 1
    # What goes to the tracker: the names of files may hold the patients' numbers.
    assert not {train, test, blank} & set(re.findall(r"\w+\.png", folder.data.read_text()))
    assert f"training pictures seem all one grey: {blank}" in caplog.text
    page = folder.report.read_text()
    assert "the metrics of the test part are too good" in page
    assert "1 all one grey; " in page


def test_a_picture_that_is_lost_while_a_network_trains_ends_the_training_with_its_name(values, monkeypatch):
    experiment = load_experiment(values)
    data = load_training_data(experiment)
    lost = data.parts.catalog_of("train").table["path"].iloc[3]
    with (data.cache.folder / "pictures.npy").open("r+b") as stream:
        stream.seek(-(len(data.cache) - data.cache.rows([lost])[0]) * 32**2, os.SEEK_END)
        stream.write(b"changed")
    Path(lost).write_bytes(b"another content")
    trainer = trainer_for(experiment)
    monkeypatch.setattr(trainer, "load", lambda: data)
    with pytest.raises(DataError, match=rf"The picture of {lost} in the cache .* was changed after it was written"):
        validation_scores(trainer, lambda row: None)


@pytest.fixture
def broken(values):
    """One file of each part cannot be read."""
    parts = load_training_data(load_experiment(values)).parts
    names = {part: first_of(parts, part) for part in ("train", "validation", "test")}
    images = Path(values["data"]["root"]) / "images"
    for name in names.values():
        (images / name).write_bytes((images / name).read_bytes()[:50])
    return values, names, parts


def leaving_out(values):
    return load_experiment({**values, "data": {**values["data"], "unreadable": "leave_out"}})


def test_files_that_cannot_be_read_are_all_listed_and_refused(broken):
    values, names, _ = broken
    with pytest.raises(BrokenImageError, match="3 of 60 radiographs cannot be read") as error:
        load_training_data(load_experiment(values))
    assert all(name in str(error.value) for name in names.values())


def test_they_are_left_out_of_all_parts_if_the_experiment_wishes_so_and_the_others_stay_in_theirs(broken, caplog):
    values, names, before = broken
    data = load_training_data(leaving_out(values))
    expected = before.division[~before.division["image"].isin(names.values())].reset_index(drop=True)
    assert data.parts.division.equals(expected)
    assert {each.part: each.image for each in data.unreadable} == names
    assert data.parts.fingerprint != before.fingerprint
    assert "3 radiographs cannot be read; left out (data.unreadable; 1 train, 1 validation, 1 test)" in caplog.text


def test_a_run_without_them_counts_them_and_is_not_continued_with_others(broken, tmp_path, capsys):
    values, names, _ = broken
    run = run_experiment(leaving_out(values))
    folder = RunFolder(run.folder)
    facts = json.loads(folder.data.read_text())
    assert sorted(each["part"] for each in facts["unreadable"]) == ["test", "train", "validation"]
    assert not set(names.values()) & set(re.findall(r"\w+\.png", folder.data.read_text()))
    assert "3 radiographs whose files cannot be read" in folder.report.read_text()
    assert set(read_frame(folder.left_out, ("image",))["image"]) == set(names.values())
    record = folder.read_record()
    assert record["pictures"]["unreadable"] == 3
    assert record["identity"]["settings"]["data"]["unreadable"] == "leave_out"
    assert names["test"] not in set(run.predictions()["image"])
    folder.metrics.unlink()
    (Path(values["data"]["root"]) / "images" / "01.png").write_bytes(b"")
    with pytest.raises(CheckpointError, match="picture_sizes"):
        resume(run.folder)


def test_the_check_of_an_experiment_lists_them_and_passes(broken, capsys, tmp_path):
    values, _, _ = broken
    file = tmp_path / "tiny.yaml"
    file.write_text(leaving_out(values).to_yaml())
    assert main([str(file), "--check"]) == 0
    shown = capsys.readouterr().out
    assert "3 of them cannot be read" in shown
    assert "They are left out of all parts (data.unreadable)" in shown


def test_a_run_does_not_continue_with_pictures_of_the_same_names_and_sizes_and_another_content(values):
    run = run_experiment(load_experiment(values))
    RunFolder(run.folder).metrics.unlink()
    file = next((Path(values["data"]["root"]) / "images").iterdir())
    content, other = file.read_bytes(), png(textured(8))
    file.write_bytes(other + b"." * (len(content) - len(other)))
    with pytest.raises(CheckpointError, match=r"pictures\.sha256: recorded"):
        resume(run.folder)


def test_a_run_continues_where_its_data_were_moved(values, tmp_path):
    run = run_experiment(load_experiment(values))
    RunFolder(run.folder).metrics.unlink()
    moved = Path(values["data"]["root"]).rename(tmp_path / "elsewhere")
    caches = sorted((tmp_path / "runs" / "cache").iterdir())
    assert resume(run.folder, [f"data.root={moved}"]).metrics["images"] == run.metrics["images"]
    assert sorted((tmp_path / "runs" / "cache").iterdir()) == caches


def test_experiments_that_refuse_such_files_are_written_as_before(values):
    assert "unreadable" not in load_experiment(values).to_yaml()


@pytest.fixture
def brightened(values):
    """A training radiograph stands in the test part too, brighter, and in another part of the training part."""
    parts = load_training_data(load_experiment(values)).parts
    train, test = first_of(parts, "train"), first_of(parts, "test")
    images = Path(values["data"]["root"]) / "images"
    (images / test).write_bytes(png(np.uint8(textured(32, seed=int(train[:2])) * 0.7 + 30)))
    return values, train, test


def test_nearly_the_same_picture_in_two_parts_is_refused(brightened):
    values, train, test = brightened
    with pytest.raises(DuplicatePictureError, match="1 nearly identical picture in common") as error:
        load_training_data(load_experiment(values))
    assert f"{train} (train) ~ {test} (test)" in str(error.value) or f"{test} (test) ~ {train}" in str(error.value)


def test_it_is_left_out_or_allowed_as_the_experiment_says_and_counted(brightened):
    values, train, _ = brightened
    data = load_training_data(with_policy(values, "leave_out"))
    assert train not in set(data.parts.division["image"])
    assert (data.duplicates.left_out, data.near_duplicates.left_out) == (0, 1)
    run = run_experiment(with_policy(values, "allow"))
    near = json.loads(RunFolder(run.folder).data.read_text())["pictures"]["near_duplicates"]
    assert (near["compared"], near["across_parts"], near["left_out"]) == ("near", 1, 0)
    page = RunFolder(run.folder).report.read_text()
    assert "nearly identical" in page
    assert "the metrics of the test part are too good" in page


def test_nearly_the_same_pictures_of_one_patient_are_no_duplicates(values):
    lines = [line(f"{n:02d}.png", "No Finding" if n % 3 else "Mass", patient=str(n // 2)) for n in range(60)]
    root = nih_root(Path(values["data"]["root"]).parent / "twice", lines)
    for number in range(60):
        picture = textured(32, seed=number // 2)
        (root / "images" / f"{number:02d}.png").write_bytes(png(np.uint8(picture * 0.8) if number % 2 else picture))
    data = load_training_data(load_experiment({**values, "data": {**values["data"], "root": str(root)}}))
    assert data.near_duplicates.pictures == 0


def test_a_run_with_hashed_patients_names_none_in_any_file_but_keeps_who_is_who(values, caplog):
    lines = [line(f"{n:02d}.png", "No Finding" if n % 3 else "Mass", patient=str(7770000 + n // 2)) for n in range(60)]
    root = Path(values["data"]["root"])
    nih_root(root.parent / "ids", lines)
    data = {**values["data"], "root": str(root.parent / "ids"), "patient_ids": "hash"}
    for number in range(60):
        (root.parent / "ids" / "images" / f"{number:02d}.png").write_bytes(png(textured(32, seed=number)))
    run = run_experiment(load_experiment({**values, "data": data}))
    predictions = run.predictions()
    assert predictions["patient"].str.fullmatch("p[0-9a-f]{16}").all()
    real = {f"{n:02d}.png": n // 2 for n in range(60)}
    pairs = set(zip(predictions["patient"], predictions["image"].map(real), strict=True))
    assert len(pairs) == predictions["patient"].nunique() == len({patient for _, patient in pairs})
    files = [path for path in run.folder.rglob("*") if path.is_file() and path.suffix not in (".keras", ".npz", ".png")]
    assert not [path for path in files if b"777000" in path.read_bytes() or b"777001" in path.read_bytes()]
    assert "777000" not in caplog.text
    assert RunFolder(run.folder).patient_salt.stat().st_mode & 0o777 == 0o600
    assert RunFolder(run.folder).patient_salt not in [path for path, _ in RunFolder(run.folder).artifacts()]
    assert "data.patient_ids is hash" not in caplog.text
