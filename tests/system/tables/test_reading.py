"""The one reader of tables."""

import csv
import gzip
import hashlib
import io
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import NIH, needs_nih
from xraykit.errors import DataError
from xraykit.system.tables import columns_of, content, read_list, read_table
from xraykit.system.tables.content import Content
from xraykit.system.tables.reading import MAX_COLUMNS, SEPARATORS, parse_table

AWKWARD = [
    "NA",
    "nan",
    "null",
    "None",
    "7",
    "7.0",
    "0013",
    "1.3E+05",
    "1e5",
    "True",
    "-",
    "#N/A",
    'say "x"',
    "a,b;c|d\te",
]
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=8)
CELL = st.one_of(TEXT.map(lambda text: text.strip().strip("\ufeff\u200b").strip()), st.sampled_from(AWKWARD))
NAMES = st.lists(CELL.filter(bool), min_size=1, max_size=4, unique_by=str.casefold).filter(
    lambda names: "image" not in map(str.casefold, names)
)


def as_text(rows, separator, quoting=csv.QUOTE_MINIMAL, newline="\n"):
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=separator, quoting=quoting, lineterminator=newline).writerows(rows)
    return text.getvalue()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("tables")


@given(
    NAMES,
    st.data(),
    st.sampled_from(SEPARATORS),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    st.booleans(),
)
def test_any_table_comes_back_as_it_was_written(folder, names, data, separator, quoting, newline, encoding, stated):
    width = len(names) + 1
    row = st.lists(CELL, min_size=width, max_size=width).filter(any)
    rows = data.draw(st.lists(row, max_size=4))
    place = data.draw(st.integers(0, len(names)))
    header = [*names[:place], "image", *names[place:]]
    text = as_text([header, *rows], separator, quoting, newline)
    text = f"sep={separator}{newline}{text}" if stated else text
    file = folder / "any.csv"
    file.write_bytes(text.encode(encoding))
    table = read_table(file, ("image",))
    assert table.columns == tuple(header)
    assert table.cells == tuple(map(tuple, rows))
    assert table.lines == tuple(range(2 + stated, 2 + stated + len(rows)))
    assert table.separator == separator


@given(st.lists(st.tuples(CELL.filter(bool), CELL), min_size=1, max_size=4), st.sampled_from(["cp1252", "utf-16-le"]))
def test_encodings_without_a_mark_are_found(folder, rows, encoding):
    text = as_text([("image", "Größe in €"), *rows], ",")
    file = folder / "unmarked.csv"
    try:
        file.write_bytes(text.encode(encoding))
    except UnicodeEncodeError:
        return
    if encoding == "utf-16-le" and not text.isascii():
        # What holds few Latin letters cannot be told from other text.
        text = as_text([("image", "size"), *rows], ",")
        if not text.isascii():
            return
        file.write_bytes(text.encode(encoding))
    assert read_table(file, ("image",)).cells == tuple(rows)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_with_the_name_of_the_file(folder, content):
    file = folder / "bytes.csv"
    for data in (content, b"image,Mass\n" + content):
        file.write_bytes(data)
        try:
            read_table(file)
        except DataError as error:
            if "bytes.csv" not in str(error):
                raise


def test_blank_lines_and_blanks_around_cells_are_left_out_and_lines_are_counted_as_in_the_file(tmp_path):
    file = tmp_path / "a.csv"
    file.write_text('\n image ; Mass ;;\n\n a.png; 1\n;;\n"b\nc.png" ;0 ;\n'.replace('" ;', '";'), encoding="utf-8")
    table = read_table(file, ("image",))
    assert table.columns == ("image", "Mass")
    assert table.cells == (("a.png", "1"), ("b\nc.png", "0"))
    assert table.lines == (4, 6)


def test_escaped_formulas_are_restored_only_in_tables_that_xraykit_wrote(tmp_path):
    (tmp_path / "a.csv").write_text("image,'=x\n'-1.png,''@\n", encoding="utf-8")
    assert read_table(tmp_path / "a.csv").cells == (("'-1.png", "''@"),)
    table = read_table(tmp_path / "a.csv", escaped=True)
    assert (table.columns, table.cells) == (("image", "=x"), (("-1.png", "'@"),))


