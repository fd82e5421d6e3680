"""What a loaded network says of pictures."""

import os
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.bundle.runs import LABELS
from xraykit.bundle import load_model
from xraykit.bundle.golden import TOLERANCES
from xraykit.bundle.inputs import inside, named_sources
from xraykit.errors import BrokenImageError, DataError, ModelError

pytestmark = pytest.mark.slow


def test_a_file_its_bytes_and_its_pixels_get_the_same_answer(classifier, files):
    answers = classifier.predict(
        [str(files[0]), files[0].read_bytes(), cv2.imread(str(files[0]), cv2.IMREAD_GRAYSCALE)]
    )
    assert answers["image"].tolist() == [str(files[0]), "picture 2", "picture 3"]
    for row in (1, 2):
        pd.testing.assert_frame_equal(
            answers.drop(columns="image").iloc[[0]].reset_index(drop=True),
            answers.drop(columns="image").iloc[[row]].reset_index(drop=True),
            check_exact=True,
        )


def test_probabilities_are_calibrated_and_calls_made_at_the_operating_points(classifier, files):
    answers = classifier.predict(files)
    logits = classifier.logits(classifier.read(files))
    expected = classifier.decision_rule.probabilities(logits)
    for index, label in enumerate(LABELS):
        assert answers[f"{label}_probability"].to_numpy() == pytest.approx(expected[:, index], abs=1e-5)
    assert np.abs(expected - 1 / (1 + np.exp(-logits))).max() > 0.05
    threshold = classifier.thresholds["Effusion"]
    assert answers["Effusion_call"].dtype == "boolean"
    assert (answers["Effusion_call"] == (answers["Effusion_probability"] >= threshold)).all()
    assert classifier.thresholds["Hernia"] is None
    assert answers["Hernia_call"].isna().all()
    assert (answers["error"] == "").all()


def test_the_columns_are_always_the_same(classifier, files):
    expected = ["image"]
    for label in LABELS:
        expected += [f"{label}_probability", f"{label}_call"]
    expected += ["uncalibrated", "untrained", "label_notes", "flags", "flag_reasons", "error"]
    some, none = classifier.predict(files[:2]), classifier.predict([])
    assert list(some) == list(none) == expected
    assert some.dtypes.equals(none.dtypes)
    assert len(none) == 0


def test_batches_change_nothing(classifier, files):
    whole, small = classifier.predict(files), classifier.predict(files, batch_size=5)
    pd.testing.assert_frame_equal(whole, small, rtol=1e-5)


def test_a_broken_picture_is_one_row_with_its_reason(classifier, files, tmp_path):
    (tmp_path / "cut.png").write_bytes(files[0].read_bytes()[:200])
    (tmp_path / "text.png").write_text("not a picture")
    answers = classifier.predict(
        [files[0], tmp_path / "cut.png", tmp_path / "text.png", tmp_path / "gone.png", b"", np.zeros((2, 2)), files[1]]
    )
    reasons = ["", "cut short", "not a PNG, JPEG or DICOM", "no such file", "empty", "float64", ""]
    for said, reason in zip(answers["error"], reasons, strict=True):
        assert reason in said
    assert (answers["error"] == "").tolist() == [True, *[False] * 5, True]
    assert answers["Effusion_probability"].isna().tolist() == [False, *[True] * 5, False]
    assert answers["Effusion_call"].isna().tolist() == [False, *[True] * 5, False]


def test_a_file_whose_name_is_no_text_is_answered(classifier, files, tmp_path):
    path = os.fsencode(tmp_path) + b"/\xff.png"
    with open(path, "wb") as file:
        file.write(files[0].read_bytes())
    answers = classifier.predict([os.fsdecode(path), os.fsdecode(path + b"gone")])
    assert answers["image"][0] == f"{tmp_path}/\\udcff.png"
    assert answers["error"][0] == ""
    assert "no such file" in answers["error"][1]


