"""Labels, files, terms and sources of CheXpert."""

FINDINGS: tuple[str, ...] = (
    "Enlarged Cardiomediastinum",
    "Cardiomegaly",
    "Lung Opacity",
    "Lung Lesion",
    "Edema",
    "Consolidation",
    "Pneumonia",
    "Atelectasis",
    "Pneumothorax",
    "Pleural Effusion",
    "Pleural Other",
    "Fracture",
    "Support Devices",
)
"""In the order of the label files, without ``No Finding``."""

TRAIN_FILE = "train.csv"
VALID_FILES = ("valid.csv", "val_labels.csv")
TEST_FILES = ("test_labels.csv", "test.csv", "groundtruth.csv")
"""The last one is of studies: it names no pictures."""

LABEL_FILES = (TRAIN_FILE, *VALID_FILES, *TEST_FILES)

OFFICIAL_FILES = f"{TRAIN_FILE} and {VALID_FILES[0]}, and {TEST_FILES[0]} or {TEST_FILES[2]} where they exist"

LICENCE = """\
The network was trained on radiographs of Stanford Hospital (CheXpert). They are provided under Stanford University's
research use agreement, which each user accepts before the download: personal, non-commercial research; no clinical
use; no redistribution of the data, in whole or in part; no attempt to identify a patient. The same agreement may
restrict what is derived from the data, such as this network: read it before you share or sell anything. Cite Irvin et
al., "CheXpert: A large chest radiograph dataset with uncertainty labels and expert comparison", AAAI 2019."""

HINTS = (
    "CheXpert comes from Stanford AIMI (https://stanfordaimi.azurewebsites.net/datasets/8cbd9ed4-2eb9-4565-affc-"
    "111cf4f7ebe2) after its research use agreement is accepted. `data.root` is the folder CheXpert-v1.0-small or "
    "CheXpert-v1.0 with train.csv, valid.csv, train/ and valid/, or the folder above. Simulated radiographs in the "
    "same layout: python -m xraykit.phantoms chexpert data/chexpert-phantoms"
)
