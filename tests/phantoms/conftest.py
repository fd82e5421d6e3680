"""Small sets of phantoms in each layout, and their tables."""

import csv
import gzip
import io
from pathlib import Path

import pytest

from xraykit.phantoms import Phantom, write_phantoms

SMALL = Phantom(patients=30, images=60, size=32, prevalence=0.12, seed=7)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@pytest.fixture(scope="package")
def written(tmp_path_factory):
    """From the name of a layout to the folder of the set written in it, once."""
    roots: dict[str, Path] = {}

    def write(layout: str) -> Path:
        if layout not in roots:
            roots[layout] = tmp_path_factory.mktemp(layout) / "set"
            write_phantoms(roots[layout], SMALL, layout=layout)
        return roots[layout]

    return write


def rows_of(file: Path, encoding: str = "utf-8", delimiter: str = ",") -> list[dict[str, str]]:
    content = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
    return list(csv.DictReader(io.StringIO(content.decode(encoding)), delimiter=delimiter))
