import math

from hypothesis import given, settings
from hypothesis import strategies as st

from xraykit.tracking.accepted import (
    accepted_name,
    accepted_names,
    accepted_text,
    finite_numbers,
    flattened,
    parameter_texts,
)


@settings(deadline=None)  # the first one imports MLflow
@given(st.text(max_size=400))
def test_mlflow_accepts_every_name(name):
    from mlflow.utils.validation import _validate_metric

    _validate_metric(accepted_name(name), 1.0, 0, 0)


def test_good_names_stay_as_they_are():
    for name in ("training.learning_rate", "test/roc_auc/Pleural_Thickening", "a b-c:d"):
        assert accepted_name(name) == name


def test_other_characters_become_underscores():
    assert accepted_name("sensitivity@95%") == "sensitivity_95_"
    assert accepted_name("/a//../b/") == "a/b"
    assert accepted_name("") == "_"


def test_labels_that_differ_in_brackets_alone_keep_metrics_of_their_own():
    labels = ("Mass (left)", "Mass [left]", "Mass _left_", "Mass")
    numbers = finite_numbers({f"test/{label}/roc_auc": number for number, label in enumerate(labels)})
    assert sorted(numbers.values()) == [0, 1, 2, 3]
    assert numbers["test/Mass _left_/roc_auc"] == 2, "a name that MLflow accepts stays"
    # An epoch without a value for one of them records the other under the same name.
    later = finite_numbers({"test/Mass (left)/roc_auc": 5.0, "test/Mass [left]/roc_auc": None})
    assert set(later) < set(numbers)


@given(st.sets(st.text("ab(/[. ", max_size=5), max_size=30) | st.sets(st.text(min_size=249, max_size=252)))
def test_different_names_stay_different(names):
    accepted = accepted_names(names)
    assert len(set(accepted.values())) == len(names)
    assert all(len(name) <= 250 for name in accepted.values())
    assert all(accepted_name(name) == name for name in accepted.values())


def test_nested_parameters_are_named_by_their_path():
    parameters = {"seed": 1, "training": {"learning_rate": 0.001, "plateau": {"factor": 0.3}}, "search": {}}
    assert dict(flattened(parameters)) == {
        "seed": 1,
        "training.learning_rate": 0.001,
        "training.plateau.factor": 0.3,
        "search": {},
    }


def test_parameters_of_every_kind_become_texts_without_passwords():
    texts = parameter_texts({"a": None, "b": [1, 2], "uri": "postgresql://u:secret@h/d", "long": "x" * 7000})
    assert texts["a"] == "None"
    assert texts["b"] == "[1, 2]"
    assert texts["uri"] == "postgresql://u:***@h/d"
    assert texts["long"] == "x" * 5997 + "..."


def test_a_text_at_the_limit_is_not_cut():
    assert accepted_text("x" * 10, 10) == "x" * 10
    assert accepted_text("x" * 11, 10) == "x" * 7 + "..."


def test_only_finite_numbers_are_kept():
    metrics = {"a": 1, "b": None, "c": math.nan, "d": math.inf, "e": 0.0}
    assert finite_numbers(metrics) == {"a": 1.0, "e": 0.0}