def test_a_picture_unlike_the_training_part_is_flagged_and_scored_all_the_same(classifier, files):
    answers = classifier.predict([np.full((64, 64), 90, np.uint8), files[0]])
    assert "constant" in answers["flags"][0].split(";")
    assert answers["flag_reasons"][0]
    assert 0 <= answers["Effusion_probability"][0] <= 1


def test_one_picture_or_several(files):
    grey, stack = np.zeros((40, 50), np.uint8), np.zeros((3, 40, 50), np.uint8)
    assert [name for name, _ in named_sources("a.png")] == ["a.png"]
    assert [name for name, _ in named_sources(b"x")] == ["picture 1"]
    assert len(named_sources(grey)) == 1
    assert [source.shape for _, source in named_sources(stack)] == [(40, 50)] * 3
    assert [source.shape for _, source in named_sources([stack])] == [(3, 40, 50)]


@pytest.mark.parametrize(
    ("shape", "pictures"),
    [
        ((40, 50), [(40, 50)]),
        ((40, 50, 1), [(40, 50, 1)]),
        ((40, 50, 3), [(40, 50, 3)]),
        ((40, 50, 4), [(40, 50, 4)]),
        ((2, 40, 50), [(40, 50)] * 2),
        ((1, 40, 50), [(40, 50)]),
        ((2, 40, 50, 1), [(40, 50, 1)] * 2),
        ((2, 40, 50, 3), [(40, 50, 3)] * 2),
        ((2, 40, 50, 4), [(40, 50, 4)] * 2),
        ((0, 40, 50), []),
    ],
)
def test_an_array_is_one_picture_or_several_by_its_axes(shape, pictures):
    assert [source.shape for _, source in named_sources(np.zeros(shape, np.uint8))] == pictures


@pytest.mark.parametrize("shape", [(), (40,), (40, 50, 2), (40, 50, 5), (2, 40, 50, 2), (1, 2, 40, 50, 3)])
def test_an_array_that_could_be_anything_is_refused(shape):
    with pytest.raises(DataError, match=r"could be read in more than one way, or in none. Expected: one picture"):
        named_sources(np.zeros(shape, np.uint8))


@pytest.mark.parametrize("images", [None, 3, {"image": "a.png"}, pd.DataFrame({"image": ["a.png"]})])
def test_what_is_no_picture_and_no_list_is_refused(images):
    with pytest.raises(DataError, match=r"Expected a picture .*or a list of pictures\. Received: "):
        named_sources(images)


def test_a_colour_picture_is_one_row_with_the_answer_of_its_grey(classifier, files):
    grey = cv2.imread(str(files[0]), cv2.IMREAD_GRAYSCALE)
    expected = classifier.predict(files[0])
    for channels in (1, 3, 4):
        answers = classifier.predict(np.repeat(grey[..., None], channels, axis=2))
        assert len(answers) == 1
        assert answers["Effusion_probability"][0] == pytest.approx(expected["Effusion_probability"][0], abs=1e-6)


def test_a_single_file_can_be_read_and_predicted(classifier, files):
    assert np.array_equal(classifier.read(str(files[0])), classifier.read([files[0]]))
    assert classifier.read(files[0]).shape == (1, 32, 32)
    assert classifier.read(files[0].read_bytes()).shape == (1, 32, 32)
    assert classifier.predict(str(files[0]))["image"].tolist() == [str(files[0])]


def test_pictures_of_another_size_are_refused(classifier):
    with pytest.raises(ModelError, match=r"Expected pictures \(n, 32, 32\)"):
        classifier.probabilities(np.zeros((2, 31, 32)))
    assert classifier.probabilities(np.zeros((0, 32, 32))).shape == (0, 3)
    assert classifier.read([]).shape == (0, 32, 32)
    with pytest.raises(BrokenImageError):
        classifier.read(["nothing.png"])


