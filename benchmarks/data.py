"""What reading collections costs: label files of up to a million rows, and the picture cache; as Markdown.

python benchmarks/data.py reading
python benchmarks/data.py cache --data ../shared/nih/images-1024 ../shared/nih/images-1024-b
python benchmarks/data.py cold

`reading` writes label files as large as the collections' own, with an empty file for each picture, and reads each in a
process of its own, in which nothing was read before. `cache` builds the cache from PNG and from DICOM files with the
same pictures, and decodes and resizes them with plain OpenCV or pydicom in as many threads, in turn; also with the
SHA-256 of each file, which the cache takes as well. `cold` writes a cache of 16,000 pictures, asks the system to drop
its pages, and takes batches of 32 in random order from a plain memory map and from the cache, in turn; then both again
from memory. The folder (`--folder`) must be on a disk: a file system in memory drops nothing.
"""

import argparse
import csv
import hashlib
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from xraykit.config import load_experiment
from xraykit.phantoms import Drawn, Phantom, layout_named
from xraykit.phantoms.dataset import official_parts, plan_visits

LABELS = ("Cardiomegaly", "Edema", "Pneumothorax", "Consolidation")
SIDE = 1024
ROUNDS = 5


def drawn(layout: str, patients: int, images: int) -> list[Drawn]:
    """Radiographs without pictures, ``images`` of them with the laterals of the layout."""
    laterals = layout_named(layout).laterals
    settings = Phantom(patients=patients, images=round(images / (1.4 if laterals else 1)), size=64)
    parts = official_parts(settings)
    visits = plan_visits(settings, laterals=laterals)
    return [Drawn(visit, parts.get(visit.patient.number, "train"), {}, 64) for visit in visits]


def write_layout(layout: str, root: Path, patients: int, images: int) -> dict:
    """Label files of a collection, and an empty file for each picture; the section ``data`` that reads them."""
    record, radiographs = layout_named(layout), drawn(layout, patients, images)
    for name, content in record.tables(radiographs).items():
        _write(root / name, content)
    _touch(root / (record.images or ""), map(record.picture, radiographs))
    return {**record.data, "root": str(root), "labels": list(LABELS)}


def write_table(root: Path, patients: int, images: int) -> dict:
    """A table with 20 columns and an empty file for each picture."""
    rng = np.random.default_rng(7)
    present = rng.random((images, len(LABELS) + 10)) < 0.1
    people = np.sort(rng.integers(1, patients + 1, images))
    names = [f"{number // 1000:04d}/{number:07d}.png" for number in range(images)]
    root.mkdir(parents=True)
    with (root / "table.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(
            ["image", "patient", "sex", "age", "view", *LABELS, *(f"further {n}" for n in range(10)), "site"]
        )
        for name, person, row in zip(names, people.tolist(), present.astype(int).tolist(), strict=True):
            about = (f"P{person:06d}", "FM"[person % 2], 20 + person % 70, ("PA", "AP")[person % 3 == 0])
            writer.writerow([name, *about, *row, f"site {person % 5}"])
    _touch(root / "images", names)
    columns = {"image": "image", "patient": "patient", "sex": "sex", "age": "age", "view": "view"}
    return {"format": "table", "root": str(root), "labels": list(LABELS), "images": "images", "table": columns}


COLLECTIONS: dict[str, Callable[[Path], dict]] = {
    "NIH, 112,120 rows": lambda root: write_layout("nih", root, 30_805, 112_120),
    "CheXpert, 223,414 rows": lambda root: write_layout("chexpert", root, 64_540, 223_414),
    "MIMIC-CXR, 377,110 rows": lambda root: write_layout("mimic_cxr", root, 65_379, 377_110),
    "table, 1,000,000 rows": lambda root: write_table(root, 250_000, 1_000_000),
}


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _touch(root: Path, names: Iterator[str] | list[str]) -> None:
    made: set[str] = set()
    for name in names:
        path = os.path.join(root, name)
        folder = os.path.dirname(path)
        if folder not in made:
            os.makedirs(folder, exist_ok=True)
            made.add(folder)
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY))


def _now() -> float:
    """MiB that this process has now."""
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024


def _peak() -> float:
    """MiB that this process took at most; ``ru_maxrss`` would include what the process that started it took."""
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024


def measure_reading(data: dict) -> dict[str, float]:
    """Seconds and MiB of one collection, in this process."""
    import pandas as pd  # noqa: F401

    from xraykit.data import load_parts, read_catalog

    section = load_experiment({"data": {**data, "duplicates": "allow"}}).data
    before, begin = _now(), time.perf_counter()
    catalog = read_catalog(section)
    read = time.perf_counter() - begin
    peak, rows = _peak() - before, len(catalog)
    del catalog
    begin = time.perf_counter()
    load_parts(section, 7, sealed_test=True)
    return {
        "rows": rows,
        "read": read,
        "MiB": peak,
        "parts": time.perf_counter() - begin,
        "MiB parts": _peak() - before,
    }


