"""Excel workbooks are read as a person sees them, and what cannot be read is named."""

import datetime
import zipfile

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xraykit.errors import DataError
from xraykit.system.tables import read_table
from xraykit.system.tables.headers import without_titles


@pytest.fixture
def book(tmp_path):
    """Writes rows into a workbook of one sheet, and returns its path."""

    def written(*rows, change=None):
        book = openpyxl.Workbook()
        for row in rows:
            book.active.append(row)
        if change:
            change(book, book.active)
        book.save(tmp_path / "t.xlsx")
        return tmp_path / "t.xlsx"

    return written


def test_cells_are_text_as_a_person_sees_them(book):
    day = datetime.datetime(2023, 5, 31)
    cells = ["007", 7, 7.0, 0.5, True, day, day.replace(hour=8), datetime.time(8, 30), None, " a\xa0", "#N/A"]
    table = read_table(book([f"c{number}" for number in range(len(cells))], cells))
    expected = ("007", "7", "7", "0.5", "true", "2023-05-31", "2023-05-31 08:00:00", "08:30:00", "", "a", "#N/A")
    assert table.cells == (expected,)
    assert (table.sheet, table.sheets, table.separator, table.header) == ("Sheet", ("Sheet",), "", 1)
    assert len(table.sha256) == 64


def test_zeros_that_the_format_of_a_cell_shows_are_part_of_an_id(book):
    def pad(_, sheet):
        sheet["A2"].number_format = "00000"

    assert read_table(book(["id"], [1543], change=pad)).cells == (("01543",),)


def test_lines_are_rows_of_the_sheet_and_blank_ones_are_skipped(book):
    table = read_table(book(["a", "b"], [], ["1", None], [None, None], ["2", "3"]))
    assert table.lines == (3, 5)
    assert table.cells == (("1", ""), ("2", "3"))


def test_a_sheet_is_chosen_by_its_name_in_any_case(book):
    path = book(["a"], [1], change=lambda book, _: book.create_sheet("Röntgen").append(["b"]))
    assert read_table(path).columns == ("a",)
    assert read_table(path, sheet="RÖNTGEN").columns == ("b",)
    with pytest.raises(DataError, match=r"no sheet 'x'\. It has: Sheet, Röntgen"):
        read_table(path, sheet="x")


def test_a_sheet_of_a_text_is_refused(tmp_path):
    (tmp_path / "t.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match=r"no sheet 'x': it is no Excel workbook"):
        read_table(tmp_path / "t.csv", sheet="x")


def test_a_formula_without_a_stored_value_is_refused_with_its_cell(book):
    with pytest.raises(DataError, match=r"sheet Sheet, cell B2: a formula whose value was not saved"):
        read_table(book(["a", "b"], [1, "=A2+1"]))


def test_a_formula_is_its_stored_value(book, tmp_path):
    path, done = book(["a", "b"], [1, "=A2+1"]), tmp_path / "stored.xlsx"
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(done, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            stored = content.replace(b"<f>A2+1</f><v />", b"<f>A2+1</f><v>2</v>")
            target.writestr(name, stored.replace(b"<f>A2+1</f><v></v>", b"<f>A2+1</f><v>2</v>"))
    assert read_table(done).cells == (("1", "2"),)


def test_a_wrong_size_of_the_sheet_hides_no_rows(book, tmp_path):
    path, done = book(["a", "b"], [1, 2], [3, 4]), tmp_path / "wrong.xlsx"
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(done, "w") as target:
        for name in source.namelist():
            target.writestr(name, source.read(name).replace(b'ref="A1:B3"', b'ref="A1"'))
    assert read_table(done).cells == (("1", "2"), ("3", "4"))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100),
            r"an old Excel workbook \(\.xls\).*without a password as \.xlsx",
        ),
        (b"PK\x03\x04" + bytes(100), r"an Excel workbook \(\.xlsx\), an OpenDocument file \(\.ods\) or a ZIP archive"),
    ],
)
def test_other_files_of_spreadsheets_are_named(tmp_path, content, reason):
    path = tmp_path / "t.xlsx"
    path.write_bytes(content)
    with pytest.raises(DataError, match=reason):
        read_table(path)


