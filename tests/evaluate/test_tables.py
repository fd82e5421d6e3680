"""The table of predictions of an external validation, without ids."""

import pandas as pd

from xraykit.evaluate.tables import without_ids


def test_hashes_take_the_place_of_ids_and_file_names_that_contain_these_are_reported(caplog):
    table = pd.DataFrame({"image": ["P7/a.png", "b.png", "c.png"], "patient": ["P7", "P8", "P8"]})
    hashed = without_ids(table)["patient"].tolist()
    assert hashed[1] == hashed[2] != hashed[0]
    assert not set(hashed) & {"P7", "P8"}
    assert set(hashed) != set(without_ids(table)["patient"])
    assert "the file names of 1 radiograph contain the id of their patient" in caplog.text
    caplog.clear()
    without_ids(table[1:])
    assert not caplog.text
