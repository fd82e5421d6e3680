"""View, sex and age of DICOM files fill in what the label file lacks; other collections are not opened for it."""

import numpy as np
import pytest

from tests.data.decoders.dicom.files import NAME, dicom, ramp
from tests.data.files import grey, png
from xraykit.config import Data
from xraykit.data import header_facts, read_catalog, reading_facts, remarks
from xraykit.data.header_facts import is_chest
from xraykit.predict.sources import pictures_of

PIXELS = ramp(side=16)


def table_of(root, lines, files):
    root.mkdir(exist_ok=True)
    (root / "labels.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    for name, content in files.items():
        (root / name).write_bytes(content)
    columns = {name: name for name in ("sex", "age", "view") if name in lines[0].split(",")}
    return Data(format="table", root=str(root), labels=("Mass",), views="all", table=columns)


def header(**elements):
    return dicom(PIXELS, BitsStored=12, **elements)


def test_blank_cells_and_absent_columns_come_from_the_header(tmp_path):
    data = table_of(
        tmp_path,
        ["image,patient,Mass,sex", "a.dcm,p1,1,F", "b.dcm,p2,0,", "IM000001,p3,0,"],
        {
            "a.dcm": header(ViewPosition="AP", PatientSex="M", PatientAge="058Y"),
            "b.dcm": header(ViewPosition="LL", PatientSex="M"),
            "IM000001": header(PatientSex="O", PatientAge="011M", BodyPartExamined="FOOT"),
        },
    )
    catalog = read_catalog(data)
    table = catalog.table.set_index("image")
    assert table["view"].fillna("").to_dict() == {"a.dcm": "AP", "b.dcm": "lateral", "IM000001": ""}
    assert table["sex"].fillna("").to_dict() == {"a.dcm": "F", "b.dcm": "M", "IM000001": ""}
    # 1957-11-03 to 2020-01-01 are 62 years.
    np.testing.assert_allclose(table["age"].to_numpy(float), [58, 62, 0.92])
    assert catalog.from_header == {"view": 2, "sex": 1, "age": 3}
    assert catalog.other_body_parts == {"FOOT": 1}
    said = remarks(reading_facts(catalog))
    assert (
        "Taken from the header of the picture file: view of 2 radiographs, sex of 1 radiograph, age of 3 radiographs."
        in said
    )
    assert any("FOOT (1)" in sentence for sentence in said)


def test_views_of_the_header_are_filtered_as_those_of_a_table(tmp_path):
    lines = ["image,patient,Mass", "a.dcm,p1,1", "b.dcm,p2,0", "c.dcm,p3,0"]
    files = {
        "a.dcm": header(ViewPosition="PA"),
        "b.dcm": header(ViewPosition="LL"),
        "c.dcm": header(ViewPosition="LLO"),
    }
    data = table_of(tmp_path, lines, files).model_copy(update={"views": None})
    catalog = read_catalog(data)
    assert catalog.table["image"].tolist() == ["a.dcm"]
    assert (catalog.laterals, catalog.other_views) == (1, 1)


def test_no_file_is_opened_where_pictures_have_no_header(tmp_path, monkeypatch):
    monkeypatch.setattr(header_facts, "facts_of", lambda path: pytest.fail("opened"))
    data = table_of(tmp_path, ["image,patient,Mass", "a.png,p1,1"], {"a.png": png(grey())})
    assert read_catalog(data).from_header == {}


def test_no_file_is_opened_where_the_table_is_complete(tmp_path, monkeypatch):
    monkeypatch.setattr(header_facts, "facts_of", lambda path: pytest.fail("opened"))
    data = table_of(tmp_path, ["image,patient,Mass,sex,age,view", "a.dcm,p1,1,F,50,PA"], {"a.dcm": header()})
    assert read_catalog(data).from_header == {}


def test_damaged_headers_say_nothing(tmp_path):
    data = table_of(tmp_path, ["image,patient,Mass", "a.dcm,p1,1"], {"a.dcm": header()[:200]})
    assert read_catalog(data).from_header == {}


def test_a_folder_of_dicom_files_without_suffix_is_found(tmp_path):
    files = ["IM000001", "1.2.840.850819", "b.DCM"]
    for name in files:
        (tmp_path / name).write_bytes(header())
    (tmp_path / "README").write_text("no picture", encoding="utf-8")
    (tmp_path / "DICOMDIR").write_bytes(header())
    (tmp_path / ".IM2").write_bytes(header())
    assert pictures_of([str(tmp_path)]) == sorted(str(tmp_path / name) for name in files)


@pytest.mark.parametrize("part", ["CHEST", "THORAX", "PORT CHEST", "TORAX", "CHESTABDOMEN", "LUNG"])
def test_chests_are_chests(part):
    assert is_chest(part)


@pytest.mark.parametrize("part", ["TSPINE", "THORACIC SPINE", "BREAST", "EXTREMITY", "RIBCAGE", "ABDOMEN"])
def test_other_body_parts_are_not(part):
    assert not is_chest(part)


def test_facts_name_no_patient(tmp_path):
    data = table_of(tmp_path, ["image,patient,Mass", "a.dcm,p1,1"], {"a.dcm": header(PatientSex="F")})
    catalog = read_catalog(data)
    assert NAME not in str(catalog.table.to_dict())
    assert "1957" not in str(catalog.table.to_dict()) + str(reading_facts(catalog))
