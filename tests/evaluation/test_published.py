"""Published results stand beside metrics of the same radiographs, and nowhere else."""

import dataclasses
import hashlib

import pytest

from tests.conftest import NIH, needs_nih
from xraykit.config import Split, SplitRecord
from xraykit.data.formats.nih import FINDINGS
from xraykit.evaluation import published_figures
from xraykit.registry import FORMATS

OFFICIAL = SplitRecord.of(Split(), 7, "nih")
NAMES = [f"{number}.png" for number in range(25_596)]
[WANG] = FORMATS.get("nih").published
# The publication, as if it were about simulated names.
OF_NAMES = dataclasses.replace(WANG, images_sha256=hashlib.sha256("\n".join(sorted(NAMES)).encode()).hexdigest())


def test_on_the_whole_official_test_list_they_are_shown():
    [results], why = published_figures([OF_NAMES], OFFICIAL, FINDINGS, NAMES[::-1])
    assert why is None
    assert results["labels"]["Hernia"] == 0.872
    assert list(results["labels"]) == list(FINDINGS)
    assert results["macro"] == 0.745
    # The paper's own mean of its own results.
    assert sum(results["labels"].values()) / 14 == pytest.approx(0.745, abs=5e-4)


@needs_nih
def test_the_list_is_that_of_nih():
    assert published_figures([WANG], OFFICIAL, FINDINGS, (NIH / "test_list.txt").read_text().split())[1] is None


def test_of_some_labels_there_is_no_mean():
    [results], _ = published_figures([OF_NAMES], OFFICIAL, ("Mass", "Edema"), NAMES)
    assert results["labels"] == {"Mass": 0.693, "Edema": 0.805}
    assert results["macro"] is None


@pytest.mark.parametrize(
    ("split", "images", "reason"),
    [
        (SplitRecord.of(Split(method="patient"), 7, "nih"), NAMES, "another split (by patient 70/10/20, seed 7)"),
        (OFFICIAL, NAMES[:200], "has 200 radiographs"),
        (OFFICIAL, [*NAMES[1:], "another.png"], "not the same ones"),
        (OFFICIAL.model_copy(update={"amended": "labels of 3 radiographs corrected"}), NAMES, "another split"),
    ],
)
def test_beside_any_other_test_part_they_are_not(split, images, reason):
    results, why = published_figures([OF_NAMES], split, FINDINGS, images)
    assert results == []
    assert reason in why


def test_a_format_without_published_results_has_none():
    assert FORMATS.get("phantom").published == ()
    assert published_figures((), OFFICIAL, FINDINGS, NAMES) == (
        [],
        "No published results are known for this data format.",
    )
