"""Labels, files, terms, sources and published results of ChestMNIST."""

from xraykit.data.formats.nih.facts import TERMS
from xraykit.data.formats.nih.findings import FINDINGS
from xraykit.registry import PublishedResults

LABELS = FINDINGS
"""In the order of the columns of the arrays of labels; the authors abbreviate Pleural_Thickening to pleural."""

FILES = {28: "chestmnist.npz", 64: "chestmnist_64.npz", 128: "chestmnist_128.npz", 224: "chestmnist_224.npz"}
"""Side of the pictures in pixels to the file."""

PARTS = {"train": "train_val", "val": "validation", "test": "test"}
"""Beginning of the names of arrays to the part of the split that comes with them."""

OFFICIAL = "the arrays train, val and test of the file"

LICENCE = f"""\
The network was trained on ChestMNIST (Yang et al., "MedMNIST v2 - A large-scale lightweight benchmark for 2D and 3D
biomedical image classification", Scientific Data 10, 2023), which is under the Creative Commons licence CC BY 4.0; its
authors ask users to cite their paper and that of the source. The radiographs are from the NIH Clinical Center, whose
terms apply too. {TERMS}"""

HINTS = (
    "ChestMNIST comes from Zenodo (https://zenodo.org/records/10519652). Expected in `data.root`: "
    f"{', '.join(FILES.values())}; one is enough."
)

_YANG = "Yang et al., Scientific Data 2023 (MedMNIST v2), 28 px"
# SHA-256 of the names of the 22,433 test pictures of 28 pixels, chestmnist_28/test/000000.png and so on.
_TEST_28 = "b89fb26bc07c31061acf01a0b8ffe29652a28b8a919dfe492fd6ffcc439e7e38"


def _published(network: str, macro_roc_auc: float) -> PublishedResults:
    name = f"{network}, {_YANG}"
    return PublishedResults(name, "ChestMNIST", 22_433, _TEST_28, {}, macro_roc_auc, macro_labels=LABELS)


PUBLISHED = (_published("ResNet-18", 0.768), _published("ResNet-50", 0.769), _published("AutoKeras", 0.742))
