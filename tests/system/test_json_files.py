"""JSON files that are cut off, changed, nested without end or no files at all."""

import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xraykit.errors import DataError, ModelError
from xraykit.system.json_files import Anything, Each, Interval, Number, Optional, read_json

SHAPE = {
    "part": str,
    "images": int,
    "labels": Each({"roc_auc": Number(), "roc_auc_interval": Optional(Interval())}),
    "study": Optional({"met": int}),
}
GOOD = {"part": "test", "images": 3, "labels": {"Mass": {"roc_auc": 0.5, "roc_auc_interval": [0.1, 1]}}, "more": [1]}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "metrics.json"


def read(path, **options):
    return read_json(path, "the figures of a run", SHAPE, remedy="Take a copy.", **options)


def test_a_good_file_is_read_whole(path):
    path.write_text(json.dumps(GOOD))
    assert read(path) == GOOD


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "it is empty"),
        (b"  \n", "it is empty"),
        (json.dumps(GOOD).encode()[:40], "it is not JSON"),
        (b"\xff\xfe{}", "it is not JSON"),
        (b'{"part": NaN}', "NaN is not a number"),
        (b'{"a":' * 100_000, "nested too deeply"),
        (b"[1, 2]", "the whole must be an object, and it is [1, 2]"),
        (b"null", "the whole must be an object, and it is null"),
        (b"{}", "part is missing"),
    ],
)
def test_a_damaged_file_is_named_with_what_was_expected_and_what_to_do(path, content, message):
    path.write_bytes(content)
    with pytest.raises(DataError) as error:
        read(path)
    assert str(error.value).startswith(f"{path} ")
    assert message in str(error.value)
    assert str(error.value).endswith("Expected: the figures of a run. Take a copy.")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"part": 3}, "part must be a text, and it is 3"),
        ({"images": True}, "images must be a whole number, and it is true"),
        ({"images": 2.5}, "images must be a whole number, and it is 2.5"),
        ({"labels": ["Mass"]}, 'labels must be an object, and it is ["Mass"]'),
        ({"labels": {"Mass": None}}, "labels.Mass must be an object, and it is null"),
        ({"labels": {"Mass": {}}}, "labels.Mass.roc_auc is missing"),
        ({"labels": {"Mass": {"roc_auc": "high"}}}, 'labels.Mass.roc_auc must be a number or null, and it is "high"'),
        ({"labels": {"Mass": {"roc_auc": 1, "roc_auc_interval": [1]}}}, "roc_auc_interval must be a list of two"),
        ({"study": {}}, "study.met is missing"),
    ],
)
def test_a_wrong_shape_is_reported_with_its_place(path, change, message):
    path.write_text(json.dumps({**GOOD, **change}))
    with pytest.raises(DataError) as error:
        read(path)
    assert message in str(error.value)


def test_what_is_no_regular_file_is_refused_at_once(path, tmp_path):
    os.mkfifo(path)
    for each in (path, tmp_path, tmp_path / "nothing.json", tmp_path / "nothing" / "at all.json"):
        with pytest.raises(ModelError, match="cannot be read"):
            read(each, kind=ModelError)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.slow
@given(st.dictionaries(st.sampled_from(["part", "images", "labels", "study"]), values))
def test_whatever_the_file_contains_it_is_read_or_refused_by_name(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "whatever.json"
    path.write_text(json.dumps(content))
    try:
        assert read(path) == content
    except DataError as error:
        if str(path) not in str(error):
            raise


@given(st.integers(min_value=0, max_value=len(json.dumps(GOOD)) - 1))
def test_a_file_cut_off_anywhere_is_refused(tmp_path_factory, length):
    path = tmp_path_factory.getbasetemp() / "cut.json"
    path.write_text(json.dumps(GOOD)[:length])
    with pytest.raises(DataError, match="cannot be read: it is"):
        read(path)


def test_a_value_that_must_only_exist_may_be_anything(path):
    path.write_text('{"a": null}')
    assert read_json(path, "x", {"a": Anything()}) == {"a": None}
