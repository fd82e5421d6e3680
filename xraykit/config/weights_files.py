"""Whether a file can be what ``model.weights`` names: seen from its first bytes, before any data are read."""

import json
import zipfile
from pathlib import Path
from typing import Any

DENSENETS = ("densenet121", "keras:DenseNet121")
"""Backbones that take weights of other projects."""

_HDF5 = b"\x89HDF\r\n\x1a\n"
_ZIP = b"PK\x03\x04"
_PICKLE = b"\x80\x02"


def complaint_about_weights(file: Path, backbone: str, network: str, *, own_format: bool) -> str | None:
    """What is wrong with a file of weights, as the end of a sentence; None if nothing is seen.

    A file that passes may still be damaged further inside; that is seen when the network is built.

    Args:
        file: Exists.
        backbone: ``model.backbone``.
        network: The name that the backbone's network has in a ``model.keras``.
        own_format: Whether the backbone may read files of a format of its own, as that of a plug-in.
    """
    try:
        with file.open("rb") as opened:
            start = opened.read(64)
        if file.suffix == ".keras":
            return _about_run(file, network)
        return None if own_format else _about_format(file, start, backbone)
    except OSError as error:
        return f"cannot be read ({error.strerror})"


def _about_run(file: Path, network: str) -> str | None:
    try:
        with zipfile.ZipFile(file) as archive:
            found = _name(json.loads(archive.read("config.json")))
            archive.getinfo("model.weights.h5")
    except (zipfile.BadZipFile, KeyError, ValueError, RuntimeError):
        return "is no model.keras of a run, or is damaged"
    return None if found == network else f"contains the network {found!r} instead of {network!r}"


def _name(content: Any) -> str:
    settings = content.get("config") if isinstance(content, dict) else None
    return str(settings.get("name")) if isinstance(settings, dict) else "of unknown kind"


def _about_format(file: Path, start: bytes, backbone: str) -> str | None:
    if start.startswith(_HDF5):
        return None
    is_archive, is_safetensors = start.startswith(_ZIP), start[8:9] == b"{"
    if not (is_archive or is_safetensors or start.startswith(_PICKLE)):
        return "is no file of weights of Keras or PyTorch, or is damaged"
    if is_archive and not zipfile.is_zipfile(file):
        return "is damaged: the end of the archive is missing"
    if backbone not in DENSENETS:
        return f"is of PyTorch or safetensors, which is read for {' and '.join(DENSENETS)} alone"
    return None
