"""Made-up label files and pictures, whole and broken, for the tests of the data room."""

import csv
import struct
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path

import cv2
import numpy as np

from xraykit.config.data.section import Data

HEADER = (
    "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position,"
    "OriginalImage[Width,Height],OriginalImagePixelSpacing[x,y]"
)
COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(pixels: np.ndarray, *, extra: bytes = b"", colour_type: int | None = None, depth: int | None = None) -> bytes:
    """A PNG file of ``(H, W)`` or ``(H, W, C)`` uint8 or uint16 samples, written without any imaging library."""
    samples = pixels if pixels.ndim == 3 else pixels[..., None]
    height, width, channels = samples.shape
    depth = depth or 8 * samples.itemsize
    colour_type = COLOUR_TYPES[channels] if colour_type is None else colour_type
    rows = samples.astype(f">u{samples.itemsize}").reshape(height, -1)
    raw = b"".join(b"\0" + row.tobytes() for row in rows)
    head = struct.pack(">IIBBBBB", width * 8 // depth if depth < 8 else width, height, depth, colour_type, 0, 0, 0)
    parts = [chunk(b"IHDR", head), extra, chunk(b"IDAT", zlib.compress(raw)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def grey(value: int = 128, side: int = 32) -> np.ndarray:
    return np.full((side, side), value, np.uint8)


def textured(side: int = 96, seed: int = 0) -> np.ndarray:
    """Clouds of grey with some grain, which no codec stores in a few bytes; ``(side, side)`` uint8."""
    rng = np.random.default_rng(seed)
    clouds = cv2.resize(rng.uniform(20, 235, (6, 6)).astype(np.float32), (side, side), interpolation=cv2.INTER_CUBIC)
    return np.clip(clouds + rng.normal(0, 6, clouds.shape), 0, 255).astype(np.uint8)


def jpeg(pixels: np.ndarray, *options: int) -> bytes:
    """A JPEG file; ``options`` as of ``cv2.imencode``."""
    return cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, 95, *options])[1].tobytes()


def line(image: str, findings: str = "No Finding", patient: str = "1", age: str = "57", more: str = "M,PA") -> str:
    return f"{image},{findings},0,{patient},{age},{more},2682,2749,0.143,0.143"


def nih_root(
    root: Path,
    lines: Iterable[str],
    *,
    pictures: Mapping[str, Iterable[str]] | None = None,
    file: str = "Data_Entry_2017_v2020.csv",
    header: str = HEADER,
) -> Path:
    """A folder like NIH's: a label file, and pictures by folder; by default one for each line in ``images``."""
    root.mkdir(parents=True, exist_ok=True)
    lines = list(lines)
    (root / file).write_text("\n".join([header, *lines]) + "\n")
    if pictures is None:
        pictures = {"images": {next(csv.reader([text]))[0] for text in lines}}
    for folder, names in pictures.items():
        (root / folder).mkdir(parents=True, exist_ok=True)
        for name in names:
            (root / folder / name).write_bytes(png(grey()))
    return root


def section(root: Path, **values: object) -> Data:
    return Data(root=str(root), **values)
