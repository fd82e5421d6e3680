"""What reading pictures costs: memory of the largest ones, and time of the cache; figures of docs/radiographs.md.

python benchmarks/picture_costs.py --data ../shared/nih/images-256
"""

import argparse
import resource
import struct
import subprocess
import sys
import tempfile
import threading
import time
import zlib
from pathlib import Path

import numpy as np

from xraykit.data.cache.opening import open_cache
from xraykit.data.decoders.pictures import open_radiograph

LARGE = {"16 bits, grey": (1, 0, 16), "8 bits, RGB": (3, 2, 8), "16 bits, RGB": (3, 2, 16), "16 bits, RGBA": (4, 6, 16)}
SIDE = 8000
ROUNDS = 5


def large_png(channels: int, colour_type: int, bits: int) -> bytes:
    """A black PNG file of 64 megapixels."""
    packer = zlib.compressobj(1)
    row = bytes(1 + SIDE * channels * bits // 8)
    pixels = b"".join(packer.compress(row) for _ in range(SIDE)) + packer.flush()
    header = struct.pack(">IIBBBBB", SIDE, SIDE, bits, colour_type, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", pixels) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def peak_of(kind: str, together: int) -> float:
    """Gigabytes that a process takes at most, beyond what it had, to read ``together`` pictures in as many threads."""
    content = large_png(*LARGE[kind])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    threads = [threading.Thread(target=open_radiograph, args=(content, 224)) for _ in range(together)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1e6


def report_memory() -> None:
    print("| 64 megapixels | one picture, GB | four at once, GB |\n|---|---:|---:|")
    for kind in LARGE:
        peaks = [
            subprocess.run(
                [sys.executable, __file__, "--peak", kind, "--together", str(together)],
                check=True,
                stdout=subprocess.PIPE,
                text=True,
            ).stdout.strip()
            for together in (1, 4)
        ]
        print(f"| {kind} | {' | '.join(peaks)} |")


def report_speed(folder: Path, size: int) -> None:
    paths = sorted(str(file) for file in folder.iterdir())
    with tempfile.TemporaryDirectory() as cache_folder:
        begin = time.process_time()
        cache = open_cache(paths, size, Path(cache_folder), workers=1)
        built = time.process_time() - begin
        rows = np.arange(len(paths))
        cache.pictures(rows)
        begin = time.process_time()
        for _ in range(ROUNDS):
            for start in range(0, len(rows), 16):
                cache.pictures(rows[start : start + 16])
        taken = time.process_time() - begin
    each = 1e6 / len(paths)
    print(f"\n{len(paths):,} pictures of {folder.name} at {size} px, processor time per picture: ", end="")
    print(f"{built * each:.0f} µs to decode and check, {taken * each / ROUNDS:.1f} µs to take out and check")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/nih/images-256"), help="folder of radiographs")
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--peak", choices=LARGE, help=argparse.SUPPRESS)
    parser.add_argument("--together", type=int, default=1, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.peak:
        print(f"{peak_of(options.peak, options.together):.2f}")
        return
    report_memory()
    report_speed(options.data, options.size)


if __name__ == "__main__":
    main()
