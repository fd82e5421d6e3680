"""What a hospital writes about people in its table is neither quoted nor taken for a label."""

import pytest

from tests.data.files import grey, png
from xraykit.config import load_experiment
from xraykit.data import read_catalog
from xraykit.errors import DataError, XraykitError

SECRET = "Frau Geheim, geb. 22.07.1933, hat einen Erguss"


def _rows(cells):
    return [(f"{n}.png", n, cell) for n, cell in enumerate(cells)]


def _export(root, header, *rows, **values):
    (root / "t.csv").write_text("\n".join(";".join(map(str, row)) for row in [header.split(";"), *rows]))
    (root / "0.png").write_bytes(png(grey()))
    return read_catalog(load_experiment({"data": {"format": "table", "root": str(root), **values}}).data)


def test_a_message_quotes_the_beginning_of_a_cell_alone(tmp_path):
    (tmp_path / "t.csv").write_text(f'image,patient,Mass,Bemerkung\n0.png,1,1,"{SECRET}"\n1.png,2,0,0\n')
    (tmp_path / "0.png").write_bytes(png(grey()))
    for changes in ({"labels": ["Bemerkung"]}, {"table": {"split": "Bemerkung"}, "labels": ["Mass"]}):
        values = {"format": "table", "root": str(tmp_path), **changes}
        with pytest.raises(XraykitError, match=r"line 2, column Bemerkung: 'Frau") as error:
            read_catalog(load_experiment({"data": values}).data)
        assert "1933" not in str(error.value)


@pytest.mark.parametrize("count", [8, 40])
def test_free_text_becomes_no_label_and_is_not_quoted(tmp_path, count):
    with pytest.raises(XraykitError, match=f"{count} different findings, of which {count} are named once") as error:
        _export(tmp_path, "image;patient;Befund", *_rows(f"{SECRET.replace(',', '')} {n}" for n in range(count)))
    assert "Geheim" not in str(error.value)


def test_a_finding_that_no_list_names_is_refused_without_quoting_free_text(tmp_path):
    cells = [*(f"{SECRET.replace(',', '')} {n}" for n in range(9)), *["Mass"] * 5]
    with pytest.raises(DataError, match=r"Unknown finding 'Nodule'\. Known: mass") as error:
        _export(tmp_path, "image;patient;Befund", *_rows(cells), labels=["Nodule"])
    assert "geheim" not in str(error.value).casefold()


@pytest.mark.parametrize("cell", ["[" + "-" * 9000 + "1]", "['a', {[]: 1}]", "[" * 9000 + "]", f"['a'{', 1' * 9000}]"])
def test_lists_that_are_too_deep_or_too_long_are_read_as_texts(tmp_path, cell):
    catalog = _export(tmp_path, "image;patient;Findings", *_rows([*["['Mass']"] * 19, cell]), labels=["Mass"])
    assert catalog.targets()[:, 0].tolist() == [1.0]
