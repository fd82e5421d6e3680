"""The schema that editors use and the tool itself allow the same."""

import copy
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.config.json_schema import valid
from xraykit.config import Experiment, load_experiment, schema
from xraykit.config.reading import read_file

SCHEMA = schema()
FULL = load_experiment({"search": {}}).values()
# Findings of the tool that a schema cannot say: they are about several keys at once, or about a registry.
_BEYOND = {"value_error"}

_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 2000),
    st.floats(-2, 2, allow_nan=False),
    st.text(max_size=3),
    st.sampled_from(
        ["Adam", "ADAM", "adam", "SGD", "RMSprop", "adamw", "none", "youden", "null", "auto", "platt", "a b", "-x"]
    ),
    st.lists(st.one_of(st.integers(0, 600), st.sampled_from(["Mass", "loss", "macro_roc_auc"])), max_size=3),
    st.dictionaries(
        st.sampled_from(["low", "high", "choices", "loss", "patience", "x"]), st.integers(1, 9), max_size=3
    ),
    st.just({"low": 1, "high": 3}),
    st.just({"choices": [1, 2], "when": {"training.optimizer": "sgd"}}),
    st.just({"training.batch_size": {"choices": [8, 16]}}),
    st.just([{"parameters": "minimize"}]),
    st.just(["loss", {"parameters": "minimize"}]),
)


def _paths(values, path=()):
    yield path
    for key, value in values.items() if isinstance(values, dict) else ():
        yield from _paths(value, (*path, key))


def _with(path, value):
    changed = copy.deepcopy(FULL)
    inner = changed
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return changed


def _findings(values):
    """Kinds of what the tool finds, but those that no schema can say."""
    try:
        Experiment.model_validate(values)
    except ValidationError as error:
        return [detail["type"] for detail in error.errors()]
    return []


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([path for path in _paths(FULL) if path]), _VALUES)
def test_schema_and_tool_agree_on_every_key(path, value):
    values = _with(path, value)
    findings = _findings(values)
    if not findings:
        assert valid(values, SCHEMA, SCHEMA), "the tool takes it, an editor marks it as wrong"
    elif not set(findings) & _BEYOND:
        assert not valid(values, SCHEMA, SCHEMA), f"an editor takes it, the tool does not: {findings}"


@given(st.sampled_from([path for path in _paths(FULL) if path]), st.text(min_size=1, max_size=4))
def test_both_refuse_unknown_keys(path, key):
    section = FULL
    for part in path[:-1]:
        section = section[part]
    if isinstance(section, dict) and key not in section and path[:2] != ("search", "space"):
        values = _with((*path[:-1], key), 1)
        assert bool(_findings(values)) == (not valid(values, SCHEMA, SCHEMA))


@pytest.mark.parametrize(
    "given_values",
    [
        {"training": {"optimizer": "Adam"}},
        {"training": {"optimizer": "RMSprop"}},
        {"search": {"objectives": ["macro_roc_auc", {"parameters": "minimize"}]}},
        {"search": {"space": {"training.batch_size": {"choices": [8], "when": {"training.optimizer": "sgd"}}}}},
        {"model": {"weights": "none"}},
        {"tracking": {"uri": "none"}},
    ],
)
def test_short_and_capital_spellings_that_the_tool_takes_are_in_the_schema(given_values):
    assert valid(given_values, SCHEMA, SCHEMA)


def test_the_shipped_experiments_are_valid():
    for path in (Path(__file__).resolve().parents[2] / "experiments").glob("*.yaml"):
        assert valid(read_file(path).values, SCHEMA, SCHEMA), path
