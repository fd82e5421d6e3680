"""The command on the bundle of an ensemble: the spread of its members is in CSV and JSON, overlays are their mean."""

import json
import signal

import cv2
import pandas as pd
import pytest

from tests.bundle.runs import LABELS
from xraykit.bundle import load_model
from xraykit.predict.__main__ import main

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _own_signals():
    """The command takes SIGTERM for itself; the tests' own process gets it back."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.fixture(scope="module")
def expected(joined, files):
    return load_model(joined.path).predict(files[:5])


@pytest.mark.parametrize("ending", ["csv", "json"])
def test_the_table_has_the_spread_after_each_call(joined, files, expected, tmp_path, ending):
    target = tmp_path / f"answers.{ending}"
    arguments = [joined.path, *files[:5], "--to", target, "--batch-size", 2, "--overlays", tmp_path / "overlays"]
    assert main([str(argument) for argument in arguments]) == 0
    read = pd.read_csv if ending == "csv" else lambda path: pd.DataFrame(json.loads(path.read_text()))
    answers = read(target)
    assert list(answers) == list(expected)
    for label in LABELS:
        at = list(answers).index(f"{label}_call")
        assert list(answers)[at + 1] == f"{label}_spread"
        for name in (f"{label}_probability", f"{label}_spread"):
            assert answers[name].to_numpy() == pytest.approx(expected[name], abs=1e-5)
    drawn = sorted((tmp_path / "overlays").glob("*.png"))
    assert len(drawn) == 5
    assert cv2.imread(str(drawn[0])).shape == (48, 48, 3)


def test_a_picture_that_cannot_be_read_has_no_spread(joined, files, tmp_path):
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    target = tmp_path / "answers.json"
    assert main([str(joined.path), str(broken), str(files[0]), "--to", str(target)]) == 1
    first, second = json.loads(target.read_text())
    assert first["Effusion_spread"] is None
    assert 0 <= second["Effusion_spread"] <= 1
