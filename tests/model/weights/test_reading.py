"""Files of weights are read without running code, and damaged or hostile ones are refused."""

import json
import pickle
import struct

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies

from tests.model.weights import files
from xraykit.errors import ModelError
from xraykit.model.weights import is_foreign, read_arrays

STATE = {
    "a.weight": np.arange(24, dtype=np.float32).reshape(2, 3, 4),
    "a.running_var": np.linspace(1, 2, 5),
    "a.num_batches_tracked": np.array(7, np.int64),
}
WRITERS = {"torch": files.torch_state, "stream": files.torch_stream, "safetensors": files.safetensors}


@pytest.mark.parametrize("kind", WRITERS)
def test_a_state_is_read_as_it_was_written(kind, tmp_path):
    path = WRITERS[kind](tmp_path / "weights", STATE)
    assert is_foreign(path)
    found = read_arrays(path)
    assert set(found) == set(STATE)
    for name, expected in STATE.items():
        assert found[name].dtype == expected.dtype
        assert np.array_equal(found[name], expected)


def test_a_state_inside_a_checkpoint_and_inside_a_whole_network_is_found(tmp_path):
    def checkpoint(content):
        return b"(" + files.text("epoch") + b"K\x05" + files.text("state_dict") + content + b"d"

    found = read_arrays(files.torch_state(tmp_path / "checkpoint.pth.tar", STATE, checkpoint))
    assert {name.removeprefix("state_dict.") for name in found} == set(STATE)
    kernel = STATE["a.weight"]
    parameter = (
        b"ctorch._utils\n_rebuild_parameter\n(" + files.tensor("0", kernel) + b"\x88ccollections\nOrderedDict\n)RtR"
    )
    inner = files.module("torchxrayvision.models _DenseLayer", {"weight": parameter}, {})
    network = files.module("torchxrayvision.models DenseNet", {}, {"features": inner})
    found = read_arrays(files.torch_zip(tmp_path / "network.pt", network, {"0": kernel}))
    assert list(found) == ["features.weight"]
    assert np.array_equal(found["features.weight"], kernel)


def test_a_transposed_and_a_shifted_tensor_share_their_storage(tmp_path):
    array = np.arange(12, dtype=np.float32).reshape(3, 4)
    content = files.dictionary(
        {
            "turned": files.tensor("0", array.T, strides=[1, 4], numbers=12),
            "row": files.tensor("0", array[1], offset=4, numbers=12),
        }
    )
    found = read_arrays(files.torch_zip(tmp_path / "views.pt", content, {"0": array}))
    assert np.array_equal(found["turned"], array.T)
    assert np.array_equal(found["row"], array[1])


def test_half_precision_of_google_is_widened(tmp_path):
    values = np.array([1.5, -2.0, 0.0], np.float32)
    path = files.safetensors(tmp_path / "weights.safetensors", {"w": (values.view(np.uint32) >> 16).astype(np.uint16)})
    assert np.array_equal(read_arrays(path)["w"], values)


class _Hostile:
    def __init__(self, call, argument):
        self._call, self._argument = call, argument

    def __reduce__(self):
        return self._call, (self._argument,)


def _hostile(path):
    """Python that would write the file ``path``, in the ways in which pickles run code."""
    import builtins
    import os

    code = f"open({str(path)!r}, 'w').close()"
    yield pickle.dumps(_Hostile(os.system, f"touch {path}"), 2)
    yield pickle.dumps(_Hostile(builtins.exec, code), 2)
    yield pickle.dumps(_Hostile(builtins.eval, code), 2)
    yield b"\x80\x02c__builtin__\ngetattr\n(c__builtin__\neval\n" + files.text("__call__") + b"tR."
    yield b"\x80\x02ctorch\nload\n(" + files.text(str(path)) + b"tRcposix\nsystem\n(" + files.text("true") + b"tR."
    yield b"\x80\x02ctorch.serialization\nos.system\n(" + files.text(f"touch {path}") + b"tR."


