"""Overrides: text is taken as it stands, everything else as YAML, and what is neither is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xraykit.config import load_experiment
from xraykit.config.overrides import is_override
from xraykit.errors import ExperimentError


def _loaded(*overrides):
    return load_experiment({}, overrides)


@pytest.mark.parametrize(
    ("override", "value"),
    [
        ("data.root=/a #b", "/a #b"),
        ("data.root=a: b", "a: b"),
        ("data.root=/x[1]/{y}", "/x[1]/{y}"),
        ("data.root=[x]/y", "[x]/y"),
        ("data.root=2024", "2024"),
        ("data.root=1e5", "1e5"),
        ("data.root=true", "true"),
        ("data.root=null", "null"),
        ("data.root='quoted #1'", "quoted #1"),
        ('data.root="a\\tb"', "a\tb"),
        ("data.root= /blanks ", "/blanks"),
        ("data.root=&a *b !c", "&a *b !c"),
        ("data.root='open", "'open"),
        ("data.cache=null", None),
        ("data.cache=", None),
        ("data.cache=7", "7"),
        ("name=2024", "2024"),
        ("model.weights=none", None),
        ("training.learning_rate=1e-4", 1e-4),
        ("training.xla=false", False),
        ("training.plateau=null", None),
        ("training.plateau={patience: 2}", None),
        ("data.labels=[Mass,Nodule]", ("Mass", "Nodule")),
        ("data.labels=[1, no]", ("1", "no")),
        ("data.columns=[2024]", ("2024",)),
        ("model.dense_neurons=128", 128),
        ("model.dense_neurons=[64]", (64,)),
        ("evaluation.operating_point=sensitivity>=0.95", "sensitivity>=0.95"),
        ("evaluation.operating_points.Mass=f1", "f1"),
        ("evaluation.prevalence.Mass=0.01", 0.01),
    ],
)
def test_a_value_is_read_by_what_its_key_takes(override, value):
    found = _loaded(override)
    path = override.partition("=")[0].split(".")
    for part in path:
        found = found[part] if isinstance(found, dict) else getattr(found, part)
    if override.startswith("training.plateau={"):
        assert found.patience == 2
    else:
        assert found == value
        assert type(found) is type(value)


@given(
    st.text(st.characters(exclude_categories=("Cs", "Cc", "Z")), min_size=1).filter(lambda text: text[0] not in "'\"~")
)
def test_any_text_arrives_as_it_was_typed(text):
    assert _loaded(f"data.root={text}").data.root == text


@pytest.mark.parametrize("override", ["..=3", "=3", ".a=3", "a..b=3", "a.=3", " =3", "training.epochs", ""])
def test_what_is_no_override_is_refused(override):
    with pytest.raises(ExperimentError, match="An override is key=value"):
        _loaded(override)


@pytest.mark.parametrize(
    "override", ["training.epochs=3 # three", "training.epochs=a: b", "training.epochs=[", "training.epochs={a: &b 1"]
)
def test_no_part_of_a_value_is_left_out_without_a_word(override):
    with pytest.raises(ExperimentError, match=r"training\.epochs: expected a whole number\. Received: '"):
        _loaded(override)


@pytest.mark.parametrize("word", ["training.epochs=3", "name=", "=3", "..=3", ".a=3", "training.epochs=a/b.yaml"])
def test_a_word_with_a_key_is_an_override(word):
    assert is_override(word)


@pytest.mark.parametrize("word", ["a.yaml", "runs/lr=0.1/e.yaml", "/data/a=b.yaml", "../x=1/e.yaml", "training.epochs"])
def test_a_path_is_no_override(word):
    assert not is_override(word)
