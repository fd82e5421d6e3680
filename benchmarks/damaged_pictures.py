"""How many damaged, whole and inverted pictures are refused or named: the figures of docs/radiographs.md.

    python benchmarks/damaged_pictures.py --data ../shared/nih --pictures 150

Real radiographs are written as PNG and as JPEG of several kinds, damaged at a random place, and read. A damaged file
whose pixels are still right counts neither as refused nor as missed. Then 5 % of the radiographs of each folder are
inverted, and those that are named as odd training pictures are counted.
"""

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np

from xraykit.data.decoders.pictures import open_radiograph
from xraykit.errors import BrokenImageError
from xraykit.evaluation import wilson_interval
from xraykit.input_check import training_pictures

SIDE, INVERTED = 256, 0.05
QUALITY = [cv2.IMWRITE_JPEG_QUALITY, 90]
KINDS = {
    "PNG": (".png", []),
    "JPEG": (".jpg", QUALITY),
    "JPEG, progressive": (".jpg", [*QUALITY, cv2.IMWRITE_JPEG_PROGRESSIVE, 1]),
    "JPEG, restart markers": (".jpg", [*QUALITY, cv2.IMWRITE_JPEG_RST_INTERVAL, 32]),
}

Damage = Callable[[bytes, np.random.Generator], bytes]


def cut(content: bytes, rng: np.random.Generator) -> bytes:
    return content[: rng.integers(len(content))]


def cut_with_end(content: bytes, rng: np.random.Generator) -> bytes:
    return cut(content, rng) + (content[-12:] if content.startswith(b"\x89PNG") else b"\xff\xd9")


def hole(content: bytes, rng: np.random.Generator, length: int = 512) -> bytes:
    start = rng.integers(len(content) - length)
    return content[:start] + content[start + length :]


def lost_byte(content: bytes, rng: np.random.Generator) -> bytes:
    return hole(content, rng, 1)


def zeroed(content: bytes, rng: np.random.Generator, length: int = 512) -> bytes:
    start = rng.integers(len(content) - length)
    return content[:start] + bytes(length) + content[start + length :]


def zeroed_few(content: bytes, rng: np.random.Generator) -> bytes:
    return zeroed(content, rng, 16)


def changed_byte(content: bytes, rng: np.random.Generator) -> bytes:
    damaged = bytearray(content)
    damaged[rng.integers(len(content))] ^= int(rng.integers(1, 256))
    return bytes(damaged)


def flipped_bit(content: bytes, rng: np.random.Generator) -> bytes:
    damaged = bytearray(content)
    damaged[rng.integers(len(content))] ^= 1 << int(rng.integers(8))
    return bytes(damaged)


DAMAGES: dict[str, Damage] = {
    "cut at any byte": cut,
    "cut, with an end mark": cut_with_end,
    "512 bytes lost": hole,
    "1 byte lost": lost_byte,
    "512 bytes zero": zeroed,
    "16 bytes zero": zeroed_few,
    "1 byte changed": changed_byte,
    "1 bit flipped": flipped_bit,
}


def read(content: bytes) -> np.ndarray | None:
    """None if the file is refused."""
    try:
        return open_radiograph(content, SIDE).picture
    except BrokenImageError:
        return None


def whole_files(data: Path) -> Iterator[tuple[str, bytes]]:
    """Every picture as it is and, those of 256 pixels, written again; kinds and contents."""
    for file in sorted(data.glob("images-*/*")):
        yield "as they are", file.read_bytes()
    for file in sorted(data.glob("images-256*/*")):
        pixels = cv2.imread(str(file), cv2.IMREAD_GRAYSCALE)
        for kind in list(KINDS)[1:]:
            yield kind, written(pixels, kind)
        yield "JPEG, bytes after its end", written(pixels, "JPEG") + bytes(1000)


def written(pixels: np.ndarray, kind: str) -> bytes:
    suffix, options = KINDS[kind]
    return cv2.imencode(suffix, pixels, options)[1].tobytes()


def report_whole(data: Path) -> None:
    counts: dict[str, list[bool]] = {}
    for kind, content in whole_files(data):
        counts.setdefault(kind, []).append(read(content) is None)
    print("| whole files | read | refused |\n|---|---:|---:|")
    for kind, refused in counts.items():
        print(f"| {kind} | {len(refused) - sum(refused):,} | {sum(refused)} |")


def report_damaged(data: Path, pictures: int, seed: int) -> None:
    files = sorted(data.glob("images-256/*"))
    rng = np.random.default_rng(seed)
    chosen = [files[place] for place in rng.choice(len(files), min(pictures, len(files)), replace=False)]
    sources = [cv2.imread(str(file), cv2.IMREAD_GRAYSCALE) for file in chosen]
    print("\n| damage | file | refused | of those with other pixels (95 %) | missed: mean change in grey levels |")
    print("|---|---|---:|---:|---:|")
    for name, damage in DAMAGES.items():
        for kind in KINDS:
            print(row(name, kind, [outcome(written(source, kind), damage, rng) for source in sources]))


def outcome(content: bytes, damage: Damage, rng: np.random.Generator) -> float | None:
    """None if refused, else how far the pixels are off: their mean absolute difference."""
    picture = read(damage(content, rng))
    if picture is None:
        return None
    return float(np.abs(picture.astype(int) - np.asarray(read(content)).astype(int)).mean())


def row(name: str, kind: str, outcomes: list[float | None]) -> str:
    refused = sum(off is None for off in outcomes)
    missed = [off for off in outcomes if off]
    low, high = wilson_interval(refused, refused + len(missed)) if refused + len(missed) else (0.0, 1.0)
    share = refused / max(refused + len(missed), 1)
    off = f"median {np.median(missed):.1f}, largest {max(missed):.1f}" if missed else "–"
    return f"| {name} | {kind} | {refused} | {share:.1%} ({low:.1%}–{high:.1%}) | {off} |"


def report_odd(data: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    print("\n| folder | radiographs | inverted | of these named | other radiographs named inverted, turned |")
    print("|---|---:|---:|---:|---|")
    for folder in ("images-64", "images-128", "images-256", "images-256-b"):
        files = sorted((data / folder).iterdir())
        inverted = rng.random(len(files)) < INVERTED
        found = odd_of(files, inverted)
        names = {file.name for file, each in zip(files, inverted, strict=True) if each}
        others = [sorted(set(found[kind]) - names) for kind in ("inverted", "turned")]
        said = "; ".join(f"{len(each)} {' '.join(each[:8])}".strip() for each in others)
        print(f"| {folder} | {len(files):,} | {len(names)} | {len(names & set(found['inverted']))} | {said} |")


def odd_of(files: list[Path], inverted: np.ndarray) -> dict[str, tuple[str, ...]]:
    opened = [open_radiograph(file, 64) for file in files]
    pictures = [255 - one.picture if turn else one.picture for one, turn in zip(opened, inverted, strict=True)]
    sources = [(one.width, one.height, one.colourfulness) for one in opened]
    training_pictures.LISTED = len(files)
    found = training_pictures.find_odd_pictures([file.name for file in files], pictures, sources)
    return {kind: found.examples.get(kind, ()) for kind in training_pictures.KINDS}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/nih"), help="folder with images-256 and others")
    parser.add_argument("--pictures", type=int, default=150, help="radiographs that each damage is done to")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    report_damaged(options.data, options.pictures, options.seed)
    report_whole(options.data)
    report_odd(options.data, options.seed)


if __name__ == "__main__":
    main()