@pytest.mark.parametrize("number", range(6))
def test_a_pickle_with_code_is_refused_and_nothing_runs(number, tmp_path):
    trace = tmp_path / "it_ran"
    content = list(_hostile(trace))[number]
    path = files.torch_zip(tmp_path / "hostile.pt", content[2:-1], {})
    with pytest.raises(ModelError, match=r"hostile\.pt"):
        read_arrays(path)
    stream = tmp_path / "hostile.pth"
    stream.write_bytes(b"".join(pickle.dumps(each, 2) for each in (files.MAGIC, files.PROTOCOL, {})) + content)
    with pytest.raises(ModelError, match=r"hostile\.pth"):
        read_arrays(stream)
    assert not trace.exists()


def test_the_name_that_a_hostile_file_refers_to_is_reported(tmp_path):
    content = pickle.dumps(_Hostile(print, "x"), 2)
    with pytest.raises(ModelError, match=r"refers to __builtin__\.print.*torch\.save\(model\.state_dict\(\), FILE\)"):
        read_arrays(files.torch_zip(tmp_path / "hostile.pt", content[2:-1], {}))


def test_classes_of_networks_are_records_that_run_nothing(tmp_path, monkeypatch):
    """Even where the class exists, its constructor and ``__setstate__`` are not called."""
    import sys
    import types

    called = []
    fake = types.ModuleType("torchxrayvision")
    fake.Network = type("Network", (), {"__setstate__": lambda self, state: called.append(state)})
    monkeypatch.setitem(sys.modules, "torchxrayvision", fake)
    network = files.module("torchxrayvision Network", {"w": files.tensor("0", STATE["a.weight"])}, {})
    assert list(read_arrays(files.torch_zip(tmp_path / "network.pt", network, {"0": STATE["a.weight"]}))) == ["w"]
    assert called == []


@pytest.mark.parametrize(
    ("described", "reason"),
    [
        ({"strides": [400, 40, 1]}, "reaches beyond its numbers"),
        ({"offset": 20}, "reaches beyond its numbers"),
        ({"strides": [-1, 1, 1]}, "not described as PyTorch does"),
        ({"numbers": 10**6}, "reaches beyond its numbers"),
    ],
)
def test_a_tensor_outside_of_its_numbers_is_refused(described, reason, tmp_path):
    array = STATE["a.weight"]
    path = files.torch_zip(
        tmp_path / "w.pt", files.dictionary({"w": files.tensor("0", array, **described)}), {"0": array}
    )
    with pytest.raises(ModelError, match=reason):
        read_arrays(path)["w"]


def test_one_number_is_not_repeated_into_a_huge_array(tmp_path):
    huge = np.lib.stride_tricks.as_strided(np.zeros(1, np.float32), (100_000, 100_000), (0, 0))
    path = files.torch_zip(
        tmp_path / "w.pt", files.dictionary({"w": files.tensor("0", huge, numbers=1)}), {"0": np.zeros(1, np.float32)}
    )
    with pytest.raises(ModelError, match="reaches beyond its numbers"):
        read_arrays(path)["w"]


def test_a_compressed_archive_is_refused(tmp_path):
    path = files.torch_zip(tmp_path / "w.pt", files.dictionary({}), {"0": np.zeros(10**6, np.float32)}, compressed=True)
    with pytest.raises(ModelError, match="is compressed, which PyTorch never does"):
        read_arrays(path)


@pytest.mark.parametrize("kind", WRITERS)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=strategies.data())
def test_a_damaged_file_is_reported_or_read_and_nothing_else(kind, data, tmp_path):
    content = bytearray(WRITERS[kind](tmp_path / "weights", STATE).read_bytes())
    for _ in range(data.draw(strategies.integers(1, 4))):
        content[data.draw(strategies.integers(0, len(content) - 1))] = data.draw(strategies.integers(0, 255))
    path = tmp_path / "damaged"
    path.write_bytes(content[: data.draw(strategies.integers(1, len(content)))])
    if not is_foreign(path):
        return
    try:
        arrays = read_arrays(path)
        found = [arrays[name] for name in arrays]
    except ModelError:
        return
    assert all(each.nbytes <= len(content) * 4 for each in found)


