"""Published figures stand beside those of the same split, and nowhere else."""

import pytest

from xraykit.config import Split
from xraykit.data.splits import describe_split
from xraykit.evaluation import published_figures
from xraykit.labels import FINDINGS


def test_on_the_whole_official_test_list_they_are_shown():
    [published], why = published_figures(describe_split(Split(), 7), FINDINGS, 25_596)
    assert why is None
    assert published["labels"]["Hernia"] == 0.872
    assert list(published["labels"]) == list(FINDINGS)
    assert published["macro"] == 0.745
    # The paper's own mean of its own figures.
    assert sum(published["labels"].values()) / 14 == pytest.approx(0.745, abs=5e-4)


def test_of_some_labels_there_is_no_mean():
    [published], _ = published_figures(describe_split(Split(), 7), ("Mass", "Edema"), 25_596)
    assert published["labels"] == {"Mass": 0.693, "Edema": 0.805}
    assert published["macro"] is None


@pytest.mark.parametrize(
    ("split", "images", "said"),
    [
        (describe_split(Split(method="patient"), 7), 25_596, "another split (by patient 70/10/20, seed 7)"),
        (describe_split(Split(), 7, "phantom"), 25_596, "another split (official lists of phantom"),
        (describe_split(Split(), 7), 200, "has 200 of them"),
        (f"{describe_split(Split(), 7)}; labels of 3 radiographs corrected", 25_596, "another split"),
    ],
)
def test_beside_any_other_test_part_they_are_not(split, images, said):
    published, why = published_figures(split, FINDINGS, images)
    assert published == []
    assert said in why