def measure_pandas(files: list[str]) -> dict[str, float]:
    """The same label files with ``pandas.read_csv`` alone."""
    import pandas as pd

    before, begin = _now(), time.perf_counter()
    tables = [pd.read_csv(file, dtype=str, keep_default_na=False, on_bad_lines="skip") for file in files]
    taken = time.perf_counter() - begin
    return {"rows": sum(map(len, tables)), "read": taken, "MiB": _peak() - before}


def report_reading(folder: Path, chosen: list[str]) -> None:
    print("| label files | radiographs used | read, s | MiB | again, with split, s | MiB | pandas alone, s | MiB |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|", flush=True)
    for name, write in COLLECTIONS.items():
        if chosen and not any(word in name for word in chosen):
            continue
        with tempfile.TemporaryDirectory(dir=folder) as temporary:
            root = Path(temporary) / "set"
            data = write(root)
            files = [str(path) for ending in ("*.csv", "*.gz") for path in root.glob(ending)]
            files += [str(path) for path in root.glob("*/*.csv")]
            ours = _in_a_process("--measure", json.dumps(data))
            plain = _in_a_process("--pandas", json.dumps(files))
            cells = [f"{ours['rows']:,.0f}", f"{ours['read']:.1f}", f"{ours['MiB']:,.0f}", f"{ours['parts']:.1f}"]
            cells += [f"{ours['MiB parts']:,.0f}", f"{plain['read']:.1f}", f"{plain['MiB']:,.0f}"]
            print(f"| {name} | {' | '.join(cells)} |", flush=True)


def _in_a_process(option: str, value: str) -> dict[str, float]:
    command = [sys.executable, __file__, "reading", option, value]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def plain_opencv(path: str, size: int) -> np.ndarray:
    """What decoding a picture costs at least."""
    import cv2

    pixels = cv2.imread(path, cv2.IMREAD_GRAYSCALE)
    return cv2.resize(pixels, (size, size), interpolation=cv2.INTER_AREA)


def plain_pydicom(path: str, size: int) -> np.ndarray:
    """pydicom's own pipeline: Modality LUT, VOI LUT, MONOCHROME1, to 8 bits; then OpenCV's resizing."""
    import cv2
    import pydicom
    from pydicom.pixels import apply_modality_lut, apply_voi_lut

    dataset = pydicom.dcmread(path)
    pixels = apply_voi_lut(apply_modality_lut(dataset.pixel_array, dataset), dataset).astype(np.float32)
    grey = pixels * (255 / (2**dataset.BitsStored - 1))
    if dataset.PhotometricInterpretation == "MONOCHROME1":
        grey = 255 - grey
    return np.round(cv2.resize(grey, (size, size), interpolation=cv2.INTER_AREA)).astype(np.uint8)


def write_pictures(folders: list[Path], target: Path, copies: int) -> dict[str, list[str]]:
    """PNG and DICOM files of the same radiographs, ``copies`` of each under other names."""
    import cv2

    from xraykit.phantoms import draw_patient, draw_visits
    from xraykit.phantoms.dicom import encode_dicom

    (visit,) = draw_visits(draw_patient(1), 1, 0.1)
    kinds = {
        "PNG": lambda pixels: cv2.imencode(".png", pixels)[1].tobytes(),
        "DICOM, 12 bits, uncompressed": lambda pixels: encode_dicom(pixels, visit, bits=12),
        "DICOM, 8 bits, JPEG baseline": lambda pixels: encode_dicom(pixels, visit, bits=8, jpeg=True),
    }
    paths: dict[str, list[str]] = {kind: [] for kind in kinds}
    sources = sorted(file for folder in folders for file in folder.iterdir())
    for kind, encode in kinds.items():
        place = target / kind.replace(", ", "-").replace(" ", "_")
        place.mkdir(parents=True)
        for number, source in enumerate(sources):
            first = place / f"{number:04d}-0.{'png' if kind == 'PNG' else 'dcm'}"
            original = kind == "PNG" and source.suffix == ".png"
            pixels = cv2.imread(str(source), cv2.IMREAD_GRAYSCALE)
            first.write_bytes(source.read_bytes() if original else encode(pixels))
            for copy in range(1, copies):
                os.link(first, first.with_name(first.name.replace("-0.", f"-{copy}.")))
        paths[kind] = sorted(map(str, place.iterdir()))
    return paths


def report_cache(folders: list[Path], folder: Path, size: int, workers: int, copies: int) -> None:
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        kinds = write_pictures(folders, Path(temporary) / "pictures", copies)
        print(f"| {SIDE}² to {size} px, {workers} threads | pictures | cache, /s | plain, /s | ratio | with SHA-256 |")
        print("|---|---:|---:|---:|---|---|", flush=True)
        for kind, paths in kinds.items():
            plain = plain_opencv if kind == "PNG" else plain_pydicom
            rounds = [_one_round(paths, size, workers, plain) for _ in range(ROUNDS)]
            ours, alone, hashed = zip(*rounds, strict=True)
            cells = [f"{len(paths):,}", f"{statistics.median(ours):.0f}", f"{statistics.median(alone):.0f}"]
            print(f"| {kind} | {' | '.join([*cells, _ratios(ours, alone), _ratios(ours, hashed)])} |", flush=True)


