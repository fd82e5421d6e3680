"""Terms, sources and published results of NIH ChestX-ray14."""

from xraykit.registry import PublishedResults

TERMS = """\
The NIH asks users of these data to
link to their source, to cite Wang et al., "ChestX-ray8: Hospital-scale chest X-ray database and benchmarks on
weakly-supervised classification and localization of common thorax diseases", CVPR 2017, and to acknowledge the NIH
Clinical Center as the data provider. Read the terms that came with your copy of the data."""
"""Also of collections that were made from these radiographs."""

LICENCE = f"The network was trained on radiographs of the NIH Clinical Center (ChestX-ray14). {TERMS}"

HINTS = (
    "ChestX-ray14 comes from the NIH Clinical Center (https://nihcc.app.box.com/v/ChestXray-NIHCC) or from Kaggle "
    "(https://www.kaggle.com/datasets/nih-chest-xrays/data, and a sample of 5,606 radiographs at "
    "https://www.kaggle.com/datasets/nih-chest-xrays/sample). Without it, `data.format=phantom` with another "
    "`data.root` runs the same experiment on simulated radiographs."
)

LABEL_FILES = ("Data_Entry_2017_v2020.csv", "Data_Entry_2017.csv", "sample_labels.csv")
"""The newest that is there is read."""

OFFICIAL_LISTS = {"train_val": "train_val_list.txt", "test": "test_list.txt"}
OFFICIAL_FILES = " and ".join(OFFICIAL_LISTS.values())

WANG_2017 = PublishedResults(
    name="Wang et al., CVPR 2017 (the data set's own paper)",
    split="official NIH",
    images=25_596,
    images_sha256="38ca5ef7f756092946f57c1a59faca882ed589a1ab1f72590b45dc06c6d5e1cc",
    roc_auc={
        "Atelectasis": 0.700,
        "Cardiomegaly": 0.810,
        "Effusion": 0.759,
        "Infiltration": 0.661,
        "Mass": 0.693,
        "Nodule": 0.669,
        "Pneumonia": 0.658,
        "Pneumothorax": 0.799,
        "Consolidation": 0.703,
        "Edema": 0.805,
        "Emphysema": 0.833,
        "Fibrosis": 0.786,
        "Pleural_Thickening": 0.684,
        "Hernia": 0.872,
    },
    macro_roc_auc=0.745,
)
