"""The checksums of a bundle's files: a changed, missing or added file is noticed before anything is read.

``manifest.json`` names each file with its size and SHA-256, and ends with the SHA-256 of that list. The manifest shows
damage and careless changes. It is no signature: whoever changes a file on purpose can write a new manifest. So its
``sha256``, the checksum of the whole bundle, can be compared with the one that the sender reports separately.
"""

import hashlib
import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from xraykit.bundle.folder import BundleFolder
from xraykit.errors import ModelError
from xraykit.system import Each, Shape, json_text, read_json, sha256_of

logger = logging.getLogger(__name__)

FORMAT = 1
_OF_SYSTEMS = {"thumbs.db", "desktop.ini"}  # and hidden files, such as .DS_Store
_OF_MLFLOW = {"registered_model_meta"}  # written into a model that comes out of its registry
_REMEDY = "Copy the bundle again from its source."
_SHAPE: dict[str, Shape] = {"format": int, "files": Each({"sha256": str}), "sha256": str}


def write_manifest(folder: BundleFolder) -> str:
    """Write the checksums of all files; the last step of writing a bundle.

    Returns:
        The SHA-256 of the whole bundle.
    """
    files = {
        name: {"bytes": path.stat().st_size, "sha256": sha256_of(path)} for name, path in _files_in(folder).items()
    }
    digest = _digest(files)
    folder.manifest.write_text(json_text({"format": FORMAT, "files": files, "sha256": digest}), encoding="utf-8")
    return digest


def check_manifest(folder: BundleFolder, *, expected: bool) -> None:
    """Check that the files are those that were written.

    Args:
        folder: The bundle.
        expected: Whether ``model.json`` names a manifest; bundles of xraykit 0.1 have none, which is
            logged as a warning.

    Raises:
        ModelError: a file is missing, was added or changed, or the manifest itself is missing or was changed.
    """
    if not folder.manifest.exists() and not expected:
        logger.warning(
            "%s is of an earlier version of xraykit and has no checksums: whether its files were changed since "
            "they were written is not known, except for %s.",
            folder.path,
            folder.model.name,
        )
        return
    listed = _listed(folder)
    present = set(_files_in(folder))
    for what, names in (("missing", set(listed) - present), ("added", present - set(listed))):
        if names:
            raise ModelError(
                f"{folder.path} is not the bundle that was written. Files {what}: {', '.join(sorted(names))}. Expected "
                f"exactly those that {folder.manifest.name} lists. {_REMEDY}"
            )
    for name in listed:
        _check_file(folder.path / name, listed[name]["sha256"])


def check_listed(folder: BundleFolder, path: Path) -> None:
    """Check that one file of a bundle is the one that was written, without reading the others.

    Args:
        folder: The bundle; without a manifest nothing is checked.
        path: The file.

    Raises:
        ModelError: it is not listed or was changed, or the manifest was changed.
    """
    if folder.manifest.exists():
        facts = _listed(folder).get(path.relative_to(folder.path).as_posix())
        if facts is None:
            raise ModelError(f"{path} is not one of the files that {folder.manifest} lists. {_REMEDY}")
        _check_file(path, facts["sha256"])


def _check_file(path: Path, expected: str) -> None:
    # Opening a FIFO or reading a device could take forever.
    if not path.is_file():
        raise ModelError(f"{path} is not a regular file. {_REMEDY}")
    received = sha256_of(path)
    if received != expected:
        raise ModelError(
            f"{path} was damaged or changed since it was written, or is of another bundle. SHA-256 expected: "
            f"{expected}, received: {received}. {_REMEDY}"
        )


def _listed(folder: BundleFolder) -> dict[str, dict[str, Any]]:
    values = read_json(folder.manifest, "the checksums of a bundle", _SHAPE, remedy=_REMEDY, kind=ModelError)
    if values["format"] != FORMAT:
        raise ModelError(
            f"{folder.manifest} is of format {values['format']}; this xraykit reads format {FORMAT}. Install the "
            f"version of xraykit that {folder.about.name} names."
        )
    if _digest(values["files"]) != values["sha256"]:
        raise ModelError(
            f"{folder.manifest} was damaged or changed since it was written: its own checksum is wrong. {_REMEDY}"
        )
    return dict(values["files"])


def _files_in(folder: BundleFolder) -> dict[str, Path]:
    """All files, by their names relative to the bundle, but the manifest and those that systems and MLflow leave."""
    places = [folder.path]
    if _is_folder(folder.members):
        # A link instead of a folder counts as a file, which no manifest lists.
        places += [folder.members, *(path for path in sorted(folder.members.iterdir()) if _is_folder(path))]
    found = [path for place in places for path in sorted(place.iterdir()) if _counts(path)]
    return {path.relative_to(folder.path).as_posix(): path for path in found if path != folder.manifest}


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _counts(path: Path) -> bool:
    return not _is_folder(path) and not path.name.startswith(".") and path.name.lower() not in _OF_SYSTEMS | _OF_MLFLOW


def _digest(files: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(files, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
