import numpy as np
import pytest

from xraykit.errors import DataError
from xraykit.recalibrate.sample import read_sample
from xraykit.system.tables import read_table

LABELS = ("Mass", "Nodule", "Hernia")


def read(path, text):
    path.write_text(text, encoding="utf-8")
    return read_sample(read_table(path, ("image",)), LABELS)


def test_columns_are_put_into_the_order_of_the_networks_labels(tmp_path):
    text = "Nodule,remark,patient,image,Mass\n1,?,A,a/1.png,\n0.0,,A,a/2.png,1\n,,B,b.png,0\n"
    sample = read(tmp_path / "labels.csv", text)
    np.testing.assert_array_equal(sample.targets, [[np.nan, 1, np.nan], [1, 0, np.nan], [0, np.nan, np.nan]])
    assert sample.images == ("a/1.png", "a/2.png", "b.png")
    assert sample.paths[0] == tmp_path / "a" / "1.png"
    assert sample.patients.tolist() == ["A", "A", "B"]
    assert sample.patients_known
    assert sample.absent == ("Hernia",)
    assert sample.unread == ("remark",)


def test_without_a_column_of_patients_each_radiograph_is_its_own(tmp_path):
    sample = read(tmp_path / "labels.csv", "image,Mass\na.png,1\nb.png,0\n")
    assert not sample.patients_known
    assert len(set(sample.patients)) == 2


def test_some_of_the_radiographs_can_be_taken(tmp_path):
    sample = read(tmp_path / "labels.csv", "image,Mass\na.png,1\nb.png,0\nc.png,\n").take([0, 2])
    assert sample.images == ("a.png", "c.png")
    assert [path.name for path in sample.paths] == ["a.png", "c.png"]
    np.testing.assert_array_equal(sample.targets[:, 0], [1, np.nan])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("image,Mass\na.png,1\nb.png,maybe\n", "line 3, column Mass: 'maybe'"),
        ("image,Mass\na.png,-1\n", "line 2, column Mass: '-1'"),
        ("image,Mass\na.png,0.5\n", "line 2, column Mass: '0.5'"),
        ("image,Mass\n\na.png,1\na.png,1\n", "line 4, column image: 'a.png' is already in line 3"),
        ("image,Mass\n../a.png,1\n", "line 2, column image: '../a.png' is no file below the folder"),
        ("image,Mass\n/etc/passwd,1\n", "line 2, column image: '/etc/passwd' is no file below the folder"),
        ("image,Mass\n,1\n", "line 2, column image: '' is no file below the folder"),
        ("image,patient,Mass\na.png,,1\n", "line 2, column patient: blank"),
        ("image,mass\na.png,1\n", "no column of a label"),
        ("image,Mass\n", "no rows"),
        ("picture,Mass\na.png,1\n", "no column image"),
    ],
)
def test_mistakes_are_reported_with_line_and_column(tmp_path, text, told):
    with pytest.raises(DataError) as error:
        read(tmp_path / "labels.csv", text)
    assert told in str(error.value)


def test_patients_are_one_however_their_ids_are_spelled(tmp_path, caplog):
    sample = read(tmp_path / "labels.csv", "image,patient,Mass\na.png,7,1\nb.png,7.0,0\nc.png,0007,1\nd.png,70,0\n")
    assert sample.patients.tolist() == ["7", "7", "7", "70"]
    assert "is spelled in several ways" in caplog.text
    names = read(tmp_path / "labels.csv", "image,patient,Mass\na.png,NA,1\nb.png,null,0\nc.png,Li,1\n")
    assert names.patients.tolist() == ["NA", "null", "Li"]
    with pytest.raises(DataError, match=r"line 3, column 'patient': '1.3E.05'"):
        read(tmp_path / "labels.csv", "image,patient,Mass\na.png,7,1\nb.png,1.3E+05,0\n")


def test_pictures_are_found_under_other_spellings_but_not_twice(tmp_path):
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "A.PNG").write_bytes(b"")
    sample = read(tmp_path / "labels.csv", "image;Mass\nimages\\a.jpg;1,0\ngone.png;0\n")
    assert sample.paths == (tmp_path / "images" / "A.PNG", tmp_path / "gone.png")
    with pytest.raises(DataError, match=r"line 3: .*A\.PNG is already in another line"):
        read(tmp_path / "labels.csv", "image,Mass\nimages\\a.jpg,1\nimages/A.PNG,0\n")
