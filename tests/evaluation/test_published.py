"""Published figures stand beside those of the same radiographs, and nowhere else."""

import dataclasses
import hashlib

import pytest

from tests.conftest import NIH, needs_nih
from xraykit.config import Split, SplitRecord
from xraykit.config.labels import FINDINGS
from xraykit.evaluation import published, published_figures

OFFICIAL = SplitRecord.of(Split(), 7, "nih")
NAMES = [f"{number}.png" for number in range(25_596)]


@pytest.fixture
def official_names(monkeypatch):
    """Made-up names in the place of NIH's list, in another order."""
    digest = hashlib.sha256("\n".join(sorted(NAMES)).encode()).hexdigest()
    monkeypatch.setattr(published, "OFFICIAL_TEST_SHA256", digest)
    return NAMES[::-1]


def test_on_the_whole_official_test_list_they_are_shown(official_names):
    [figures], why = published_figures(OFFICIAL, FINDINGS, official_names)
    assert why is None
    assert figures["labels"]["Hernia"] == 0.872
    assert list(figures["labels"]) == list(FINDINGS)
    assert figures["macro"] == 0.745
    # The paper's own mean of its own figures.
    assert sum(figures["labels"].values()) / 14 == pytest.approx(0.745, abs=5e-4)


@needs_nih
def test_the_list_is_that_of_nih():
    assert published_figures(OFFICIAL, FINDINGS, (NIH / "test_list.txt").read_text().split())[1] is None


def test_of_some_labels_there_is_no_mean(official_names):
    [figures], _ = published_figures(OFFICIAL, ("Mass", "Edema"), official_names)
    assert figures["labels"] == {"Mass": 0.693, "Edema": 0.805}
    assert figures["macro"] is None


@pytest.mark.parametrize(
    ("split", "images", "said"),
    [
        (SplitRecord.of(Split(method="patient"), 7, "nih"), NAMES, "another split (by patient 70/10/20, seed 7)"),
        (SplitRecord.of(Split(), 7, "phantom"), NAMES, "another split (official lists of phantom"),
        (OFFICIAL, NAMES[:200], "has 200 radiographs"),
        (OFFICIAL, [*NAMES[1:], "another.png"], "not the same ones"),
        (dataclasses.replace(OFFICIAL, amended="labels of 3 radiographs corrected"), NAMES, "another split"),
    ],
)
def test_beside_any_other_test_part_they_are_not(official_names, split, images, said):
    figures, why = published_figures(split, FINDINGS, images)
    assert figures == []
    assert said in why
