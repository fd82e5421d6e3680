"""The arguments that name another collection."""

import pytest

from xraykit.errors import DataError, ExperimentError
from xraykit.evaluate import experiment_of
from xraykit.evaluate.collections import collect, name_of, words_of


def test_of_an_experiment_file_the_data_alone_matter(other):
    experiment = experiment_of(str(other), ["data.image_size=32"])
    assert experiment.data.labels[2] == "Mass"
    assert experiment.data.image_size == 32
    assert name_of(str(other), experiment) == "elsewhere"


def test_arguments_or_the_values_of_a_section_take_the_place_of_a_file(tmp_path):
    by_words = experiment_of(None, ["data.format=phantom", f"data.root={tmp_path}"])
    by_values = experiment_of({"format": "phantom", "root": str(tmp_path)})
    assert by_words.data == by_values.data
    assert name_of(None, by_words) == "phantom"
    assert name_of("runs/densenet/1/experiment.yaml", by_words) == by_words.name


@pytest.mark.parametrize(
    ("source", "overrides", "error", "told"),
    [
        (None, [], DataError, "No collection was given"),
        (None, ["training.epochs=3"], DataError, "Only the section data .* Received: training.epochs"),
        (None, ["data.format=chexbert"], ExperimentError, "chexbert.*--plugin"),
        (None, ["data.rot=/x"], ExperimentError, "rot"),
        ("nowhere.yaml", [], ExperimentError, "nowhere.yaml"),
    ],
)
def test_mistakes_are_reported(source, overrides, error, told):
    with pytest.raises(error, match=told):
        experiment_of(source, overrides)


def test_two_files_are_one_too_many(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert words_of(["data.root=/x", "a.yaml"]) == ("a.yaml", ["data.root=/x"])
    with pytest.raises(DataError, match=r"One experiment file.*Received: a.yaml, b.yaml"):
        words_of(["a.yaml", "b.yaml"])


def test_the_test_part_alone_is_a_choice(other):
    experiment = experiment_of(str(other))
    whole, part = collect(experiment, "x"), collect(experiment, "x", "test")
    assert 0 < len(part.catalog) < len(whole.catalog)
    assert (whole.part, part.part) == ("external", "external test")
    assert str(whole.split) == "none, all radiographs"
    assert part.split.method == "official"
