"""No message about an experiment holds a password, however wrong the place is where it stands."""

import traceback

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from xraykit.config import load_experiment
from xraykit.errors import ExperimentError

PASSWORDS = ["hunter2", "p@ss:w/rd?x#y", "with blank", "quo'te\"d", "ümläut%40"]
ADDRESSES = [
    "postgresql://me:{}@host/db",
    "me:{}@host/db",
    "//me:{}@host",
    "host=h user=me password={}",
    "https://{}@host/",
]
VARIANTS = [
    "search.storge={}",
    "serch.storage={}",
    "storage={}",
    "tracking.urii={}",
    "traking={}",
    "training.epochs={}",
    "training.epochs.x={}",
    "training.optimizer={}",
    "training.xla={}",
    "training={}",
    "data.labels={}",
    "data.columns=[{}]",
    "tracking.uri=[{}]",
    "tracking.uri={{a: '{}'}}",
    "search.enqueue=[{{a: '{}'}}]",
    "search.space.model.backbone.choices=[{}]",
    "search.objectives=[{}]",
    "evaluation.operating_point={}",
    "evaluation.subgroups=[{}]",
    "evaluation.prevalence.{}=0.1",
    "name={}",
    "plugins=[{}]",
    "model.weights={}",
    "model.backbone={}",
    "data.format={}",
    "{}",
    "{}=3",
    "={}",
    "data.root: {}",
]


def _all_text_of(error):
    return "".join(traceback.format_exception(error)) + repr(error)


def _unsaid(secret, error):
    reported = _all_text_of(error)
    pieces = [secret, *(piece for piece in ("ss:w/rd", "rd?x", "ümläut", "quo'te", 'te\\"d') if piece in secret)]
    assert not [piece for piece in pieces if piece in reported], reported


@pytest.mark.parametrize("password", PASSWORDS)
@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("variant", VARIANTS)
def test_a_misplaced_override_does_not_show_its_password(variant, address, password):
    try:
        load_experiment({"search": {}}, [variant.format(address.format(password))])
    except ExperimentError as error:
        _unsaid(password, error)


@pytest.mark.parametrize("password", PASSWORDS[:3])
@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize(
    "text",
    [
        "traking: {{uri: '{}'}}",
        "tracking: {{urii: '{}'}}",
        "tracking: {{uri: ['{}']}}",
        "tracking: {{uri: {{'{}': 1}}}}",
        "tracking: '{}'",
        "tracking:\n  uri: '{}'\n  uri: '{}'",
        "'{}': 1\n'{}': 1",
        "- '{}'",
        "tracking: {{uri: '{}'",
        "tracking:\n  uri: {}\n bad",
        "tracking: {{uri: !{} x}}",
        "a: *{}",
        "'{}'",
        "search: {{storage: '{}', epochs: x}}",
        "search: {{engine: keras_tunr, storage: '{}'}}",
        "search: {{space: {{'{}': {{low: 1, high: 2}}}}}}",
        "search: {{objectives: [{{loss: '{}'}}]}}",
    ],
)
def test_a_file_with_a_fault_does_not_show_its_password(tmp_path, text, address, password):
    path = tmp_path / "e.yaml"
    path.write_text(text.replace("{}", address.format(password)).replace("{{", "{").replace("}}", "}"))
    with pytest.raises(ExperimentError) as caught:
        load_experiment(path)
    _unsaid(password, caught.value)


@example("0000,0", "evaluation.subgroups=[{}]")
@example("0000,0", "search.objectives=[{}]")
@given(st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=6, max_size=20), st.sampled_from(VARIANTS[:20]))
def test_no_password_of_any_kind_is_shown(password, variant):
    secret = f"SECRET{password}"
    try:
        load_experiment({"search": {}}, [variant.format(f"postgresql://me:{secret}@host/db")])
    except ExperimentError as error:
        _unsaid("SECRET", error)


def test_what_is_no_secret_is_shown():
    with pytest.raises(ExperimentError, match=r"Received: 'sqlite:///a.db'"):
        load_experiment({}, ["training.epochs=sqlite:///a.db"])
    with pytest.raises(ExperimentError, match=r"'postgresql://\*\*\*'"):
        load_experiment({}, ["training.epochs=postgresql://me:pw@host/db"])