def _ratios(ours: Sequence[float], theirs: Sequence[float]) -> str:
    """The median of all rounds, and the lowest and the highest."""
    ratios = sorted(one / other for one, other in zip(ours, theirs, strict=True))
    return f"{statistics.median(ratios):.2f} ({ratios[0]:.2f}-{ratios[-1]:.2f})"


def _one_round(
    paths: list[str], size: int, workers: int, plain: Callable[[str, int], np.ndarray]
) -> tuple[float, float, float]:
    """Pictures per second: building the cache; decoding alone; decoding and a SHA-256 of each file."""

    def with_hash(path: str, size: int) -> np.ndarray:
        hashlib.sha256(Path(path).read_bytes())
        return plain(path, size)

    return _cache_speed(paths, size, workers), *(_speed(paths, size, workers, way) for way in (plain, with_hash))


def _cache_speed(paths: list[str], size: int, workers: int) -> float:
    from xraykit.data.cache.opening import open_cache

    with tempfile.TemporaryDirectory() as cache, open(os.devnull, "w") as nowhere:
        error, sys.stderr = sys.stderr, nowhere
        try:
            begin = time.perf_counter()
            open_cache(paths, size, Path(cache), workers=workers)
            return len(paths) / (time.perf_counter() - begin)
        finally:
            sys.stderr = error


def _speed(paths: list[str], size: int, workers: int, way: Callable[[str, int], np.ndarray]) -> float:
    begin = time.perf_counter()
    with ThreadPoolExecutor(workers) as pool:
        for _ in pool.map(lambda path: way(path, size), paths):
            pass
    return len(paths) / (time.perf_counter() - begin)


COLD_PICTURES, COLD_TAKEN, COLD_BATCH = 16_000, 1_600, 32


def report_cold(folder: Path | None, size: int) -> None:
    """Pictures per second from the disk and from memory, of a plain memory map and of the cache."""
    from xraykit.data.cache.mapped_pictures import MappedPictures

    rng, shape = np.random.default_rng(0), (COLD_PICTURES, size, size)
    ways = {
        "plain memory map": lambda path: np.memmap(path, np.uint8, "r", 0, shape),
        "picture cache": lambda path: MappedPictures(path, 0, shape),
    }
    speeds: dict[tuple[str, bool], list[float]] = {(way, cold): [] for way in ways for cold in (True, False)}
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        path = Path(temporary) / "pictures"
        with path.open("wb") as file:
            for _ in range(COLD_PICTURES // 500):
                file.write(rng.integers(0, 256, (500, size, size), np.uint8).tobytes())
            file.flush()
            os.fsync(file.fileno())
        for _ in range(ROUNDS):
            for way, opened in ways.items():
                with path.open("rb") as file:
                    os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
                speeds[way, True].append(_taken_per_second(opened(path), rng.permutation(COLD_PICTURES)[:COLD_TAKEN]))
            path.read_bytes()
            for way, opened in ways.items():
                speeds[way, False].append(_taken_per_second(opened(path), rng.permutation(COLD_PICTURES)))
    print(f"| {size}², batches of {COLD_BATCH}, median of {ROUNDS} | from the disk, /s | from memory, /s |")
    print("|---|---:|---:|")
    for way in ways:
        cells = [f"{statistics.median(speeds[way, cold]):,.0f}" for cold in (True, False)]
        print(f"| {way} | {' | '.join(cells)} |")
    names = {True: "from the disk", False: "from memory"}
    for cold, name in names.items():
        ratios = _ratios(speeds["picture cache", cold], speeds["plain memory map", cold])
        print(f"\nRatio {name}: {ratios} (median, lowest to highest).")


def _taken_per_second(pictures: Any, rows: np.ndarray) -> float:
    begin = time.perf_counter()
    for start in range(0, len(rows), COLD_BATCH):
        np.ascontiguousarray(pictures[rows[start : start + COLD_BATCH]])
    return len(rows) / (time.perf_counter() - begin)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("part", choices=("reading", "cache", "cold"))
    parser.add_argument("--data", type=Path, nargs="*", default=[Path("../shared/nih/images-1024")])
    parser.add_argument("--folder", type=Path, help="where the files are written (the system's temporary folder)")
    parser.add_argument("--only", nargs="*", default=[], help="words of the collections to be read, such as NIH")
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--copies", type=int, default=4)
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    parser.add_argument("--pandas", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure_reading(json.loads(options.measure))))
    elif options.pandas:
        print(json.dumps(measure_pandas(json.loads(options.pandas))))
    elif options.part == "reading":
        report_reading(options.folder, options.only)
    elif options.part == "cold":
        report_cold(options.folder, options.size)
    else:
        report_cache(options.data, options.folder, options.size, options.workers, options.copies)


if __name__ == "__main__":
    main()
