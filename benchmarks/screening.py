"""How well the flags work: false alarms on new patients, and what is flagged of what should be; prints Markdown tables.

    python benchmarks/screening.py [--nih FOLDER] [--views FOLDER]

The patients of each set are divided into five folds; each fold is looked at by a screen fitted on the other four.
Pictures that belong to no fold are looked at by the first of the five screens. Intervals are Wilson's, as if the
radiographs of one patient were independent.

--nih    NIH's data with the folders images-64 and images-256, by default ../shared/nih; phantoms alone without it.
--views  Radiographs of other hospitals and a metadata.csv with the columns filename, modality and view, such as the
         public covid-chestxray-dataset (Cohen et al., arXiv:2003.11597); its view L are real laterals.
"""

import argparse
import csv
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from screening_pictures import CHANGES, draw_lateral, no_radiographs

from xraykit.data.images import Radiograph, open_radiograph
from xraykit.data.phantoms import draw_patient, draw_radiograph, draw_visits
from xraykit.errors import BrokenImageError
from xraykit.evaluation import wilson_interval
from xraykit.screening import Screen

FOLDS = 5
PHANTOMS, PHANTOM_SIDE = 800, 128
LATERALS = 100


@dataclass
class Set:
    """Radiographs of one kind, their patients, and the screen of each fold."""

    name: str
    side: int
    sources: list[Path | np.ndarray]
    patients: list[str]

    def __post_init__(self) -> None:
        names, of_row = np.unique(self.patients, return_inverse=True)
        self.folds = np.random.default_rng(0).permutation(len(names))[of_row] % FOLDS
        self.radiographs = [open_radiograph(source, self.side) for source in self.sources]
        pictures = np.stack([radiograph.picture for radiograph in self.radiographs])
        self.screens = [Screen.fit(pictures[self.folds != fold]) for fold in range(FOLDS)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nih", type=Path, default=Path(__file__).resolve().parents[2] / "shared" / "nih")
    parser.add_argument("--views", type=Path)
    given = parser.parse_args()
    sets = [phantoms()]
    if given.nih.is_dir():
        sets += [nih(given.nih / "images-64", 64), nih(given.nih / "images-256", 224)]
    print_false_alarms(sets)
    print_detection(sets)
    print_others(sets, views_of(given.views))
    print_few(sets)
    print_times(sets[-1])


def phantoms() -> Set:
    visits = [draw_visits(draw_patient(number, seed=5), 1, 0.1)[0] for number in range(1, PHANTOMS + 1)]
    drawn = [
        draw_radiograph(visit.patient, visit.findings, size=PHANTOM_SIDE, view=visit.view).pixels for visit in visits
    ]
    return Set("phantoms", PHANTOM_SIDE, drawn, [str(visit.patient.number) for visit in visits])


def nih(folder: Path, side: int) -> Set:
    files = sorted(folder.iterdir())
    return Set(folder.name, side, files, [file.name.split("_")[0] for file in files])


def views_of(folder: Path | None) -> dict[str, list[Path]]:
    """The readable radiographs of each view."""
    if folder is None:
        return {}
    there = {file.name: file for file in folder.rglob("*") if file.is_file()}
    found: dict[str, list[Path]] = {}
    with (folder / "metadata.csv").open(encoding="utf-8", errors="replace") as table:
        for row in csv.DictReader(table):
            if row["modality"] == "X-ray" and readable(there.get(row["filename"])):
                found.setdefault("L" if row["view"] == "L" else "frontal", []).append(there[row["filename"]])
    return found


def readable(file: Path | None) -> bool:
    try:
        return file is not None and open_radiograph(file, 8).width > 0
    except BrokenImageError:
        return False


def flags_of(screen: Screen, radiographs: Iterable[Radiograph]) -> list[set[str]]:
    return [{flag.name for flag in screen.flags(radiograph)} for radiograph in radiographs]


def by_fold(each: Set, radiographs: list[Radiograph]) -> list[set[str]]:
    return [names for fold in range(FOLDS) for names in flags_of(each.screens[fold], of_fold(each, radiographs, fold))]


def of_fold(each: Set, radiographs: list[Radiograph], fold: int) -> Iterator[Radiograph]:
    return (radiographs[row] for row in np.flatnonzero(each.folds == fold))


def changed(each: Set, change) -> list[set[str]]:
    return by_fold(each, [open_radiograph(change(one.picture), each.side) for one in each.radiographs])


def first_screen(each: Set, sources: Iterable[Path | np.ndarray]) -> list[set[str]]:
    return flags_of(each.screens[0], (open_radiograph(source, each.side) for source in sources))


def print_false_alarms(sets: list[Set]) -> None:
    names = ("too_small", "colour", "constant", "inverted", "rotated", "lateral", "unlike_training")
    print("False alarms\n")
    print(f"| | radiographs with any flag | patients with any | {' | '.join(names)} |")
    print(f"|---|{'---:|' * (len(names) + 2)}")
    for each in sets:
        found = by_fold(each, each.radiographs)
        counts = Counter(name for flags in found for name in flags)
        numbers = " | ".join(str(counts[name]) for name in names)
        print(f"| {each.name} | {share(found)} | {share(of_patients(each, found))} | {numbers} |")


def of_patients(each: Set, found: list[set[str]]) -> list[set[str]]:
    """All flags of each patient's radiographs."""
    in_order = np.concatenate([np.flatnonzero(each.folds == fold) for fold in range(FOLDS)])
    flags: dict[str, set[str]] = {patient: set() for patient in each.patients}
    for row, names in zip(in_order, found, strict=True):
        flags[each.patients[row]] |= names
    return list(flags.values())


def print_detection(sets: list[Set]) -> None:
    names = " | ".join(each.name for each in sets)
    print(
        f"\nDetection: those with any flag, and how many of them have the right one\n\n| | the right flag | {names} |"
    )
    print(f"|---|---|{'---:|' * len(sets)}")
    for name, (expected, change) in CHANGES.items():
        print_row(name, expected, [changed(each, change) for each in sets])
    groups = [no_radiographs(each.side) for each in sets]
    for name, (expected, _) in groups[0].items():
        found = [first_screen(each, group[name][1]) for each, group in zip(sets, groups, strict=True)]
        print_row(name, expected, found)
    drawn = [draw_lateral(number, 256) for number in range(1, LATERALS + 1)]
    print_row("drawn laterals", "lateral", [first_screen(each, drawn) for each in sets])


def print_others(sets: list[Set], views: dict[str, list[Path]]) -> None:
    """Chests of another kind; those that are too small for a screen are left out."""
    for other in sets:
        fitting = [[] if each is other or other.side < 0.75 * each.side else other.sources for each in sets]
        if any(fitting):
            found = [first_screen(each, sources) for each, sources in zip(sets, fitting, strict=True)]
            print_row(other.name, "", found)
    for view, files in views.items():
        expected = "lateral" if view == "L" else ""
        print_row(f"other hospitals, {view}", expected, [first_screen(each, files) for each in sets])


def print_few(sets: list[Set]) -> None:
    """False alarms on the first fold of a screen fitted on a few radiographs of the others, drawn at random."""
    print("\nFalse alarms with few training pictures\n")
    print(f"| fitted on | {' | '.join(each.name for each in sets)} |\n|---:|{'---:|' * len(sets)}")
    for count in (10, 20, 50, 100, 200, 400):
        cells = []
        for each in sets:
            rows = np.random.default_rng(count).permutation(np.flatnonzero(each.folds != 0))[:count]
            few = Screen.fit(np.stack([each.radiographs[row].picture for row in np.sort(rows)]))
            cells.append(share(flags_of(few, of_fold(each, each.radiographs, 0))))
        print(f"| {count} | {' | '.join(cells)} |", flush=True)


def print_row(name: str, expected: str, found: list[list[set[str]]]) -> None:
    cells = []
    for flags in found:
        right = f"; {sum(expected in names for names in flags)}" if expected else ""
        cells.append(share(flags) + right if flags else "")
    print(f"| {name} | {expected} | {' | '.join(cells)} |", flush=True)


def share(found: list[set[str]]) -> str:
    hits = sum(bool(flags) for flags in found)
    low, high = wilson_interval(hits, len(found))
    return f"{hits} of {len(found)}, {100 * hits / len(found):.1f} % ({100 * low:.1f}–{100 * high:.1f})"


def print_times(each: Set) -> None:
    pictures = np.stack([radiograph.picture for radiograph in each.radiographs])
    began = time.perf_counter()
    screen = Screen.fit(pictures)
    fitted = time.perf_counter()
    flags_of(screen, each.radiographs)
    looked = (time.perf_counter() - fitted) / len(pictures)
    print(f"\n{each.name}, {each.side} pixels: fitted on {len(pictures)} pictures in {fitted - began:.1f} s; ", end="")
    print(f"{1000 * looked:.1f} ms to look at one.")


if __name__ == "__main__":
    main()
