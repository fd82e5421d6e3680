"""Which pictures a command line means."""

import pytest

from tests.data.files import grey, png
from xraykit.errors import DataError
from xraykit.predict.sources import pictures_of


def put(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(png(grey()))
    return folder


def found(folder, *arguments):
    return [path.removeprefix(f"{folder}/") for path in pictures_of([str(folder / each) for each in arguments])]


def test_folders_behind_symbolic_links_are_read_and_a_loop_ends(tmp_path):
    put(tmp_path / "elsewhere", "b.PNG", "deep/c.jpg")
    put(tmp_path / "here", "a.png")
    (tmp_path / "here" / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "loop").symlink_to(tmp_path / "here")
    assert found(tmp_path, "here") == ["here/a.png", "here/link/b.PNG", "here/link/deep/c.jpg"]


def test_what_macos_leaves_is_no_picture(tmp_path):
    put(tmp_path, "a.png", "._a.png", ".DS_Store", "__MACOSX/a.png")
    assert found(tmp_path, ".") == ["a.png"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("image;age\na.png;57,5\n", "a.png"),
        ("sep=;\nage;image\n1;a.png\n", "a.png"),
        ("image\tage\n a.png \t1\n", "a.png"),
        ("image\nA.PNG\n", "a.png"),
        ("image\na.jpg\n", "a.png"),
        ("image\nsub\\\\b.png\n", "sub/b.png"),
        ("Image Index\n1.0.png\n", "images_001/images/1.0.png"),
        ("path\nNA\n", "images/NA.png"),
        ("image\ngone.png\n", "gone.png"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_tables_of_all_kinds_are_read_and_names_found_in_other_spellings(tmp_path, text, expected, encoding):
    put(tmp_path, "a.png", "sub/b.png", "images/NA.png", "images_001/images/1.0.png")
    (tmp_path / "table.csv").write_bytes(text.replace("\\\\", "\\").encode(encoding))
    assert found(tmp_path, "table.csv") == [expected]


def test_a_workbook_is_refused_with_what_to_do(tmp_path):
    (tmp_path / "table.xlsx").write_bytes(b"PK\x03\x04")
    with pytest.raises(DataError, match=r"table\.xlsx is an Excel workbook.*Save it as CSV"):
        found(tmp_path, "table.xlsx")


@pytest.mark.parametrize("name", ["../secret.png", "..\\secret.png", "/etc/passwd"])
def test_a_table_does_not_lead_out_of_its_folder(tmp_path, name):
    put(tmp_path, "secret.png")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "table.csv").write_text(f"image\n{name}\n")
    if "\\" in name:
        # On this system it is the name of a file that is not there.
        assert found(tmp_path, "in/table.csv") == [f"in/{name}"]
        return
    with pytest.raises(DataError, match=r"line 2: .* is outside its folder"):
        found(tmp_path, "in/table.csv")
