"""One row per radiograph."""

import json

import numpy as np
import pandas as pd
import pytest

from xraykit.data.catalog import Catalog
from xraykit.errors import DataError

LABELS = ("Mass", "Edema")


def table(count: int = 4) -> pd.DataFrame:
    names = [f"{number}.png" for number in range(count)]
    about = {
        "image": names,
        "path": [f"/data/{name}" for name in names],
        "patient": [str(number // 2) for number in range(count)],
        "sex": ["M", "F"] * (count // 2),
        "age": np.arange(count, dtype=float),
        "view": ["PA", np.nan] * (count // 2),
    }
    targets = {"Mass": np.array([0, 1] * (count // 2), np.float32), "Edema": np.full(count, np.nan, np.float32)}
    return pd.DataFrame({**about, **targets})


def catalog(rows: pd.DataFrame | None = None, **values) -> Catalog:
    given = {"labels": LABELS, "source": "labels.csv", "label_file_sha256": "ab", **values}
    return Catalog(table() if rows is None else rows, **given)


def test_targets_are_in_the_order_of_the_labels():
    np.testing.assert_array_equal(catalog().targets(), [[0, np.nan], [1, np.nan]] * 2)
    swapped = table()[["image", "path", "patient", "sex", "age", "view", "Edema", "Mass"]]
    np.testing.assert_array_equal(catalog(swapped, labels=("Edema", "Mass")).targets()[:, 1], [0, 1, 0, 1])


@pytest.mark.parametrize("rows", [np.array([False, True, False, True]), np.array([1, 3])])
def test_taking_rows_keeps_what_belongs_together(rows):
    taken = catalog(missing_images=5).take(rows)
    assert taken.table["image"].tolist() == ["1.png", "3.png"]
    assert taken.targets()[:, 0].tolist() == [1, 1]
    assert list(taken.table.index) == [0, 1]
    assert taken.missing_images == 5


def test_rows_are_taken_in_the_order_asked_for():
    assert catalog().take(np.array([2, 0])).table["image"].tolist() == ["2.png", "0.png"]


def test_the_fingerprint_knows_labels_files_and_label_file_but_not_the_order_of_rows():
    fingerprint = catalog().fingerprint()
    assert catalog().take(np.array([3, 1, 0, 2])).fingerprint() == fingerprint
    swapped = catalog(table()[[*table().columns[:6], "Edema", "Mass"]], labels=("Edema", "Mass"))
    others = [swapped, catalog(label_file_sha256="cd"), catalog().take(np.arange(3))]
    assert len({fingerprint, *(other.fingerprint() for other in others)}) == 4


def test_the_summary_counts_and_is_plain():
    summary = catalog(missing_images=2, missing_examples=("9.png",)).summary()
    assert json.loads(json.dumps(summary)) == summary
    assert (summary["images"], summary["patients"], summary["missing_images"]) == (4, 2, 2)
    assert (summary["positive"]["Mass"], summary["negative"]["Mass"], summary["unknown"]["Edema"]) == (2, 2, 4)


def test_the_description_tells_what_was_left_out_and_what_is_unknown():
    text = catalog(missing_images=1234, missing_examples=("9.png",)).describe()
    assert "4 radiographs of 2 patients" in text
    assert "1,234 rows" in text
    assert "9.png" in text
    assert "Edema: 0 positive, 4 unknown" in text


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda rows: rows.drop(columns="age"), "columns"),
        (lambda rows: rows.assign(Mass=0.5), "0.5 for Mass"),
        (lambda rows: rows.assign(Mass=-1.0), "-1 for Mass"),
        (lambda rows: rows.assign(patient=["1", None, "2", "3"]), "Row 1 .* no patient"),
        (lambda rows: rows.assign(image="1.png"), "more than once, such as '1.png'"),
        (lambda rows: rows.iloc[1:], "index"),
    ],
)
def test_what_a_reader_may_not_return_is_refused(change, reason):
    with pytest.raises(DataError, match=reason):
        catalog(change(table()))
