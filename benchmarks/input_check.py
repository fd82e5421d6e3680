"""How well the flags work: false alarms on new patients, and what is flagged of what should be; prints Markdown tables.

    python benchmarks/input_check.py [--nih FOLDER] [--views FOLDER]

The patients of each set are divided into five folds; each fold is looked at by a screen fitted on the other four.
Pictures that belong to no fold are looked at by the first of the five screens. Intervals of false alarms are by patient
(:func:`xraykit.evaluation.statistics.shares.share_interval`); all others are Wilson's, as if the radiographs of one
patient were independent.

--nih    NIH's data with the folders images-64, images-128 and images-256, by default ../shared/nih; without it
         phantoms alone.
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
from input_check_pictures import CHANGES, draw_lateral, no_radiographs

from xraykit.data.decoders.pictures import Radiograph, open_radiograph
from xraykit.errors import BrokenImageError
from xraykit.evaluation import wilson_interval
from xraykit.evaluation.statistics.resampling import patient_codes
from xraykit.evaluation.statistics.shares import share_interval
from xraykit.input_check import Screen
from xraykit.phantoms import draw_patient, draw_radiograph, draw_visits

FOLDS = 5
PHANTOMS, PHANTOM_SIDE = 800, 128
LATERALS = 100
MOST_CHANGED = 1000

# Seen by eye at 96 to 128 pixels, not by a radiologist: laterals among the 300 radiographs of images-128 that are
# farthest from frontal, and what really is inverted or turned among the flagged ones. So there may be more of them.
# fmt: off
NIH_LATERALS = (
    "00001602_000", "00002299_002", "00002097_000", "00003122_001", "00003023_000", "00002705_000",
    "00002354_000", "00002592_003", "00001803_003", "00002117_003", "00001758_001", "00003094_002",
    "00005794_010", "00002391_000", "00003426_035",
)
# fmt: on
# fmt: off
NIH_TURNED = (
    "00001491_000", "00001814_001", "00002720_002", "00002815_003", "00002180_000", "00003220_004",
    "00003064_030", "00003490_011", "00003562_000", "00002376_002", "00002898_001", "00003122_004",
)
# fmt: on
NIH_INVERTED = ("00002300_026", "00017625_000", "00017999_000")
NIH_WRONG = {*NIH_LATERALS, *NIH_TURNED, *NIH_INVERTED}


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
        sets += [
            nih(given.nih / name, side) for name, side in (("images-64", 64), ("images-128", 128), ("images-256", 224))
        ]
    print_false_alarms(sets)
    if given.nih.is_dir():
        print_sickness(sets[2], given.nih / "Data_Entry_2017_v2020.csv")
    print_spoilt(sets)
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


def of_fold(each: Set, radiographs: list[Radiograph], fold: int) -> Iterator[Radiograph]:
    return (radiographs[row] for row in np.flatnonzero(each.folds == fold))


def changed(each: Set, change) -> list[set[str]]:
    """Of at most MOST_CHANGED radiographs, evenly taken, that are not known to be wrong themselves."""
    right = np.flatnonzero(~wrong(each))
    found = []
    for row in right[np.unique(np.linspace(0, len(right) - 1, MOST_CHANGED).round().astype(int))]:
        altered = open_radiograph(change(each.radiographs[row].picture), each.side)
        found += flags_of(each.screens[each.folds[row]], [altered])
    return found


def wrong(each: Set) -> np.ndarray:
    """Which radiographs are known to be laterals, turned or inverted."""
    return np.array([isinstance(source, Path) and source.stem in NIH_WRONG for source in each.sources])


def found_of(each: Set) -> list[set[str]]:
    """The flags of each radiograph by the screen of its fold, in the order of the set."""
    return [flags_of(each.screens[fold], [one])[0] for fold, one in zip(each.folds, each.radiographs, strict=True)]


def first_screen(each: Set, sources: Iterable[Path | np.ndarray]) -> list[set[str]]:
    return flags_of(each.screens[0], (open_radiograph(source, each.side) for source in sources))


def print_false_alarms(sets: list[Set]) -> None:
    names = ("too_small", "colour", "constant", "inverted", "rotated", "lateral", "unlike_training")
    print("False alarms\n")
    print(
        f"| | radiographs with any flag | without those known to be wrong | patients with any | {' | '.join(names)} |"
    )
    print(f"|---|{'---:|' * (len(names) + 3)}")
    for each in sets:
        found, right = found_of(each), ~wrong(each)
        counts = Counter(name for flags in found for name in flags)
        numbers = " | ".join(str(counts[name]) for name in names)
        of_right = by_patient([flags for flags, kept in zip(found, right, strict=True) if kept], each, right)
        everything = by_patient(found, each, np.ones_like(right))
        print(
            f"| {each.name} | {everything} | {of_right} | {share(of_patients(each, found))} | {numbers} |", flush=True
        )


def by_patient(found: list[set[str]], each: Set, rows: np.ndarray) -> str:
    """Share with any flag, with the interval that counts patients."""
    hits = np.array([bool(flags) for flags in found])
    codes = patient_codes(np.array(each.patients)[rows], len(hits))
    interval = share_interval(hits, np.ones(len(hits)), codes)
    around = f" ({100 * interval[0]:.1f}–{100 * interval[1]:.1f})" if interval else ""
    return f"{hits.sum()} of {len(hits)}, {100 * hits.mean():.1f} %{around}"


def print_sickness(each: Set, label_file: Path) -> None:
    """False alarms by number of findings, without radiographs known to be wrong."""
    with label_file.open(encoding="utf-8") as table:
        findings = {row[0]: row[1].split("|") for row in csv.reader(table)}
    of_row = [findings[source.name] for source in each.sources]
    counts = np.array([0 if labels == ["No Finding"] else len(labels) for labels in of_row])
    found, right = found_of(each), ~wrong(each)
    print(f"\nFalse alarms of {each.name} by findings\n")
    print("| findings | radiographs with any flag | lateral |\n|---|---:|---:|")
    for name, rows in (("none", counts == 0), ("1", counts == 1), ("2", counts == 2), ("3 and more", counts > 2)):
        some = [flags for flags, kept in zip(found, right & rows, strict=True) if kept]
        laterals = sum("lateral" in flags for flags in some)
        print(f"| {name} | {by_patient(some, each, right & rows)} | {laterals} |", flush=True)


def print_spoilt(sets: list[Set]) -> None:
    """A screen fitted on folds 1 to 4 with some of their pictures inverted, on the first fold."""
    print("\nInverted radiographs in the training part, radiographs of the first fold with the right flag\n")
    print(f"| inverted in training | | {' | '.join(each.name for each in sets)} |\n|---:|---|{'---:|' * len(sets)}")
    for portion in (0.0, 0.02, 0.05, 0.1):
        rows = {"inverted": [], "turned by 180°": [], "as they are, any flag": []}
        for each in sets:
            training = np.stack([one.picture for one, fold in zip(each.radiographs, each.folds, strict=True) if fold])
            spoilt = np.random.default_rng(0).permutation(len(training))[: round(portion * len(training))]
            training[spoilt] = 255 - training[spoilt]
            screen = Screen.fit(training)
            mask = (each.folds == 0) & ~wrong(each)
            pixels = [each.radiographs[row].picture for row in np.flatnonzero(mask)][:400]
            turned = [np.rot90(one, 2).copy() for one in pixels]
            for name, pictures, flag in (
                ("inverted", [255 - one for one in pixels], "inverted"),
                ("turned by 180°", turned, "rotated"),
                ("as they are, any flag", pixels, ""),
            ):
                found = flags_of(screen, (open_radiograph(one, each.side) for one in pictures))
                rows[name].append(share([{flag} & names if flag else names for names in found]))
        for name, cells in rows.items():
            print(f"| {100 * portion:.0f} % | {name} | {' | '.join(cells)} |", flush=True)


def of_patients(each: Set, found: list[set[str]]) -> list[set[str]]:
    """All flags of each patient's radiographs."""
    flags: dict[str, set[str]] = {patient: set() for patient in each.patients}
    for patient, names in zip(each.patients, found, strict=True):
        flags[patient] |= names
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
    laterals = [np.array([getattr(source, "stem", "") in NIH_LATERALS for source in each.sources]) for each in sets]
    own = [
        [flags_of(each.screens[each.folds[row]], [each.radiographs[row]])[0] for row in np.flatnonzero(rows)]
        for each, rows in zip(sets, laterals, strict=True)
    ]
    print_row("laterals among NIH's radiographs", "lateral", own)


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
