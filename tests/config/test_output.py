"""``output``: the kinds of files of the figures."""

import pytest

from xraykit.config import Experiment, load_experiment
from xraykit.errors import ExperimentError


def test_the_default_is_not_written_so_that_files_of_earlier_versions_stay_the_same_text():
    assert "figures" not in Experiment().to_yaml()
    assert Experiment().output.figures == ["png"]
    chosen = load_experiment({"output": {"figures": ["pdf", "svg"]}})
    assert "figures" in chosen.to_yaml()


@pytest.mark.parametrize("kinds", [[], ["gif"], ["png", "png"], "png"])
def test_other_kinds_none_and_the_same_twice_are_refused(kinds):
    with pytest.raises(ExperimentError, match=r"output\.figures"):
        load_experiment({"output": {"figures": kinds}})
