"""Flags from the header of a file, and from a depth that does not fit."""

import numpy as np
import pytest

from tests.data.decoders.dicom.files import dicom, ramp
from xraykit.data import Radiograph, open_radiograph
from xraykit.input_check import Screen
from xraykit.input_check.source_facts import depth_reason, expected_views, header_reasons
from xraykit.phantoms import Phantom, write_phantoms


@pytest.mark.parametrize(
    ("facts", "names"),
    [
        ({}, []),
        ({"view": "PA", "body_part": "CHEST", "modality": "DX"}, []),
        ({"view": "AP", "modality": "OT"}, []),
        ({"view": "lateral"}, ["header_view"]),
        (
            {"view": "MLO", "body_part": "BREAST", "modality": "MG"},
            ["header_view", "header_body_part", "header_modality"],
        ),
        ({"view": "PA", "body_part": "RIBCAGE"}, ["header_body_part"]),
        ({"body_part": "CHEST", "modality": "CT"}, ["header_modality"]),
    ],
)
def test_headers_that_speak_against_a_chest_radiograph_are_flagged(facts, names):
    assert [name for name, _ in header_reasons(facts)] == names


def test_views_of_the_training_part_are_expected():
    assert expected_views(()) == expected_views({"PA"}) == ("PA", "AP")
    assert expected_views({"lateral"}) == ("lateral",)
    assert expected_views({"AP", "lateral"}) == ("PA", "AP", "lateral")
    assert [name for name, _ in header_reasons({"view": "PA"}, ("lateral",))] == ["header_view"]


@pytest.mark.parametrize(
    ("sample", "white", "word"), [(None, None, ""), (12, 12, ""), (11, 12, ""), (16, 12, "bright"), (12, 16, "dark")]
)
def test_a_depth_that_does_not_fit_has_a_reason(sample, white, word):
    reason = depth_reason(sample, white)
    assert word in reason
    assert bool(reason) == bool(word)


@pytest.fixture(scope="module")
def screen(tmp_path_factory):
    root = tmp_path_factory.mktemp("phantoms")
    write_phantoms(root, Phantom(patients=30, images=60, size=64))
    pictures = [open_radiograph(path, 64).picture for path in sorted(root.rglob("*.png"))[:60]]
    return Screen.fit(np.stack(pictures)), pictures


def test_flags_of_the_source_come_with_those_of_the_picture(screen):
    fitted, pictures = screen
    good = Radiograph(pictures[0], 64, 64, 0.0)
    assert not {"header_view", "bit_depth"} & {flag.name for flag in fitted.flags(good)}
    lateral = Radiograph(pictures[0], 64, 64, 0.0, {"view": "lateral"}, white_bits=12, sample_bits=16)
    assert {"header_view", "bit_depth"} <= {flag.name for flag in fitted.flags(lateral)}


def test_views_are_kept_with_the_screen(screen):
    fitted, pictures = screen
    trained = Screen.fit(np.stack(pictures), views={"lateral"})
    assert Screen.from_values(trained.as_values()).views == ("lateral",)
    assert "views" not in fitted.as_values()
    assert Screen.from_values(fitted.as_values()).views == ("PA", "AP")


def test_the_header_reaches_the_flags(screen):
    fitted, _ = screen
    opened = open_radiograph(dicom(ramp(), BitsStored=12, ViewPosition="LL", BodyPartExamined="FOOT"), 64)
    assert {"header_view", "header_body_part"} <= {flag.name for flag in fitted.flags(opened)}
