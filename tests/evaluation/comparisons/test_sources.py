"""A model that recognises the hospital is exposed; one that sees the finding is not blamed."""

import json

import numpy as np
import pytest

from xraykit.evaluation import Metadata, Predictions, metadata_baseline, source_metrics

NAN = np.nan
LABELS = ["Hospital", "Seen", "One", "Apart"]


def mixture(n=600, seed=0):
    """Two hospitals with prevalences 0.1 and 0.5. The scores of `Hospital` recognise the hospital and nothing else."""
    generator = np.random.default_rng(seed)

    def part(size):
        sources = generator.choice(["east", "west"], size)
        west = sources == "west"
        prevalence = np.where(west, 0.5, 0.1)[:, None]
        y = (generator.random((size, 4)) < prevalence).astype(float)
        y[west, 2] = NAN
        y[:, 3] = west
        return sources, y

    training_sources, training = part(3 * n)
    sources, y = part(n)
    west, noise = sources == "west", generator.normal(size=(n, 4))
    scores = 0.3 * noise + np.stack([2.0 * west, 1.5 * y[:, 1], 1.5 * np.nan_to_num(y[:, 2]), 2.0 * west], axis=1)
    return training_sources, training, sources, y, scores


@pytest.fixture(scope="module")
def found():
    training_sources, training, sources, y, scores = mixture()
    return source_metrics(y, scores, np.arange(len(y)), LABELS, sources, training, training_sources)


def test_a_model_that_recognises_the_hospital_is_exposed(found):
    label = found["labels"]["Hospital"]
    assert label["roc_auc"] > 0.7
    assert label["within_roc_auc"] == pytest.approx(0.5, abs=0.08)
    assert label["roc_auc_from_source_interval"][0] > 0.1
    assert label["source_roc_auc"] == pytest.approx(label["roc_auc"], abs=0.05)
    assert label["verdict"] == "from_source"


def test_a_model_that_sees_the_finding_keeps_its_roc_auc_within_sources(found):
    label = found["labels"]["Seen"]
    assert label["within_roc_auc"] > 0.9
    assert label["roc_auc_from_source"] == pytest.approx(0, abs=0.01)
    assert label["verdict"] == "not_shown"


def test_what_cannot_be_judged_is_reported(found):
    one, apart = found["labels"]["One"], found["labels"]["Apart"]
    assert (one["not_judged_code"], one["known_in"]) == ("one_source", ["east"])
    assert one["roc_auc"] == one["within_roc_auc"]
    assert one["source_roc_auc"] is None
    assert apart["not_judged_code"] == "confounded"
    assert apart["within_roc_auc"] is None
    assert apart["roc_auc"] > 0.9
    assert found["macro"]["labels"] == 2
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_untrained_labels_have_no_figures_and_intervals_are_left_out_if_not_wanted():
    training_sources, training, sources, y, scores = mixture(100)
    given = (y, scores, np.arange(len(y)), LABELS, sources, training, training_sources)
    label = source_metrics(*given, {"Seen": "why"})["labels"]["Seen"]
    assert (label["not_judged_code"], label["roc_auc"], label["within_roc_auc"]) == ("not_trained", None, None)
    plain = source_metrics(*given, intervals=False)["labels"]["Hospital"]
    assert (plain["verdict"], plain["not_judged_code"], plain["roc_auc_interval"]) == (
        "not_judged",
        "no_interval",
        None,
    )


def test_the_source_is_part_of_the_baseline_of_metadata():
    training_sources, training, sources, y, scores = mixture()
    generator = np.random.default_rng(1)

    def metadata(names, source):
        sexes, n = generator.choice(["F", "M"], len(names)), len(names)
        return Metadata(sexes, generator.uniform(20, 90, n), generator.choice(["AP", "PA"], n), source)

    run = Predictions([str(at) for at in range(len(y))], np.arange(len(y)), LABELS, y, scores)
    knows = (metadata(training_sources, training_sources), training, metadata(sources, sources), run, 200, 0)
    with_source = metadata_baseline(*knows)
    assert with_source["Hospital"]["metadata"] == ["sex", "age", "view", "source"]
    assert with_source["Hospital"]["verdict"] == "not_shown"
    assert with_source["Seen"]["verdict"] == "more_than_metadata"
    blind = metadata_baseline(metadata(training_sources, None), training, metadata(sources, None), run, 200, 0)
    assert blind["Hospital"]["verdict"] == "more_than_metadata", "without the source the shortcut is not found"
