"""Files of weights as PyTorch, safetensors and Keras before 3 write them, made without those libraries."""

import io
import json
import pickle
import struct
import zipfile

import numpy as np

MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
STORAGES = {"float32": b"FloatStorage", "float64": b"DoubleStorage", "int64": b"LongStorage"}


def text(value):
    encoded = value.encode()
    return b"X" + struct.pack("<I", len(encoded)) + encoded


def whole(*numbers):
    return b"(" + b"".join(b"J" + struct.pack("<i", number) for number in numbers) + b"t"


def tensor(key, array, *, streamed=False, strides=None, offset=0, numbers=None):
    """The opcodes of a tensor, of which ``key`` names the storage."""
    steps = strides or [step // array.itemsize for step in array.strides]
    count = array.size if numbers is None else numbers
    storage = b"(" + text("storage") + b"ctorch\n" + STORAGES[str(array.dtype)] + b"\n" + text(key) + text("cpu")
    storage += b"J" + struct.pack("<i", count) + (b"N" if streamed else b"") + b"tQ"
    rest = b"J" + struct.pack("<i", offset) + whole(*array.shape) + whole(*steps) + b"\x89ccollections\nOrderedDict\n)R"
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + rest + b"tR"


def dictionary(items):
    """The opcodes of an ``OrderedDict`` of names to opcodes."""
    return b"ccollections\nOrderedDict\n)R(" + b"".join(text(name) + value for name, value in items.items()) + b"u"


def torch_zip(path, content, arrays, *, compressed=False):
    """An archive with the opcodes ``content`` and the storages ``arrays``."""
    kind = zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED
    with zipfile.ZipFile(path, "w", kind) as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02" + content + b".")
        archive.writestr("archive/byteorder", "little")
        for key, array in arrays.items():
            archive.writestr(f"archive/data/{key}", np.ascontiguousarray(array).tobytes())
    return path


def torch_state(path, state, wrap=lambda content: content):
    """A state as PyTorch 1.6 and later save it."""
    keys = {name: str(number) for number, name in enumerate(state)}
    content = dictionary({name: tensor(keys[name], each) for name, each in state.items()})
    return torch_zip(path, wrap(content), {keys[name]: each for name, each in state.items()})


def torch_stream(path, state):
    """A state as PyTorch before 1.6 saved it."""
    keys = {name: str(number) for number, name in enumerate(state)}
    content = dictionary({name: tensor(keys[name], each, streamed=True) for name, each in state.items()})
    file = io.BytesIO()
    for each in (MAGIC, PROTOCOL, {"little_endian": True}):
        file.write(pickle.dumps(each, 2))
    file.write(b"\x80\x02" + content + b"." + pickle.dumps(list(keys.values()), 2))
    for each in state.values():
        file.write(struct.pack("<q", each.size) + np.ascontiguousarray(each).tobytes())
    path.write_bytes(file.getvalue())
    return path


def module(name, parameters, modules):
    """The opcodes of a whole ``torch.nn.Module`` of a class ``PACKAGE CLASS``."""
    package, kind = name.split()
    state = b"(" + text("_parameters") + dictionary(parameters) + text("_buffers") + dictionary({})
    state += text("_modules") + dictionary(modules) + b"d"
    return f"c{package}\n{kind}\n".encode() + b")\x81" + state + b"b"


def safetensors(path, state):
    """A safetensors file; a type ``bfloat16`` is cut out of float32."""
    header, blocks, at = {"__metadata__": {"format": "pt"}}, [], 0
    for name, each in state.items():
        block = np.ascontiguousarray(each).tobytes()
        kind = {"float32": "F32", "float64": "F64", "int64": "I64", "uint16": "BF16"}[str(each.dtype)]
        header[name] = {"dtype": kind, "shape": list(each.shape), "data_offsets": [at, at + len(block)]}
        blocks.append(block)
        at += len(block)
    content = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(content)) + content + b"".join(blocks))
    return path


def old_keras(path, layers, root=""):
    """An HDF5 file of Keras before 3: layer to parts, such as ``{"conv1/conv": {"kernel": array}}``."""
    import h5py

    with h5py.File(path, "w") as file:
        group = file.create_group(root) if root else file
        group.attrs["layer_names"] = [name.encode() for name in layers]
        for name, parts in layers.items():
            layer = group.create_group(name)
            layer.attrs["weight_names"] = [f"{name}/{part}:0".encode() for part in parts]
            for part, array in parts.items():
                layer.create_dataset(f"{name}/{part}:0", data=array)
    return path
