"""Labels, files, terms and sources of MIMIC-CXR-JPG."""

FINDINGS: tuple[str, ...] = (
    "Atelectasis",
    "Cardiomegaly",
    "Consolidation",
    "Edema",
    "Enlarged Cardiomediastinum",
    "Fracture",
    "Lung Lesion",
    "Lung Opacity",
    "Pleural Effusion",
    "Pleural Other",
    "Pneumonia",
    "Pneumothorax",
    "Support Devices",
)
"""In the order of the label files, without ``No Finding``."""

OTHER_NAMES = {"Airspace Opacity": "Lung Opacity"}
"""Names of columns in the radiologist's labels, where they differ."""

OFFICIAL_FILE = "mimic-cxr-2.0.0-split.csv.gz"

LICENCE = """\
The network was trained on radiographs of the Beth Israel Deaconess Medical Center (MIMIC-CXR-JPG), which PhysioNet
provides to credentialed users under the PhysioNet Credentialed Health Data License and a data use agreement: training
in the protection of research participants, no attempt to identify a patient, no sharing of the data with anyone else,
and code of publications made open. The agreement may restrict what is derived from the data, such as this network:
read it before you share anything. Cite Johnson et al., "MIMIC-CXR-JPG - chest radiographs with structured labels"
(PhysioNet), the paper of MIMIC-CXR, and PhysioNet."""

HINTS = (
    "MIMIC-CXR-JPG comes from PhysioNet (https://physionet.org/content/mimic-cxr-jpg/) for credentialed users who "
    "signed its data use agreement. `data.root` is the folder with mimic-cxr-2.0.0-metadata.csv.gz, the label files, "
    "the split file and files/, or a folder above. Simulated radiographs in the same layout: python -m "
    "xraykit.phantoms mimic_cxr data/mimic-phantoms"
)