def test_a_header_that_does_not_fit_is_refused(tmp_path):
    header = json.dumps({"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 400]}}).encode()
    path = tmp_path / "w.safetensors"
    path.write_bytes(struct.pack("<Q", len(header)) + header + bytes(8))
    with pytest.raises(ModelError, match="'w' of its header does not fit"):
        read_arrays(path)


def test_layers_of_an_old_keras_file_are_named_without_slashes(tmp_path):
    kernel = np.ones((3, 3, 1, 2), np.float32)
    for root in ("", "model_weights"):
        path = files.old_keras(
            tmp_path / "w.h5", {"conv1/conv": {"kernel": kernel}, "bn": {"gamma": kernel[0, 0, 0]}}, root
        )
        assert is_foreign(path)
        found = read_arrays(path)
        assert set(found) == {"conv1_conv.kernel", "bn.gamma"}
        assert np.array_equal(found["conv1_conv.kernel"], kernel)


def test_an_old_keras_file_that_refers_to_another_file_is_refused(tmp_path):
    secret = files.old_keras(tmp_path / "secret.h5", {"bn": {"gamma": np.ones(2)}})
    path = files.old_keras(tmp_path / "w.h5", {"bn": {"beta": np.ones(2)}})
    with h5py.File(path, "a") as file:
        file["bn"]["gamma:0"] = h5py.ExternalLink(str(secret), "/bn/bn/gamma:0")
    with pytest.raises(ModelError, match="contains links"):
        read_arrays(path)


def test_other_files_are_not_taken_for_weights(tmp_path):
    for name, content in {"a.txt": b"weights", "b.pkl": pickle.dumps({}), "c.zip": b"PK\x05\x06" + bytes(18)}.items():
        (tmp_path / name).write_bytes(content)
        assert not is_foreign(tmp_path / name)


@pytest.mark.parametrize(
    "opcodes",
    [
        b"]r\xff\xff\xff\x7f",  # an entry of the memo whose number needs 32 GiB
        b"\x8e" + struct.pack("<Q", 1 << 40),  # bytes
        b"\x8d" + struct.pack("<Q", 1 << 40),  # a text
    ],
)
def test_a_small_pickle_reserves_no_memory_for_what_it_does_not_contain(opcodes, tmp_path):
    with pytest.raises(ModelError, match="damaged"):
        read_arrays(files.torch_zip(tmp_path / "w.pt", opcodes, {}))


def test_a_pickle_cannot_change_a_function_of_the_reader(tmp_path):
    state = b"N}" + files.text("__defaults__") + b"K\x07\x85s\x86b"
    path = files.torch_zip(tmp_path / "w.pt", b"ctorch._utils\n_rebuild_parameter\n" + state, {})
    with pytest.raises(ModelError, match="changes a function"):
        read_arrays(path)


def test_the_name_of_a_storage_is_a_text_and_no_list_that_doubles(tmp_path):
    tensor = files.tensor("0", STATE["a.weight"]).replace(files.text("0"), b"](" + files.text("0") * 2 + b"e")
    with pytest.raises(ModelError, match="of a kind that is not known"):
        read_arrays(files.torch_zip(tmp_path / "w.pt", tensor, {}))


def test_numbers_that_are_missing_are_reported_when_they_are_asked_for(tmp_path):
    arrays = read_arrays(
        files.torch_zip(tmp_path / "w.pt", files.dictionary({"w": files.tensor("0", STATE["a.weight"])}), {})
    )
    assert "w" in arrays
    assert "v" not in arrays
    with pytest.raises(ModelError, match="the numbers of w are damaged"):
        arrays["w"]


def test_an_encrypted_archive_is_reported(tmp_path):
    path = files.torch_zip(tmp_path / "w.pt", files.dictionary({}), {})
    content = bytearray(path.read_bytes())
    content[content.find(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    with pytest.raises(ModelError, match="damaged"):
        read_arrays(path)


def _huge(file):
    file.create_dataset("bn/gamma:0", shape=(1 << 20, 1 << 20), dtype="f4", chunks=(1024, 1024))


def _texts(file):
    file["bn/gamma:0"] = "a text"


def _circle(file):
    group = file.create_group("bn")
    group["again"] = group


def _doubling(file):
    for number in range(30):
        group = file.require_group(f"g{number}")
        group["left"] = group["right"] = file.require_group(f"g{number + 1}")


@pytest.mark.parametrize("write", [_huge, _texts, _circle, _doubling])
def test_an_old_keras_file_with_more_than_it_contains_is_refused(write, tmp_path):
    import h5py

    path = tmp_path / "w.h5"
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [b"bn"]
        write(file)
    assert is_foreign(path)
    with pytest.raises(ModelError, match=r"larger than the file|contains links"):
        read_arrays(path)
