"""What `--check` shows besides counts: labels without positives, sizes and depths, and a sample sheet with boxes."""

import json

import cv2
import numpy as np
import pytest
import yaml

from tests.data.files import grey, line, nih_root, png
from xraykit.check.experiment import SHEET
from xraykit.check.labels import missing_positives
from xraykit.check.pictures import describe_sources
from xraykit.check.sheet import MOST, caption, choose
from xraykit.config import Data
from xraykit.data import load_parts
from xraykit.run import main


@pytest.fixture
def root(tmp_path):
    rows = [line(f"{n}.png", "Mass" if n < 15 else "Hernia" if n == 20 else "No Finding", str(n)) for n in range(40)]
    root = nih_root(tmp_path / "nih", rows)
    for number in range(40):
        (root / "images" / f"{number}.png").write_bytes(png((grey() + number).astype(np.uint8)))
    (root / "BBox_List_2017.csv").write_text(
        "Image Index,Finding Label,Bbox [x,y,w,h],,,\n" + "".join(f"{n}.png,Mass,256,256,512,512\n" for n in range(15))
    )
    return root


def _check(root, *more):
    file = root.parent / "e.yaml"
    file.write_text("name: sample\n")
    values = [f"data.root={root}", "data.labels=[Mass, Hernia]", "data.split.method=patient", "data.image_size=64"]
    return main([str(file), "--check", *values, f"output.root={root.parent / 'runs'}", *more])


def test_check_shows_views_sizes_depths_boxes_and_labels_without_positives(root, capsys):
    assert _check(root) == 0
    out = capsys.readouterr().out
    assert "# Boxes: 15 in BBox_List_2017.csv (Mass 15), 15 of them on radiographs that are used" in out
    assert "# Bit depths of these: 8 bits (40)." in out
    assert "# Sizes of these: " in out
    assert "view PA" in out
    warnings = [each for each in out.splitlines() if "Hernia has no positive in the" in each]
    assert len(warnings) == 1
    assert "of 1 in all" in warnings[0]


def test_the_sample_sheet_shows_boxes_and_its_path_is_printed(root, capsys):
    assert _check(root) == 0
    path = root.parent / "runs" / "sample" / SHEET
    assert f"# Sample sheet of the training part, as the network sees it: {path}" in capsys.readouterr().out
    sheet = cv2.imread(str(path))
    blue = np.abs(sheet.astype(int) - [0xE9, 0xB4, 0x56]).sum(axis=2) < 30
    assert blue.sum() > 200
    (root / "BBox_List_2017.csv").unlink()
    assert _check(root) == 0
    sheet = cv2.imread(str(path))
    assert not (np.abs(sheet.astype(int) - [0xE9, 0xB4, 0x56]).sum(axis=2) < 30).any()


def test_a_sheet_that_cannot_be_written_does_not_fail_the_check(root, capsys):
    (root.parent / "runs").write_text("a file")
    assert _check(root) == 0
    assert "# Sample sheet: not written." in capsys.readouterr().out


def test_each_label_is_shown_and_some_boxes():
    targets = np.zeros((200, 3), np.float32)
    targets[150, 0] = targets[160, 1] = 1
    has_boxes = [40 <= index < 60 for index in range(200)]
    chosen = choose(targets, has_boxes, 7)
    assert chosen == sorted(set(chosen))
    assert len(chosen) == MOST
    assert {150, 160} <= set(chosen)
    assert sum(has_boxes[index] for index in chosen) >= 8
    assert choose(targets, has_boxes, 7) == chosen


def test_captions_name_findings_and_what_is_unknown():
    labels = ("Pleuraerguss", "Herzvergrößerung")
    assert caption(labels, np.array([1, 1])) == "Pleuraerguss, Herzvergrößerung"
    assert caption(labels, np.array([0, 0])) == "none of the labels"
    assert caption(labels, np.array([np.nan, np.nan])) == "unknown"


def test_a_label_with_positives_in_each_part_gets_no_warning(root):
    data = Data(root=str(root), labels=("Mass", "Hernia"), split={"method": "patient"})
    assert list(missing_positives(load_parts(data, 7, sealed_test=False))) == ["Hernia"]


def test_a_label_without_positives_gets_one_warning(root, capsys):
    assert _check(root, "data.labels=[Mass, Hernia, Edema]") == 0
    warnings = [line for line in capsys.readouterr().out.splitlines() if line.startswith("# Warning: ")]
    named = [line.split()[2] for line in warnings]
    assert named.count("Edema") == 1
    assert named.count("Hernia") == 1
    assert named.count("Mass") == 1  # Too few patients for a threshold.
    assert any(
        "Edema has no positive in any part: it cannot be learnt and will have no prob" in line for line in warnings
    )


def test_many_sizes_are_summed_up():
    text = " ".join(describe_sources([(1000 + side, 900, 8 if side % 2 else 16) for side in range(20)]))
    assert "and 15 others, sides of 900 to 1,019 pixels" in text
    assert "Bit depths of these: 16 bits (10), 8 bits (10)." in text
    assert describe_sources([]) == []


def test_a_program_gets_the_facts_as_one_document(root, capsys):
    assert _check(root, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["labels"] == ["Mass", "Hernia"]
    assert sum(part["radiographs"] for part in found["parts"].values()) == 40
    assert sum(part["positives"]["Mass"] for part in found["parts"].values()) == 15
    assert found["boxes"] == 15
    assert found["pictures"] == {"decoded": 40, "of": 40, "unreadable": []}
    assert found["changed"]["data"]["labels"] == ["Mass", "Hernia"]
    assert "training" not in found["changed"]
    assert found["experiment"]["training"]["epochs"] > 0
    assert any("Hernia has no positive in the" in warning for warning in found["warnings"])
    assert found["sheets"][0] == str(root.parent / "runs" / "sample" / SHEET)


def test_what_differs_from_the_defaults_is_shown_and_with_all_every_key(root, capsys):
    assert _check(root, "training.epochs=3") == 0
    changed = yaml.safe_load(capsys.readouterr().out.partition("\n# Data:")[0])
    assert changed["training"] == {"epochs": 3}
    assert changed["data"]["image_size"] == 64
    assert set(changed) == {"name", "data", "training", "output"}
    assert _check(root, "training.epochs=3", "--all") == 0
    everything = yaml.safe_load(capsys.readouterr().out.partition("\n# Data:")[0])
    assert everything["training"]["batch_size"] > 0
    assert set(everything) > {"name", "seed", "data", "model", "training", "evaluation", "output"}
