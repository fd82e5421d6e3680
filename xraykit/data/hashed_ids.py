"""Salted hashes in the place of patients' ids, for tables that leave the machine."""

import hashlib
import secrets
from collections.abc import Iterable

import pandas as pd

_BYTES = 8


def new_salt() -> str:
    """A random salt, in hexadecimal."""
    return secrets.token_hex(32)


def hashed_ids(patients: Iterable[str], salt: str) -> list[str]:
    """A hash of each id, 16 hexadecimal digits after ``p``; equal ids have equal hashes.

    Without the salt nobody can find the id, not even by trying all. With it, ids that are short can be guessed.
    """
    key = bytes.fromhex(salt)
    return [f"p{hashlib.blake2b(each.encode(), key=key, digest_size=_BYTES).hexdigest()}" for each in patients]


def with_hashed_patients(table: pd.DataFrame, salt: str) -> pd.DataFrame:
    """A table whose column ``patient`` has hashes instead of ids."""
    return table.assign(patient=hashed_ids(table["patient"].astype(str), salt))


def names_with_ids(images: Iterable[str], patients: Iterable[str]) -> int:
    """How many names of radiographs contain the id of their patient, as those of many collections do."""
    return sum(patient in image for image, patient in zip(images, patients, strict=True))