def test_a_damaged_workbook_is_named(book, tmp_path):
    damaged = tmp_path / "damaged.xlsx"
    with zipfile.ZipFile(book(["a"], [1])) as source, zipfile.ZipFile(damaged, "w") as target:
        for name in source.namelist():
            target.writestr(name, source.read(name)[: 50 if name.startswith("xl/work") else None])
    with pytest.raises(DataError, match=r"cannot be read as an Excel workbook.*save it again"):
        read_table(damaged)


def test_a_column_that_is_required_is_missing_in_a_workbook_too(book):
    with pytest.raises(DataError, match="has no column image"):
        read_table(book(["a"], [1]), ("image",))


VALUES = ["1", "m", "0", "1", "x"]


@pytest.mark.parametrize(
    ("rows", "line", "names"),
    [
        ([["ID", "Sex", "Mass"], ["1", "m", "0"]], 1, ["ID", "Sex", "Mass"]),
        ([["Export 2023"], ["ID", "Sex", "Mass"], ["1", "m", "0"]], 2, ["ID", "Sex", "Mass"]),
        (
            [["Patient", "", "Findings", "", ""], ["ID", "Sex", "A", "B", "C"], ["1", "m", "0", "1", "x"]],
            2,
            list("ISABC"),
        ),
        ([["ID", "Sex", "Findings", "", ""], ["", "", "A", "B", "C"], ["1", "m", "0", "1", "x"]], 2, list("ISABC")),
        ([["", "ID", "Mass"], ["0", "1", "x"], ["1", "2", ""]], 1, ["", "ID", "Mass"]),
        ([["", "ID", "Mass"], ["r1", "1", "x"], ["r2", "2", ""]], 1, ["", "ID", "Mass"]),
        ([["", "ID", "Mass", "Age"], ["r1", "1", "", "7"], ["r2", "2", "", "8"]], 1, ["", "ID", "Mass", "Age"]),
    ],
)
def test_column_names_are_found_below_titles_and_merged_cells(rows, line, names):
    found = list(without_titles(iter(list(enumerate(rows, 1)))))
    assert found[0][0] == line
    assert [name[:1] for name in found[0][1]] == [name[:1] for name in names]
    assert [each for each, _ in found[1:]] == list(range(line + 1, len(rows) + 1))


@given(st.lists(st.lists(st.sampled_from(["", "a", "b", "1"]), min_size=1, max_size=4), max_size=12))
def test_no_row_below_the_column_names_is_lost(rows):
    records = [(number, row) for number, row in enumerate(rows, 1) if any(row)]
    found = list(without_titles(iter(records)))
    assert found[1:] == [record for record in records if found and record[0] > found[0][0]]
    assert bool(found) == bool(records)


def _changed(path, old, new):
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content.replace(old, new) if name.startswith("xl/worksheets/") else content)
    return path


def test_a_row_of_any_number_does_not_take_any_time(book, monkeypatch):
    monkeypatch.setattr("xraykit.system.tables.workbooks.MAX_ROWS", 1000)
    path = _changed(book(["a"], [1]), b'r="2"', b'r="9999999999"')
    with pytest.raises(DataError, match="rows beyond 1,000, the last one of a sheet"):
        read_table(_changed(path, b'r="A2"', b'r="A9999999999"'))


def test_a_small_file_that_unpacks_to_any_size_is_refused_before_it_is_unpacked(book, monkeypatch):
    monkeypatch.setattr("xraykit.system.tables.workbooks.MAX_UNPACKED", 1 << 20)
    path = _changed(book(["a"], [1]), b"</sheetData>", b"<row/>" * (1 << 18) + b"</sheetData>")
    assert path.stat().st_size < 1 << 16
    with pytest.raises(DataError, match="Expected: at most 1,048,576"):
        read_table(path)
