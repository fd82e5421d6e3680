"""YAML to plain values that know their line."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xraykit.config.reading import read_file, read_scalar, read_yaml, write_yaml
from xraykit.errors import ExperimentError


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-4", 1e-4),
        ("1E5", 1e5),
        ("+.5", 0.5),
        ("1.", 1.0),
        ("-3", -3),
        ("no", "no"),
        ("on", "on"),
        ("12:30:00", "12:30:00"),
        ("010", "010"),
        ("true", True),
        ("null", None),
        ("~", None),
        ("[8, 16]", [8, 16]),
        ("1_000", 1000),
        ("0x10", "0x10"),
        ("2020-01-01", "2020-01-01"),
    ],
)
def test_scalars_are_read_as_a_person_means_them(text, value):
    read = read_scalar(text, "override")
    assert read == value
    assert type(read) is type(value)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_float_survives(number):
    assert math.isclose(float(read_scalar(repr(number), "x")), number, rel_tol=0, abs_tol=0)


@given(st.integers())
def test_every_integer_survives(number):
    assert read_scalar(str(number), "x") == number


_PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(min_size=1), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.text(min_size=1), _PLAIN))
def test_what_is_written_is_read_back(values):
    assert read_yaml(write_yaml(values), "file").values == values


@given(st.text())
def test_any_text_is_read_or_refused_with_our_own_error(text):
    try:
        said = str(list(read_yaml(text, "file").values))
    except ExperimentError as error:
        said = str(error)
    assert said.startswith(("file", "["))


def test_a_line_is_known_for_every_key():
    document = read_yaml("name: x\ndata:\n  root: here\n  labels:\n    - Mass\n    - Nodule\n", "file")
    assert document.lines[("data", "root")] == 3
    assert document.place(("data", "labels", 1)) == "file, line 6"
    assert document.place(("data", "format")) == "file, line 2"
    assert document.place(("training", "epochs")) == "file"


def test_a_key_that_stands_twice_is_refused_with_both_lines():
    with pytest.raises(ExperimentError, match=r"file, line 3: the key 'epochs'.*line 2"):
        read_yaml("training:\n  epochs: 3\n  epochs: 4\n", "file")


@pytest.mark.parametrize("text", ["!!python/object/apply:os.system ['true']", "a: !!python/name:os.system", "a: !x 1"])
def test_only_safe_yaml_is_loaded(text):
    with pytest.raises(ExperimentError, match="no valid YAML"):
        read_yaml(text, "file")


@pytest.mark.parametrize("text", ["a: [1, 2", "a: b: c", "- 1\n- 2", "just words", "\t a: 1", "? [a]\n: 1"])
def test_no_mapping_is_told_with_its_place(text):
    with pytest.raises(ExperimentError, match=r"^file"):
        read_yaml(text, "file")


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(ExperimentError, match=r"nothing\.yaml cannot be read: No such file"):
        read_file(tmp_path / "nothing.yaml")


def test_a_binary_file_is_told(tmp_path):
    (tmp_path / "x.yaml").write_bytes(b"\xff\xfe\x00name")
    with pytest.raises(ExperimentError, match="no text file"):
        read_file(tmp_path / "x.yaml")