def test_grad_cam_of_a_file_or_of_pixels(classifier, files):
    heat = classifier.grad_cam(files[0], "Effusion")
    assert heat.shape == (32, 32)
    assert 0 <= heat.min() <= heat.max() <= 1
    assert np.array_equal(heat, classifier.grad_cam(classifier.read(files[:1])[0], "Effusion"))
    with pytest.raises(ModelError, match="Unknown label 'Mass'"):
        classifier.grad_cam(files[0], "Mass")


@pytest.mark.parametrize("name", ["a.png", "b/../a.png", "deep/er/a.png", "{root}/a.png"])
def test_a_name_below_its_folder_is_taken(tmp_path, name):
    assert tmp_path in inside(tmp_path, name.format(root=tmp_path)).parents


@pytest.mark.parametrize(
    "name", ["../a.png", "b/../../a.png", "/etc/a.png", "{root}/../a.png", "{root}2/a.png", ".", ""]
)
def test_a_name_that_leads_out_of_its_folder_is_refused(tmp_path, name):
    with pytest.raises(DataError, match="is outside its folder"):
        inside(tmp_path, name.format(root=tmp_path))


@given(st.lists(st.sampled_from(["..", ".", "", "a", "b.png", "/", "\\", "root", "~"]), max_size=8))
def test_no_name_leads_out_of_its_folder(steps):
    root = Path("/some/root")
    try:
        path = inside(root, "/".join(steps))
    except DataError:
        return
    assert os.path.commonpath([root, os.path.realpath(path)]) == str(root)
    assert path != root


@pytest.fixture
def partly_trained(classifier):
    """The network with Effusion untrained and Hernia, which has no positives, uncalibrated."""
    decision_rule = classifier.decision_rule
    reason = "Not trained: the training part has 0 positive and 60 negative radiographs of it, and both are needed."
    points = {
        **decision_rule.points,
        "Effusion": replace(decision_rule.points["Effusion"], threshold=None, reason=reason),
    }
    return replace(classifier, decision_rule=replace(decision_rule, points=points, untrained={"Effusion": reason}))


def test_a_label_that_was_not_trained_has_no_probability_and_the_answers_say_why(partly_trained, files):
    answers = partly_trained.predict(files[:3])
    assert answers["Effusion_probability"].isna().all()
    assert answers["Effusion_call"].isna().all()
    assert answers["Cardiomegaly_probability"].between(0, 1).all()
    assert (answers["untrained"] == "Effusion").all()
    assert (answers["uncalibrated"] == "Hernia").all()
    note = answers["label_notes"][0]
    assert "Not trained, no probability (no positives or no negatives in the training part): Effusion." in note
    assert "Not calibrated (too few patients with a positive or a negative to fit on): Hernia." in note
    with pytest.raises(ModelError, match=r"no heat map for Effusion\. Not trained"):
        partly_trained.grad_cam(files[0], "Effusion")


def test_overlays_are_of_trained_labels_alone(partly_trained, files, tmp_path):
    from xraykit.predict.overlays import Overlays

    opened = partly_trained.open([(str(file), str(file)) for file in files[:2]])
    Overlays(partly_trained, tmp_path / "maps", 3).add(opened, partly_trained.predict_opened(opened), 8)
    drawn = {path.stem.rpartition("_")[2] for path in (tmp_path / "maps").iterdir()}
    assert drawn == {"Cardiomegaly", "Hernia"}


def test_in_bfloat16_the_golden_picture_is_checked_again_by_its_tolerance(bundled, files, classifier, monkeypatch):
    coarse = load_model(bundled.path, precision="bfloat16")
    assert coarse.precision == "bfloat16"
    pictures = classifier.read(files)
    off = np.abs(coarse.probabilities(pictures) - classifier.probabilities(pictures))
    assert 0 < np.nanmax(off) < 0.1
    monkeypatch.setitem(TOLERANCES, "bfloat16", 1e-7)
    with pytest.raises(ModelError, match="In bfloat16 the network does not yield the logits"):
        load_model(bundled.path, precision="bfloat16")


def test_an_unknown_precision_is_refused(bundled):
    with pytest.raises(ModelError, match="float32, bfloat16"):
        load_model(bundled.path, precision="float8")
