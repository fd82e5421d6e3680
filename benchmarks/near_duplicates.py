"""How well near-duplicates are found, and how often two patients are taken for one: rates for each threshold.

    python benchmarks/near_duplicates.py ../shared/nih/images-128
    python benchmarks/near_duplicates.py --speed 112120

Positives are copies of the radiographs: re-encoded, resized, cropped, brighter and so on. Negatives are all pairs of
radiographs of different patients; those of one patient are counted apart. The patient is the file's name up to ``_``.
With ``--write FILE`` the usual frequencies of the radiographs are written as
``xraykit/data/leakage/usual_radiographs.json`` has them.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from xraykit.data.leakage.met_before import SAME_PICTURE, _packed, _unpacked
from xraykit.data.leakage.near_duplicates import ALIKE, SAME, alike, near_duplicates, same_details
from xraykit.data.leakage.signatures import LENGTH, LOW, Usual, all_frequencies, unit

FULL = 112_120
LEVELS = (0.75, 0.80, 0.85, 0.90, 0.93, 0.95, 0.97)
DETAILS = (0.80, 0.85, 0.88, 0.90, 0.92, 0.95)
BLOCK = 1024


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, help="radiographs, named PATIENT_NUMBER.png")
    parser.add_argument("--size", type=int, default=128, help="side in pixels at which they are compared")
    parser.add_argument("--copies", type=int, default=800, help="radiographs that are copied in each way")
    parser.add_argument("--speed", type=int, help="only measure the time for so many pictures")
    parser.add_argument("--write", type=Path, help="write the usual frequencies to this file")
    options = parser.parse_args()
    if options.speed:
        speed(options.speed)
        return
    files = sorted(options.folder.glob("*.png"))
    pictures = np.stack([resized(cv2.imread(str(file), cv2.IMREAD_GRAYSCALE), options.size) for file in files])
    patients = np.unique([file.name.partition("_")[0] for file in files], return_inverse=True)[1]
    found = all_frequencies(pictures, len(pictures))
    if options.write:
        values = {"mean": found.mean(0).round(1).tolist(), "std": found.std(0).round(1).tolist()}
        options.write.write_text(json.dumps(values) + "\n", encoding="utf-8")
        return
    print(f"{len(files):,} radiographs of {patients.max() + 1:,} patients at {options.size} px\n")
    rates(pictures, patients, found, options.copies)


def rates(pictures: np.ndarray, patients: np.ndarray, found: np.ndarray, copies: int) -> None:
    """Three tables: of candidates, of their details, and of signatures of 4 bits."""
    usual = Usual.of(found)
    random = np.random.default_rng(0)
    chosen = random.choice(len(pictures), min(copies, len(pictures)), replace=False)
    changed = {name: np.stack([change(pictures[row]) for row in chosen]) for name, change in changes(random).items()}
    low = {name: all_frequencies(each, len(each)) for name, each in changed.items()}
    signatures = usual.signatures(found)

    def first_step(each: np.ndarray) -> np.ndarray:
        return unit(usual.signatures(each)[:, LOW])

    def four_bits(each: np.ndarray) -> np.ndarray:
        return unit(_unpacked(_packed(usual.signatures(each))))

    for title, function, threshold in (
        (f"Candidates: 63 low frequencies (threshold {ALIKE})", first_step, ALIKE),
        (f"Record of a bundle: 143 frequencies of 4 bits (threshold {SAME_PICTURE})", four_bits, SAME_PICTURE),
    ):
        print(title)
        every = function(found)
        correlations = {name: (every[chosen] * function(each)).sum(1) for name, each in low.items()}
        table(every, patients, correlations, threshold)
    candidates = alike(unit(signatures[:, LOW]), unit(signatures[:, LOW]), ALIKE - 0.1, upper=True)
    others = candidates[patients[candidates[:, 0]] != patients[candidates[:, 1]]]
    print(f"Details of the {len(others):,} pairs of different patients above {ALIKE - 0.1:.2f} (threshold {SAME})")
    negatives = np.array([same_details(pictures[one], pictures[other]) for one, other in others])
    details(
        negatives,
        {
            name: [same_details(pictures[row], copy) for row, copy in zip(chosen[:300], each, strict=False)]
            for name, each in changed.items()
        },
    )
    extrapolate(negatives, unit(signatures[:, LOW]), patients)


def table(every: np.ndarray, patients: np.ndarray, copies: dict[str, np.ndarray], threshold: float) -> None:
    """Shares of pairs and copies at least as alike as each level."""
    other, same, pairs = np.zeros(len(LEVELS), int), np.zeros(len(LEVELS), int), 0
    for start in range(0, len(every), BLOCK):
        products = every[start : start + BLOCK] @ every[start:].T
        rows, columns = np.arange(start, min(start + BLOCK, len(every))), np.arange(start, len(every))
        later = rows[:, None] < columns[None, :]
        alien = patients[rows][:, None] != patients[columns][None, :]
        one, two = products[later & alien], products[later & ~alien]
        pairs += one.size
        other += [int((one >= level).sum()) for level in LEVELS]
        same += [int((two >= level).sum()) for level in LEVELS]
    print(f"| at least | different patients ({pairs:,} pairs) | share | one patient | " + " | ".join(copies) + " |")
    print("|---" * (4 + len(copies)) + "|")
    for level, count, of_one in zip(LEVELS, other, same, strict=True):
        shares = " | ".join(f"{100 * (each >= level).mean():.1f} %" for each in copies.values())
        mark = "**" if level == threshold else ""
        print(f"| {mark}{level:.2f}{mark} | {count:,} | {count / pairs:.1e} | {of_one:,} | {shares} |")
    print()


def details(negatives: np.ndarray, copies: dict[str, list[float]]) -> None:
    """Shares of candidates and copies whose details are at least as alike as each level."""
    print("| at least | different patients | " + " | ".join(copies) + " |")
    print("|---" * (2 + len(copies)) + "|")
    for level in DETAILS:
        shares = " | ".join(f"{100 * (np.array(each) >= level).mean():.1f} %" for each in copies.values())
        mark = "**" if level == SAME else ""
        print(f"| {mark}{level:.2f}{mark} | {int((negatives >= level).sum()):,} | {shares} |")
    print(f"The highest of different patients: {', '.join(f'{each:.3f}' for each in np.sort(negatives)[:-6:-1])}\n")


def extrapolate(negatives: np.ndarray, every: np.ndarray, patients: np.ndarray) -> None:
    """What 112,120 radiographs would give: pairs grow with the square, and the tail of details falls exponentially."""
    found = alike(every, every, ALIKE, upper=True)
    candidates = int((patients[found[:, 0]] != patients[found[:, 1]]).sum())
    pairs, full = len(every) * (len(every) - 1) / 2, FULL * (FULL - 1) / 2
    expected = candidates * full / pairs
    high = float(np.quantile(negatives, 0.95))
    excess = float((negatives[negatives > high] - high).mean())
    share = 0.05 * float(np.exp(-(SAME - high) / excess))
    print(
        f"{FULL:,} radiographs: {full:.2g} pairs, about {expected:,.0f} candidates of different patients. Above their "
        f"95 % quantile ({high:.3f}) the details fall off by a factor of e each {excess:.4f}; if they go on so, "
        f"{expected * share:.2g} pairs of different patients are taken for copies at {SAME}."
    )


def speed(count: int) -> None:
    """Time and candidates for random pictures of 64 pixels."""
    random = np.random.default_rng(0)
    small = random.integers(0, 256, (count, 12, 12), np.uint8)
    started = time.perf_counter()

    def pictures(rows: np.ndarray) -> np.ndarray:
        return np.stack([cv2.resize(small[row], (64, 64), interpolation=cv2.INTER_CUBIC) for row in rows])

    found = near_duplicates(pictures, count, 2)
    print(f"{count:,} pictures: {time.perf_counter() - started:.1f} s, {len(found)} pairs ({LENGTH} numbers each)")


def resized(picture: np.ndarray, size: int) -> np.ndarray:
    """Square, area-averaged."""
    return np.asarray(cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA))


def jpeg(picture: np.ndarray, quality: int) -> np.ndarray:
    """Stored as JPEG and read again."""
    stored = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(stored, cv2.IMREAD_GRAYSCALE))


def changes(random: np.random.Generator) -> dict[str, Callable[[np.ndarray], np.ndarray]]:
    """What is done to the copies, by name."""

    def cropped(picture: np.ndarray, most: float) -> np.ndarray:
        side = len(picture)
        top, bottom, left, right = np.rint(random.uniform(0, most, 4) * side).astype(int)
        return np.asarray(cv2.resize(picture[top : side - bottom, left : side - right], (side, side)))

    def gamma(picture: np.ndarray, exponent: float) -> np.ndarray:
        return np.uint8(np.rint(255 * (picture / 255) ** exponent))

    def smaller(picture: np.ndarray) -> np.ndarray:
        side = len(picture)
        return np.asarray(cv2.resize(cv2.resize(picture, (side // 2, side // 2)), (side, side)))

    return {
        "JPEG 75": lambda picture: jpeg(picture, 75),
        "JPEG 30": lambda picture: jpeg(picture, 30),
        "half the size": smaller,
        "contrast 0.8, +20": lambda picture: np.uint8(np.clip((picture - 128.0) * 0.8 + 148, 0, 255)),
        "gamma 0.7": lambda picture: gamma(picture, 0.7),
        "gamma 1.4": lambda picture: gamma(picture, 1.4),
        "cropped to 2 %": lambda picture: cropped(picture, 0.02),
        "cropped to 5 %": lambda picture: cropped(picture, 0.05),
        "cropped 3 %, JPEG 50, gamma": lambda picture: gamma(
            jpeg(cropped(picture, 0.03), 50), random.uniform(0.8, 1.25)
        ),
        "CLAHE": lambda picture: np.asarray(cv2.createCLAHE(2.0, (8, 8)).apply(picture)),
    }


if __name__ == "__main__":
    main()
