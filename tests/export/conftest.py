"""Bundles, and one export of a tiny network to each runtime, below a folder with spaces and umlauts."""

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.bundle.runs import bundle, bundled, classifier, ensemble, files, joined
from tests.evaluate.conftest import trained
from xraykit.export import TARGETS, export_bundle

__all__ = ["bundle", "bundled", "classifier", "ensemble", "files", "joined", "trained"]


@pytest.fixture(scope="session")
def exports(bundled, tmp_path_factory):
    """The export of the tiny bundle to each format, by name: folder and record. No test may change them."""
    root = tmp_path_factory.mktemp("Röntgen Ärztin A")
    handed_over = Path(shutil.copytree(bundled.bundle, root / "Übergabe 1 (neu)"))
    return {name: export_bundle(handed_over, name, root / f"für {name}") for name in TARGETS}


@pytest.fixture(scope="session")
def pictures(tmp_path_factory):
    """Picture files of other kinds than phantoms: colour, 12 and 16 of 16 bits, JPEG, flat, smaller, not square."""
    root, random = tmp_path_factory.mktemp("Bilder für Tests"), np.random.default_rng(0)
    written = {
        "grey.png": random.integers(0, 256, (90, 70), np.uint8),
        "colour.png": random.integers(0, 256, (64, 80, 3), np.uint8),
        "transparent.png": random.integers(0, 256, (50, 50, 4), np.uint8),
        "12 bits.png": random.integers(0, 2**12, (61, 47), np.uint16),
        "16 bits.png": random.integers(0, 2**16, (40, 77), np.uint16),
        "small ß.png": random.integers(0, 256, (20, 25), np.uint8),
        "flat.jpg": cv2.GaussianBlur(random.integers(0, 256, (33, 120), np.uint8), (0, 0), 2),
    }
    for name, pixels in written.items():
        _, content = cv2.imencode(Path(name).suffix, pixels)
        (root / name).write_bytes(content.tobytes())
    return [root / name for name in written]
