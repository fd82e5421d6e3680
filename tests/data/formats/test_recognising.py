"""Each layout of phantoms is recognised by the format that reads it, and what is proposed can be read."""

import pytest

from tests.data.files import line, nih_root
from xraykit.config import load_experiment
from xraykit.data import load_parts, read_catalog
from xraykit.data.formats.nih.recognising import recognise_nih
from xraykit.phantoms import LAYOUTS, layout_named, write_phantoms
from xraykit.phantoms.settings import Phantom
from xraykit.registry import FORMATS

OURS = {
    "vindr": "vindr",
    "rsna": "rsna",
    "chestmnist": "chestmnist",
    "folder": "folder",
    "covid": "folder",
    "nih": "phantom",
}
SETTINGS = Phantom(patients=24, images=32, size=32, prevalence=0.2, seed=7)


@pytest.mark.parametrize("layout", OURS)
def test_a_layout_is_recognised_by_its_format_and_what_is_proposed_can_be_read(tmp_path, layout):
    write_phantoms(tmp_path / "set", SETTINGS, layout=layout)
    found = {name: _found(name, tmp_path / "set") for name in {*OURS.values(), "nih"}}
    assert [name for name, each in found.items() if each is not None] == [OURS[layout]]
    data = {"format": OURS[layout], "root": str(tmp_path / "set"), **found[OURS[layout]].data}
    parts = load_parts(load_experiment({"data": data}).data, 7, sealed_test=True)
    assert min(parts.sizes.values()) > 0
    assert sum(parts.sizes.values()) >= 24


def _found(name, root):
    return FORMATS.get(name).recognise(root)


@pytest.mark.parametrize("layout", ["vindr", "rsna"])
def test_sex_age_and_view_come_from_the_header(tmp_path, layout):
    write_phantoms(tmp_path / "set", SETTINGS, layout=layout)
    data = {"root": str(tmp_path / "set"), **layout_named(layout).data}
    table = read_catalog(load_experiment({"data": data}).data).table
    assert not table[["sex", "age", "view"]].isna().any().any()


def test_the_nih_collection_is_recognised_with_its_lists_or_without(tmp_path):
    assert recognise_nih(tmp_path) is None
    nih_root(tmp_path, [line("1.png")], pictures={})
    found = recognise_nih(tmp_path)
    assert found.found == "Data_Entry_2017_v2020.csv with the columns of the NIH, without the official lists"
    assert found.data == {"split": {"method": "patient"}}
    assert "pictures in the folder images" in found.missing[0]
    for name in ("train_val_list.txt", "test_list.txt"):
        (tmp_path / name).write_text("1.png\n")
    nih_root(tmp_path, [line("1.png")], pictures={"images_001/images": ["1.png"]})
    found = recognise_nih(tmp_path)
    assert (found.data, found.missing) == ({}, ())
    assert "train_val_list.txt and test_list.txt" in found.found


def test_a_table_of_the_same_name_with_other_columns_is_not_taken_for_it(tmp_path):
    (tmp_path / "Data_Entry_2017.csv").write_text("image;finding\n")
    assert recognise_nih(tmp_path) is None


def test_every_layout_here_exists():
    assert set(OURS) <= set(LAYOUTS)
