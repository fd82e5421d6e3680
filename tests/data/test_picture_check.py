"""What ``--check`` finds in the picture files."""

import re

import pytest

from tests.data.files import grey, line, nih_root, png, section, textured
from tests.data.leakage.test_duplicates import data_root, images_of, parts_of
from xraykit.data import picture_check
from xraykit.data.picture_check import check_pictures, describe_unreadable
from xraykit.run import main


def check_command(root, *more: str) -> int:
    values = ["data.labels=[Mass, Edema]", "data.split.method=patient", "data.image_size=32", *more]
    file = root.parent / "experiment.yaml"
    file.write_text("name: check\n")
    return main([str(file), "--check", f"data.root={root}", f"output.root={root.parent / 'runs'}", *values])


def test_all_whole_pictures_are_reported_to_be_so(tmp_path):
    root = data_root(tmp_path)
    check = check_pictures(parts_of(root), section(root, image_size=32))
    assert (check.decoded, check.of, check.unreadable) == (30, 30, ())
    assert describe_unreadable(check) == "# Pictures: all were decoded and can be read."
    assert check.training == tuple(images_of(parts_of(root), "train"))
    assert len(check.radiographs) == len(check.training)


def test_of_many_pictures_a_sample_is_decoded_and_its_size_is_stated(tmp_path, monkeypatch):
    monkeypatch.setattr(picture_check, "SAMPLE", 4)
    root = data_root(tmp_path)
    check = check_pictures(parts_of(root), section(root, image_size=32))
    assert "4 of 30, evenly taken, were decoded and can be read" in describe_unreadable(check)


def test_the_command_lists_unreadable_files_with_reasons_and_fails(tmp_path, capsys):
    root = data_root(tmp_path)
    (root / "images" / "03.png").write_bytes(b"<html>")
    (root / "images" / "04.png").write_bytes(png(grey())[:50])
    assert check_command(root) == 2
    output = capsys.readouterr()
    assert re.search(r"all were tried, and 2 of them cannot be read:\n.*03\.png.*<html>.*\n.*04\.png.*cut", output.out)
    assert "2 of the 30 radiographs tried cannot be read" in output.err
    assert "Traceback" not in output.err


def test_the_command_refuses_copies_across_parts_unless_they_are_allowed(tmp_path, capsys):
    root = data_root(tmp_path)
    for number in range(1, 30):
        (root / "images" / f"{number:02d}.png").write_bytes((root / "images" / "00.png").read_bytes())
    assert check_command(root) == 2
    output = capsys.readouterr()
    assert "Under more than one name: 1 image file (" in output.out
    assert "data.duplicates" in output.err
    assert check_command(root, "data.duplicates=allow") == 0


def test_the_command_names_odd_training_pictures(tmp_path, capsys):
    root = nih_root(tmp_path / "nih", [line(f"{n:02d}.png", "Mass", patient=str(n)) for n in range(40)])
    for number in range(40):
        pixels = textured(24) if number % 10 else 255 - textured(24)
        pixels[0, 0] = number
        (root / "images" / f"{number:02d}.png").write_bytes(png(pixels))
    assert check_command(root) == 0
    output = capsys.readouterr().out
    (names,) = re.findall(r"training pictures seem with black and white exchanged: (.*)\.", output)
    assert set(names.split(", ")) <= {"00.png", "10.png", "20.png", "30.png"}


@pytest.mark.parametrize("kind", ["constant", "elongated", "coloured"])
def test_the_command_names_pictures_that_no_radiograph_looks_like(tmp_path, capsys, kind):
    root = data_root(tmp_path)
    odd = {
        "constant": grey(side=24),
        "elongated": textured(64)[:20],
        "coloured": textured(24)[..., None].repeat(3, 2) // (1, 2, 3),
    }
    odd["coloured"] = odd["coloured"].astype("uint8")
    name = images_of(parts_of(root), "train")[0]
    (root / "images" / name).write_bytes(png(odd[kind]))
    assert check_command(root, "data.split.train=0.6", "data.split.validation=0.2") == 0
    called = {"constant": "all one grey", "elongated": "more than twice as long", "coloured": "coloured"}[kind]
    assert re.search(rf"training pictures seem {called}.*{name}", capsys.readouterr().out)
