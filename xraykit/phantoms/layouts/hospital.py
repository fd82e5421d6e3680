"""What a hospital exports: DICOM files, some of them without a suffix, and a table that somebody keeps in Excel.

The table is German: semicolons and Windows-1252 as Excel saves it there, umlauts in the names of columns, yes and no as
``ja`` and ``nein``, ids such as ``P01543``, a decimal comma, and a free column of remarks. A few cells are blank.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from xraykit.phantoms.dicom import FIRST_YEAR, Photometric, encode_dicom
from xraykit.phantoms.layouts.layout import Drawn, Layout

TABLE = "Befunde.csv"
ENCODING = "cp1252"
FOLDER = "Aufnahmen"
COLUMNS = {
    "Erguss": ("Effusion",),
    "Kardiomegalie": ("Cardiomegaly",),
    "Pneumothorax": ("Pneumothorax",),
    "Pneumonie": ("Pneumonia", "Consolidation"),
    "Lungenödem": ("Edema",),
    "Lungenüberblähung": ("Emphysema",),
    "Rundherd": ("Nodule", "Mass"),
    "Fibrose": ("Fibrosis",),
}
"""Column to the findings of phantoms that it stands for."""

ABOUT = ("Patienten-ID", "Aufnahmedatum", "Bilddatei", "Geschlecht", "Alter", "Projektion", "Dosis (dGy·cm²)")
REMARKS = ("", "", "", "Z. n. Sternotomie", "Aufnahme im Liegen", "Vergleich mit Voraufnahme; keine Änderung")

_BLANK, _REMARK, _FILE, _BITS = 60, 61, 62, 63


def patient_id(drawn: Drawn) -> str:
    """Such as ``P01543``."""
    return f"P{drawn.visit.patient.number + 1500:05d}"


def picture(drawn: Drawn) -> str:
    """Such as ``Aufnahmen/P01543/IM0001.dcm``; one of three has no suffix."""
    suffix = "" if drawn.source(_FILE).random() < 0.33 else ".dcm"
    return f"{FOLDER}/{patient_id(drawn)}/IM{drawn.visit.number + 1:04d}{suffix}"


def encode(pixels: NDArray[np.uint8], drawn: Drawn) -> bytes:
    """DICOM with 10 or 12 bits, MONOCHROME1 or 2, as from two machines."""
    old = drawn.source(_BITS).random() < 0.4
    photometric: Photometric = "MONOCHROME1" if old else "MONOCHROME2"
    return encode_dicom(
        pixels, drawn.visit, bits=10 if old else 12, photometric=photometric, patient_id=patient_id(drawn)
    )


def tables(drawn: Sequence[Drawn]) -> dict[str, bytes]:
    """The table, as Excel saves it in a German Windows."""
    lines = [";".join(map(_quoted, row)) for row in table_rows(drawn)]
    return {TABLE: ("\r\n".join(lines) + "\r\n").encode(ENCODING)}


def table_rows(drawn: Sequence[Drawn]) -> list[list[str]]:
    """The header and a row for each radiograph."""
    return [[*ABOUT, *COLUMNS, "Bemerkung"], *map(_row, drawn)]


def _row(drawn: Drawn) -> list[str]:
    visit = drawn.visit
    date = (
        f"{visit.patient.number % 28 + 1:02d}.{visit.number % 12 + 1:02d}.{FIRST_YEAR - visit.patient.age + visit.age}"
    )
    about = (patient_id(drawn), date, picture(drawn).replace("/", "\\"), {"M": "m", "F": "w"}[visit.patient.sex])
    view = {"PA": "p.a.", "AP": "a.p."}[visit.view]
    dose = f"{drawn.source(_REMARK).uniform(0.8, 3):.1f}".replace(".", ",")
    blank = drawn.source(_BLANK).random(len(COLUMNS)) < 0.03
    cells = [
        "" if gone else "ja" if set(of) & set(visit.findings) else "nein"
        for of, gone in zip(COLUMNS.values(), blank, strict=True)
    ]
    remark = str(drawn.source(_REMARK, 1).choice(REMARKS))
    return [*about, str(visit.age), view, dose, *cells, remark]


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if any(sign in cell for sign in ';"\n') else cell


DATA = {
    "format": "table",
    "labels": ["Erguss", "Kardiomegalie", "Pneumothorax", "Lungenödem"],
}

LAYOUT = Layout(
    "hospital",
    "a hospital's export: DICOM, some without a suffix, and a German table with semicolons",
    picture,
    tables,
    encode,
    data=DATA,
)
