"""Radiographs that cannot be read, found before a training meets them."""

import cv2
import numpy as np
import pytest
from pydantic import ValidationError

from tests.data.files import grey, line, nih_root, png, section
from xraykit.data import load_parts, picture_check
from xraykit.data.catalog import check_names
from xraykit.data.decoders.choice import ends_whole
from xraykit.data.formats.nih.reading import read_nih
from xraykit.errors import DataError
from xraykit.run import main

DAMAGE = {
    "empty": lambda content: b"",
    "cut short": lambda content: content[:-20],
    "no picture": lambda content: b"<html>",
    "zeroed end": lambda content: content[:-200] + bytes(200),
}


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_a_file_that_is_not_whole_is_seen_at_a_glance(tmp_path, damage, suffix):
    path = tmp_path / f"1.{suffix}"
    cv2.imwrite(str(path), np.random.default_rng(0).integers(0, 255, (64, 64)).astype(np.uint8))
    assert ends_whole(str(path))
    path.write_bytes(DAMAGE[damage](path.read_bytes()))
    assert not ends_whole(str(path))
    assert not ends_whole(str(tmp_path / "absent.png"))


def test_a_damaged_file_is_found_even_where_it_is_not_in_the_sample(tmp_path, monkeypatch):
    monkeypatch.setattr(picture_check, "SAMPLE", 3)
    root = nih_root(tmp_path, [line(f"{number}.png", patient=str(number)) for number in range(40)])
    (root / "images" / "7.png").write_bytes(png(grey())[:50])
    data = section(root, split={"method": "patient"})
    check = picture_check.check_pictures(load_parts(data, 1, sealed_test=False), data)
    assert (check.decoded, len(check.unreadable)) == (4, 1)
    assert str(root / "images" / "7.png") in check.unreadable[0]


@pytest.mark.slow
def test_check_names_an_unreadable_file_and_what_was_not_understood(tmp_path, capsys):
    lines = [line(f"{number}.png", "Mass", str(number), more="X,pa" if number else "M,LL") for number in range(30)]
    root = nih_root(tmp_path / "nih", lines)
    arguments = [
        str(tmp_path / "a.yaml"),
        "--check",
        f"data.root={root}",
        "data.split.method=patient",
        "data.duplicates=allow",
        f"output.root={tmp_path / 'runs'}",
    ]
    (tmp_path / "a.yaml").write_text("name: a\n")
    assert main(arguments) == 0
    out = capsys.readouterr().out
    assert "# 1 radiograph left out, as the view says that they are lateral" in out
    assert "# 29 radiographs with a sex that was not understood and counts as unknown: 'X' (29)." in out
    assert "# Understood in another spelling: view of 30 radiographs." in out
    (root / "images" / "7.png").write_bytes(png(grey())[:50])
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert "1 of the 29 radiographs tried cannot be read" in error


def test_a_wrong_row_of_boxes_is_reported_when_the_data_are_read(tmp_path):
    root = nih_root(tmp_path, [line("1.png")])
    (root / "BBox_List_2017.csv").write_text("Image Index,Finding Label,Bbox [x,y,w,h],,,\n1.png,Mass,1,2,3\n")
    with pytest.raises(DataError, match=r"BBox_List_2017\.csv, line 2"):
        read_nih(section(root))


@pytest.mark.parametrize("column", ["part", "image", "patient", "Mass_logit", "site_probability", "Mass"])
def test_a_column_named_like_one_of_ours_is_refused_when_the_data_are_read(tmp_path, column):
    header = f"Image Index,Finding Labels,Patient ID,{column}"
    root = nih_root(tmp_path, [f"{number}.png,Mass,{number},a" for number in range(30)], header=header)
    # The experiment file is refused; what it cannot know of, such as a plug-in's labels, the catalog refuses.
    with pytest.raises((DataError, ValidationError), match=f"itself: {column}|'{column}'"):
        load_parts(section(root, columns=(column,), split={"method": "patient"}), 1, sealed_test=False)
    with pytest.raises(DataError, match=f"names that xraykit uses itself: {column}"):
        check_names((column,), ("Mass",))