def test_a_name_with_another_separator_does_not_mislead(tmp_path):
    file = tmp_path / "a.csv"
    file.write_text("a,b,c,d;image\n1,2;x.png\n", encoding="utf-8")
    assert read_table(file, ("image",)).cells == (("1,2", "x.png"),)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b"image,Mass\na.png,1,2\n", "line 2: 3 cells. Expected: 2"),
        (b"image,image\n", "two columns of the same name: image"),
        (b"picture,Mass\n", "no column image.*Received: picture, Mass"),
        (b'image,Mass\n"a.png,1\nb.png,0\n', "line 2: unexpected end of data"),
        (b'image,Mass\n"a.png"x,1\n', "line 2: .*expected after"),
        (b"image,Mass\na.png,1\0\n" + b"x" * 400, r"line 2: a NUL"),
        (b"PK\x03\x04 [Content_Types].xml", r"Excel workbook.*Save it as CSV"),
        (b"\xd0\xcf\x11\xe0", "Excel workbook"),
        (b"\x1f\x8b\x08", "gzip"),
        (b"\x89PNG\r\n", "PNG"),
        (b"\0" * 128 + b"DICM", "DICOM"),
        (b"image,\x81\n", "cannot be read as utf-8 or cp1252"),
        (b",".join(b"c%d" % number for number in range(MAX_COLUMNS + 1)), "columns in its first line"),
        (b"image\n" + b"x" * 140_000, "field larger than field limit"),
    ],
)
def test_what_is_no_table_is_refused_with_the_reason(tmp_path, content, reason):
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(DataError, match=rf"(?s)a\.csv.*{reason}"):
        read_table(tmp_path / "a.csv", ("image",))


def test_a_compressed_table_is_read_and_its_hash_is_that_of_the_file(tmp_path):
    file = tmp_path / "a.csv.gz"
    file.write_bytes(gzip.compress(b"image;Mass\na.png;1\n") + gzip.compress(b"b.png;0\n"))
    table = read_table(file, ("image",))
    assert table.cells == (("a.png", "1"), ("b.png", "0"))
    assert table.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    assert columns_of(file) == ("image", "Mass")


@pytest.mark.parametrize("kept", [slice(0, -6), slice(0, 12), slice(0, 2)])
def test_a_damaged_compressed_table_is_refused(tmp_path, kept):
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(b"image,Mass\n" + b"a.png,1\n" * 50)[kept])
    with pytest.raises(DataError, match=r"a\.csv\.gz is damaged: .*Download or copy it again"):
        read_table(tmp_path / "a.csv.gz")


def test_a_compressed_table_may_not_fill_the_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(content, "MAX_BYTES", 10_000)
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(b"image\n" * 10_000))
    with pytest.raises(DataError, match=r"contains more than 10,000 bytes"):
        read_table(tmp_path / "a.csv.gz")


@pytest.mark.parametrize("start", [b"", b"PK\x03\x04", b"\x89PNG", b"\x1f\x8b\x08", b"a" * 100_000])
def test_columns_of_what_is_no_table_are_none_or_a_text(tmp_path, start):
    (tmp_path / "a.csv").write_bytes(start)
    assert len(columns_of(tmp_path / "a.csv")) <= 1
    assert columns_of(tmp_path / "nowhere.csv") == ()


def test_a_short_row_is_filled_up_only_where_it_may_be(tmp_path):
    (tmp_path / "a.csv").write_text("image,Mass,Edema\na.png,1\n", encoding="utf-8")
    assert read_table(tmp_path / "a.csv").cells == (("a.png", "1", ""),)
    with pytest.raises(DataError, match=r"line 2: 2 cells. Expected: 3.*cut short"):
        read_table(tmp_path / "a.csv", short_rows=False)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes of this system have no name")
def test_pipes_devices_and_folders_are_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    for path in (tmp_path / "pipe.csv", tmp_path, tmp_path / "absent.csv", "/dev/zero"):
        with pytest.raises(DataError, match=r"cannot be read: (it is a (FIFO|folder|device), not|No such file)"):
            read_table(path)


def test_a_file_that_is_too_large_is_refused_before_it_is_read(tmp_path):
    with (tmp_path / "large.csv").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(DataError, match="1,099,511,627,776 bytes"):
        read_table(tmp_path / "large.csv")


def test_a_reading_in_windows_1252_is_reported(tmp_path, caplog):
    (tmp_path / "a.csv").write_bytes("image,Größe\nä.png,1\n".encode("cp1252"))
    assert read_table(tmp_path / "a.csv").cells == (("ä.png", "1"),)
    assert "Windows-1252" in caplog.text


def test_columns_are_found_whatever_their_case():
    table = parse_table(Content("a.csv", "Image Index,patient id\n1.png,7\n", "utf-8", ""))
    assert (table.place("Patient", "Patient ID"), table.place("Sex"), table.place("Image Index")) == (1, None, 0)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_lists_hold_names_with_blanks_in_any_encoding(tmp_path, encoding):
    (tmp_path / "list.txt").write_bytes('a b.png\r\n\r\n  c ü.png \r\n"d, e.png"'.encode(encoding))
    assert read_list(tmp_path / "list.txt") == ("a b.png", "c ü.png", "d, e.png")


@needs_nih
def test_nihs_own_files_are_read():
    table = read_table(NIH / "BBox_List_2017.csv", ("Image Index",))
    assert (len(table), table.columns) == (984, ("Image Index", "Finding Label", "Bbox [x", "y", "w", "h]"))
    assert len(read_list(NIH / "test_list.txt")) == 25_596
