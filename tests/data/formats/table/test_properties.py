"""Any table that a program or a person writes is read as what it means, whatever its separator, encoding and words."""

import csv
import io

import numpy as np
import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.data.files import grey, png
from xraykit.config import Data
from xraykit.data.formats.table import read_table_format
from xraykit.data.formats.table.names import plain, without_accents
from xraykit.data.formats.table.words import ABSENT, PRESENT, UNCERTAIN, meaning, sex_cells, view_cells
from xraykit.data.reading.spellings import parse_view, parse_years
from xraykit.system.tables.workbooks import cell_text

ROWS = 6
HEADERS = {
    "image": ["image", "Bilddatei", "Dateiname", "File name", "Nom du fichier", "Ruta", "PATH"],
    "patient": ["Patient", "Patienten-ID", "MRN", "ID Patient", "ID_paziente", "Subject ID"],
    "sex": ["Sex", "Geschlecht", "Sexe", "gender"],
    "age": ["Age", "Alter (Jahre)", "Âge", "edad"],
    "view": ["View Position", "Projektion", "Strahlengang"],
}
WORDS = [("1", "0"), ("ja", "nein"), ("Yes", "No"), ("oui", "non"), ("sí", "no"), ("x", ""), ("positiv", "negativ")]
WORDS += [("TRUE", "FALSE"), ("1,0", "0,0"), ("Vorhanden", "nicht vorhanden"), ("+", "-")]
LABEL = st.text(st.sampled_from("abcdefghijklmnoprstuzäöüßé ()-/"), min_size=3, max_size=16).map(str.strip)
LABELS = st.lists(
    LABEL.filter(lambda name: len(plain(name)) > 2), min_size=1, max_size=3, unique_by=(plain, without_accents)
)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tables")
    for number in range(ROWS):
        (folder / f"T{number}.png").write_bytes(png(grey()))
    return folder


@st.composite
def tables(draw):
    """Column names, rows of cells, and what they mean."""
    labels = [f"Zz {name}" for name in draw(LABELS)]
    names = {meaning: draw(st.sampled_from(choices)) for meaning, choices in HEADERS.items()}
    words = {label: draw(st.sampled_from(WORDS)) for label in labels}
    values = {label: draw(st.lists(st.booleans(), min_size=ROWS, max_size=ROWS)) for label in labels}
    for each in values.values():
        each[:2] = [True, False]
    ages = draw(st.lists(st.integers(1, 99), min_size=ROWS, max_size=ROWS))
    comma = draw(st.booleans())
    columns = {
        names["image"]: [f"T{number}.png" for number in range(ROWS)],
        names["patient"]: [f"P{1543 + number:05}" for number in range(ROWS)],
        names["sex"]: [["m", "f"][number % 2] for number in range(ROWS)],
        names["age"]: [f"{age},5" if comma else str(age) for age in ages],
        names["view"]: [["p.a.", "AP"][number % 2] for number in range(ROWS)],
        "Messwert": [f"{number},25" for number in range(ROWS)],
        "Datum": [f"0{number + 1}.05.2023" for number in range(ROWS)],
        **{label: [words[label][not each] for each in values[label]] for label in labels},
    }
    order = draw(st.permutations(list(columns)))
    return order, columns, values, [age + comma / 2 for age in ages]


