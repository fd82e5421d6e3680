"""Labels, files, terms and sources of RSNA's pneumonia challenge."""

from xraykit.data.formats.nih.facts import TERMS

OPACITY = "Lung Opacity"
LABELS: tuple[str, ...] = (OPACITY, "No Lung Opacity / Not Normal", "Normal")
"""The three classes of the detailed file; each radiograph has one."""

BOX_FILE = "stage_2_train_labels.csv"
CLASS_FILE = "stage_2_detailed_class_info.csv"
FOLDER = "stage_2_train_images"
SUFFIX = ".dcm"
SIDE = 1024
"""Side in pixels of the challenge's DICOM files, to which boxes refer."""

LICENCE = f"""\
The network was trained on radiographs of the RSNA Pneumonia Detection Challenge (Shih et al., Radiology: Artificial
Intelligence 1(1), 2019). The rules of the competition on Kaggle, which you accepted to download them, apply: read them
before you pass this network on. The radiographs are from the NIH Clinical Center, whose terms apply too. {TERMS}"""

HINTS = (
    "The challenge's data come from Kaggle (https://www.kaggle.com/c/rsna-pneumonia-detection-challenge/data), after "
    f"its rules are accepted. Expected in `data.root`: {BOX_FILE}, {CLASS_FILE} and the folder {FOLDER}. The mapping "
    "to patients of the NIH is https://s3.amazonaws.com/east1.public.rsna.org/AI/2018/"
    "pneumonia-challenge-dataset-mappings_2018.json. "
    "DICOM is read with `pip install 'xraykit[dicom]'`."
)
