"""The ids of patients in a text table and in an Excel workbook: one spelling each, or refused with the line."""

import openpyxl
import pytest

from tests.data.files import png, textured
from xraykit.config import load_experiment
from xraykit.data import read_catalog
from xraykit.errors import DataError


@pytest.fixture(params=["csv", "xlsx"])
def catalog_of(request, tmp_path):
    def read(ids):
        rows = [["image", "patient", "Effusion"], *([f"{n}.png", each, str(n % 2)] for n, each in enumerate(ids))]
        for number in range(len(ids)):
            (tmp_path / f"{number}.png").write_bytes(png(textured(32, seed=number)))
        if request.param == "csv":
            (tmp_path / "labels.csv").write_text("\n".join(map(",".join, rows)))
        else:
            book = openpyxl.Workbook()
            for row in rows:
                book.active.append(row)
            book.save(tmp_path / "labels.xlsx")
        values = {"format": "table", "root": str(tmp_path), "labels": ["Effusion"], "split": {"method": "patient"}}
        return read_catalog(load_experiment({"data": values}).data)

    return read


def test_zeros_decimals_and_case_do_not_make_another_patient(catalog_of):
    catalog = catalog_of(["7", "0007", "7.0", "P01", "p01", "8"])
    assert catalog.table["patient"].tolist() == ["7", "7", "7", "P01", "P01", "8"]
    assert catalog.several_spellings == 2


def test_scientific_notation_is_refused_with_its_line(catalog_of):
    with pytest.raises(DataError, match=r"line 5, column 'patient': '1\.3E\+05'.*with all its digits"):
        catalog_of(["7", "0007", "7.0", "1.3E+05", "9", "8"])