def _check(root, file, expected):
    order, _, values, ages = expected
    catalog = read_table_format(Data(format="table", root=str(root), labels_file=file.name))
    labels = [name for name in order if name in values]
    assert list(catalog.labels) == labels
    np.testing.assert_array_equal(catalog.targets(), np.array([values[label] for label in labels], float).T)
    assert catalog.table["patient"].tolist() == [f"P{1543 + number:05}" for number in range(ROWS)]
    assert catalog.table["sex"].tolist() == ["M", "F"] * (ROWS // 2)
    assert catalog.table["view"].tolist() == ["PA", "AP"] * (ROWS // 2)
    assert catalog.table["age"].tolist() == ages


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    tables(),
    st.sampled_from(";,\t|"),
    st.sampled_from(["utf-8", "utf-8-sig", "cp1252", "utf-16"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["", "sep={}", "Export der Radiologie", "\n"]),
)
def test_any_export_as_text_is_understood(root, table, separator, encoding, quoting, newline, first):
    order, columns, *_ = table
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=separator, quoting=quoting, lineterminator=newline)
    writer.writerow(order)
    writer.writerows(zip(*(columns[name] for name in order), strict=True))
    head = first.format(separator)
    file = root / "any.csv"
    file.write_bytes((f"{head}{newline}{text.getvalue()}" if head else text.getvalue()).encode(encoding))
    _check(root, file, table)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(tables(), st.integers(0, 3), st.booleans())
def test_any_workbook_is_understood(root, table, titles, numbers):
    order, columns, *_ = table
    book = openpyxl.Workbook()
    sheet = book.active
    for number in range(titles):
        sheet.append([f"Titel {number}"] if number % 2 == 0 else [])
    sheet.append(list(order))
    for row in zip(*(columns[name] for name in order), strict=True):
        sheet.append([int(cell) if numbers and cell in ("0", "1") else cell or None for cell in row])
    file = root / "any.xlsx"
    book.save(file)
    _check(root, file, table)


@given(st.sampled_from(sorted(PRESENT | ABSENT | UNCERTAIN)), st.sampled_from([str.upper, str.title, str.strip]))
def test_words_mean_the_same_in_any_case(word, form):
    assert meaning(form(f" {word}")) == meaning(word)
    assert meaning(word) in ("present", "absent", "uncertain")


def test_no_word_means_two_things():
    assert not PRESENT & ABSENT
    assert not (PRESENT | ABSENT) & UNCERTAIN


@given(st.one_of(st.decimals(2, 9999, places=2).map(str), st.dates().map(str), st.text(min_size=8).filter(str.isalpha)))
def test_decimals_and_dates_and_names_are_no_labels(cell):
    known = meaning(cell) is not None
    assert not known or cell.casefold() in PRESENT | ABSENT | UNCERTAIN


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["H", "M"], ["M", "F"]),  # hombre, mujer
        (["H", "F"], ["M", "F"]),  # homme, femme
        (["m", "w"], ["M", "F"]),
        (["m", "v"], ["M", "F"]),  # man, vrouw
        (["M", "K"], ["M", "F"]),  # mężczyzna, kobieta
        (["männlich", "weiblich"], ["M", "F"]),
        (["Male", "d"], ["M", "d"]),
    ],
)
def test_letters_of_the_sex_are_read_by_the_language_of_the_column(cells, expected):
    assert sex_cells(cells, {}) == expected
    assert sex_cells(["1", "2"], {"1": "F", "2": "M"}) == ["F", "M"]


@pytest.mark.parametrize(
    ("cell", "years"),
    [("58", 58), ("58 J.", 58), ("58 Jahre", 58), ("58 ans", 58), ("6 Monate", 0.5), ("057Y", 57), ("57,5", 57.5)],
)
def test_ages_have_units_in_many_languages(cell, years):
    assert parse_years(cell) == pytest.approx(years)


@pytest.mark.parametrize(
    ("cell", "view"),
    [("p.a.", "PA"), ("Thorax a.p. liegend", "AP"), ("seitlich", "lateral"), ("Profil", "lateral"), ("Knie", None)],
)
def test_views_are_read_in_many_languages(cell, view):
    assert parse_view(view_cells([cell], {})[0]) == view
    assert view_cells(["1"], {"1": "PA"}) == ["PA"]


@given(st.integers(-(10**14), 10**14))
def test_whole_numbers_of_a_workbook_have_no_decimals(number):
    assert cell_text(float(number)) == str(number) == cell_text(number)


@given(st.integers(0, 999))
def test_zeros_that_a_format_shows_are_kept(number):
    assert cell_text(number, "00000") == f"{number:05}"


def test_long_numbers_are_not_taken_for_ids():
    """Excel keeps 15 digits: two patients might become one."""
    assert "E+" in cell_text(1234567890123456)
    assert cell_text(123456789012345) == "123456789012345"
