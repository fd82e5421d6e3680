"""YAML to plain values that know their line."""

import math
import os
import time
from pathlib import Path

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


@pytest.mark.slow
@given(st.dictionaries(st.text(min_size=1), _PLAIN))
def test_what_is_written_is_read_back(values):
    assert read_yaml(write_yaml(values), "file").values == values


@given(st.text())
def test_any_text_is_read_or_refused_with_our_own_error(text):
    try:
        message = str(list(read_yaml(text, "file").values))
    except ExperimentError as error:
        message = str(error)
    assert message.startswith(("file", "["))


def test_a_line_is_known_for_every_key():
    document = read_yaml("name: x\ndata:\n  root: here\n  labels:\n    - Mass\n    - Nodule\n", "file")
    assert document.lines[("data", "root")] == 3
    assert document.position(("data", "labels", 1)) == "file, line 6"
    assert document.position(("data", "format")) == "file, line 2"
    assert document.position(("training", "epochs")) == "file"


def test_a_key_that_appears_twice_is_refused_with_both_lines():
    with pytest.raises(ExperimentError, match=r"file, line 3: the key 'epochs'.*line 2"):
        read_yaml("training:\n  epochs: 3\n  epochs: 4\n", "file")


@pytest.mark.parametrize("text", ["!!python/object/apply:os.system ['true']", "a: !!python/name:os.system", "a: !x 1"])
def test_only_safe_yaml_is_loaded(text):
    with pytest.raises(ExperimentError, match="not valid YAML"):
        read_yaml(text, "file")


@pytest.mark.parametrize("text", ["a: [1, 2", "a: b: c", "- 1\n- 2", "just words", "\t a: 1", "? [a]\n: 1"])
def test_no_mapping_is_reported_with_its_place(text):
    with pytest.raises(ExperimentError, match=r"^file"):
        read_yaml(text, "file")


def test_a_missing_file_is_reported(tmp_path):
    with pytest.raises(ExperimentError, match=r"nothing\.yaml cannot be read: No such file"):
        read_file(tmp_path / "nothing.yaml")


def test_a_binary_file_is_reported(tmp_path):
    (tmp_path / "x.yaml").write_bytes(b"\xff\xfe\x00name")
    with pytest.raises(ExperimentError, match="not a text file"):
        read_file(tmp_path / "x.yaml")


def _in_time(path, seconds=5):
    """Read in a thread of its own: a pipe that is waited for would never end."""
    begin = time.monotonic()
    with pytest.raises(ExperimentError) as caught:
        read_file(path)
    assert time.monotonic() - begin < seconds
    return str(caught.value)


def test_aliases_that_unfold_to_billions_are_refused_at_once(tmp_path):
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    (tmp_path / "bomb.yaml").write_text("\n".join(lines))
    assert "unfolds to too much" in _in_time(tmp_path / "bomb.yaml")


def test_an_alias_within_itself_is_refused(tmp_path):
    (tmp_path / "loop.yaml").write_text("a: &a [*a]")
    assert "nested too deeply" in _in_time(tmp_path / "loop.yaml")


def test_ordinary_aliases_are_taken():
    read = read_yaml("a: &lr 0.1\nb: [*lr, *lr]\nc: &s {d: 1}\ne: *s\n", "file")
    assert read.values == {"a": 0.1, "b": [0.1, 0.1], "c": {"d": 1}, "e": {"d": 1}}


@pytest.mark.parametrize("text", ["[" * 50_000, "a: " + "[" * 30 + "]" * 30, "{a: " * 20_000, "- " * 90_000])
def test_deep_nesting_is_refused_at_once(tmp_path, text):
    (tmp_path / "deep.yaml").write_text(text)
    assert "deep.yaml" in _in_time(tmp_path / "deep.yaml", 20)


def test_a_large_file_is_refused_before_it_is_read(tmp_path):
    with (tmp_path / "large.yaml").open("wb") as file:
        file.truncate(5_000_000_000)
    assert "5,000,000,000 bytes" in _in_time(tmp_path / "large.yaml")


def test_pipes_devices_and_folders_are_refused_without_waiting(tmp_path):
    os.mkfifo(tmp_path / "pipe.yaml")
    assert "a pipe or a device" in _in_time(tmp_path / "pipe.yaml")
    assert "a pipe or a device" in _in_time(Path("/dev/zero"))
    assert "is a folder" in _in_time(tmp_path)


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path):
    (tmp_path / "e.yaml").write_bytes(b"\xef\xbb\xbfname: x\n")
    assert read_file(tmp_path / "e.yaml").values == {"name": "x"}
