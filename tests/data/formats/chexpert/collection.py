"""A small CheXpert, written by hand, with the oddities of the real label files."""

from pathlib import Path

from tests.data.files import jpeg, textured
from xraykit.config import Data
from xraykit.data.formats.chexpert.facts import FINDINGS

LABELS = ("No Finding", *FINDINGS)
HEADER = ",".join(("Path", "Sex", "Age", "Frontal/Lateral", "AP/PA", *LABELS))


def row(path: str, about: str = "Female,58,Frontal,AP", **values: str) -> str:
    """A row; ``Pleural_Effusion="1.0"`` sets a label, the others are blank."""
    given = {name.replace("_", " "): value for name, value in values.items()}
    assert given.keys() <= set(LABELS)
    return ",".join((path, about, *(given.get(label, "") for label in LABELS)))


def picture(root: Path, *names: str) -> None:
    for number, name in enumerate(names):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(jpeg(textured(48, number + len(name))))


def write(root: Path, rows: list[str], valid: list[str] | None = None, *, header: str = HEADER) -> Path:
    """``root`` with train.csv, valid.csv and the pictures that they name, without the folder before ``train/``."""
    root.mkdir(parents=True, exist_ok=True)
    for name, lines in (("train.csv", rows), ("valid.csv", valid)):
        if lines is not None:
            (root / name).write_text("\n".join([header, *lines]) + "\n")
            names = [line.split(",")[0] for line in lines]
            picture(root, *(name[name.index("train/" if "train/" in name else "valid/") :] for name in names))
    return root


SMALL = "CheXpert-v1.0-small"
TRAIN = [
    row(f"{SMALL}/train/patient00001/study1/view1_frontal.jpg", Pleural_Effusion="1.0", Edema="-1.0", Fracture="0.0"),
    row(f"{SMALL}/train/patient00001/study1/view2_lateral.jpg", "Female,58,Lateral,", Pleural_Effusion="1.0"),
    row(f"{SMALL}/train/patient00001/study2/view1_frontal.jpg", "Female,59,Frontal,PA", No_Finding="1.0"),
    row(f"{SMALL}/train/patient00002/study1/view1_frontal.jpg", "Male,61,Frontal,PA", Edema="-1.0"),
    row(f"{SMALL}/train/patient00003/study1/view1_frontal.jpg", "Unknown,0,Frontal,LL", Edema="1.0"),
    row(f"{SMALL}/train/patient00004/study1/view1_frontal.jpg", "Male,44,Frontal,AP", Edema="1.0"),
]
VALID = [
    row(f"{SMALL}/valid/patient64541/study1/view1_frontal.jpg", **{label.replace(" ", "_"): "0.0" for label in LABELS}),
    row(f"{SMALL}/valid/patient64542/study1/view1_frontal.jpg", Edema="1.0"),
]


def section(root: Path, **more) -> Data:
    return Data(format="chexpert", root=str(root), labels=more.pop("labels", ("Edema", "Pleural Effusion")), **more)
