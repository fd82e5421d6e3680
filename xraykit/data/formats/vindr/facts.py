"""Labels, files, terms and sources of VinDr-CXR."""

from pathlib import Path

from xraykit.config import NO_FINDING

LABELS: tuple[str, ...] = (
    "Aortic enlargement",
    "Atelectasis",
    "Calcification",
    "Cardiomegaly",
    "Clavicle fracture",
    "Consolidation",
    "Edema",
    "Emphysema",
    "Enlarged PA",
    "ILD",
    "Infiltration",
    "Lung Opacity",
    "Lung cavity",
    "Lung cyst",
    "Mediastinal shift",
    "Nodule/Mass",
    "Pleural effusion",
    "Pleural thickening",
    "Pneumothorax",
    "Pulmonary fibrosis",
    "Rib fracture",
    "Other lesion",
    "COPD",
    "Lung tumor",
    "Pneumonia",
    "Tuberculosis",
    "Other diseases",
    NO_FINDING,
)
"""In the order of the label file: 22 that are annotated with boxes, 5 diagnoses, and the absence of findings."""

OTHER_SPELLINGS = {"Other diseases": ("Other disease",), NO_FINDING: ("No finding",)}
"""The test file names one column otherwise than the training file."""

FOLDERS = {"train_val": "train", "test": "test"}
"""Part of the official split to the folder of its pictures, which is also the ending of its label files."""

SUFFIX = ".dicom"

OFFICIAL = "image_labels_train.csv and image_labels_test.csv"

LICENCE = """\
The network was trained on radiographs of VinDr-CXR (Nguyen et al., "VinDr-CXR: An open dataset of chest X-rays with
radiologist's annotations", Scientific Data 9, 2022; PhysioNet, doi 10.13026/3akn-b287). PhysioNet gives credentialed
users access under a data use agreement, which forbids to pass on the data and to identify people; it asks users to cite
the data set, its paper and PhysioNet. Read the agreement that you signed before you pass this network on."""

HINTS = (
    "VinDr-CXR comes from PhysioNet (https://physionet.org/content/vindr-cxr/) for credentialed users. Expected in "
    "`data.root`: annotations/image_labels_train.csv and image_labels_test.csv, and the folders train and test with "
    "DICOM files. DICOM is read with `pip install 'xraykit[dicom]'`."
)


def file_of(kind: str, part: str) -> str:
    """Name of a label file: ``image_labels_train.csv``, ``annotations_test.csv`` or ``train_meta.csv``."""
    folder = FOLDERS[part]
    return f"{folder}_meta.csv" if kind == "meta" else f"{kind}_{folder}.csv"


def find_file(root: Path, name: str) -> Path | None:
    """A label file in ``annotations`` or beside it; None if there is none."""
    return next((file for file in (root / "annotations" / name, root / name) if file.is_file()), None)
