"""Checkpoints of a training in progress: written whole or not at all; a damaged one is refused.

One file contains every variable of model and optimizer, the best weights so far and the state of the callbacks. Its
name contains its SHA-256; it is written under a temporary name, synced, and renamed.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from xraykit.errors import CheckpointError
from xraykit.model.backend import DeviceGroup
from xraykit.runs import check_same
from xraykit.system import publish, remove_leftovers, sha256_of, temporary_beside

_NAME = re.compile(r"^epoch-(\d{5})-([0-9a-f]{64})\.npz$")


@dataclass(frozen=True)
class Checkpoint:
    """The state of a training at the end of an epoch.

    Attributes:
        arrays: Named lists of arrays, such as ``"model"``, ``"optimizer"``, ``"best"``.
        state: Everything else, as JSON values.
    """

    arrays: Mapping[str, Sequence[np.ndarray]]
    state: Mapping[str, Any]


def write_checkpoint(folder: Path, epoch: int, checkpoint: Checkpoint) -> Path:
    """Write a checkpoint, then delete older ones.

    Args:
        folder: The folder of this run's checkpoints.
        epoch: Number of completed epochs.

    Raises:
        CheckpointError: the disk is full or the folder cannot be written; the previous checkpoint is kept. Or an
            array contains Python objects, which NumPy would pickle.
    """
    flat = _flat(checkpoint)
    folder.mkdir(parents=True, exist_ok=True)
    temporary = temporary_beside(folder / "checkpoint.npz")
    remove_leftovers(folder)
    try:
        with temporary.open("wb") as file:
            np.savez(file, **flat)
        final = folder / f"epoch-{epoch:05d}-{sha256_of(temporary)}.npz"
        publish(temporary, final)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise CheckpointError(
            f"The checkpoint of epoch {epoch} could not be written to {folder}: {error.strerror}. The previous one "
            f"is intact. Free some space, then continue with --resume."
        ) from error
    for path, _ in _found(folder):
        if path != final:
            path.unlink(missing_ok=True)
    return final


def read_checkpoint(folder: Path) -> Checkpoint | None:
    """The newest checkpoint in ``folder``, or ``None`` if there is none.

    Raises:
        CheckpointError: it is damaged.
    """
    found = _found(folder)
    if not found:
        return None
    path, digest = found[-1]
    if sha256_of(path) != digest:
        raise CheckpointError(
            f"The checkpoint {path} is damaged: its content does not match the checksum in its name. It is not loaded. "
            f"Delete it to start this training again from its first epoch."
        )
    with np.load(path, allow_pickle=False) as file:
        flat = {name: file[name] for name in file.files}
    state = json.loads(bytes(flat.pop("state")).decode())
    arrays: dict[str, list[np.ndarray]] = {name: [] for name in state.pop("lists")}
    for name in sorted(flat):
        arrays[name.partition("/")[0]].append(flat[name])
    return Checkpoint(arrays, state)


def saved_training(
    folder: Path | None, identity: Mapping[str, Any], group: DeviceGroup | None = None
) -> Checkpoint | None:
    """The newest checkpoint of a training, or ``None`` if there is none.

    Args:
        folder: Of the checkpoints; ``None``: no checkpoint is kept.
        identity: Of the training that is to continue.
        group: Of a training on several devices: its first process reads for all.

    Raises:
        CheckpointError: it is damaged or belongs to another training.
    """
    saved = read_checkpoint(folder) if folder else None
    if group is not None:
        saved = _shared(saved, group)
    # Versions up to 0.1 wrote checkpoints without an identity.
    if saved is not None and "identity" in saved.state:
        check_same(saved.state["identity"], identity, f"The checkpoint in {folder}")
    return saved


def _shared(saved: Checkpoint | None, group: DeviceGroup) -> Checkpoint | None:
    """The checkpoint that process 0 has read, in every process."""
    state = group.agree(None if saved is None else {"state": saved.state, "lists": _lengths(saved)})
    if state is None:
        return None
    flat = group.agree_arrays([] if saved is None else [each for arrays in saved.arrays.values() for each in arrays])
    each = iter(flat)
    return Checkpoint({name: [next(each) for _ in range(length)] for name, length in state["lists"]}, state["state"])


def _lengths(saved: Checkpoint) -> list[tuple[str, int]]:
    return [(name, len(arrays)) for name, arrays in saved.arrays.items()]


def _flat(checkpoint: Checkpoint) -> dict[str, Any]:
    flat = {
        f"{name}/{index:06d}": np.asarray(array)
        for name, arrays in checkpoint.arrays.items()
        for index, array in enumerate(arrays)
    }
    objects = [name for name, array in flat.items() if array.dtype.hasobject]
    if objects:
        raise CheckpointError(
            f"A checkpoint stores arrays of numbers only; Python objects would be pickled. Received: objects in "
            f"{objects}."
        )
    state = json.dumps({**checkpoint.state, "lists": list(checkpoint.arrays)}).encode()
    return {**flat, "state": np.frombuffer(state, dtype=np.uint8)}


def _found(folder: Path) -> list[tuple[Path, str]]:
    """Checkpoints and their checksums, oldest first."""
    if not folder.is_dir():
        return []
    matches = ((path, _NAME.match(path.name)) for path in sorted(folder.iterdir()))
    return [(path, match.group(2)) for path, match in matches if match]
