"""Files, terms and sources of PadChest."""

LABEL_FILES = "PADCHEST_*.csv*"
"""Such as ``PADCHEST_chest_x_ray_images_labels_160K_01.02.19.csv``; a pattern."""

IMAGE, FOLDER, PATIENT, STUDY = "ImageID", "ImageDir", "PatientID", "StudyID"
SEX, BIRTH, DATE = "PatientSex_DICOM", "PatientBirth", "StudyDate_DICOM"
VIEW, LABELS, METHOD = "Projection", "Labels", "MethodLabel"
COLUMNS = (IMAGE, PATIENT, STUDY, VIEW, METHOD, LABELS)
"""Those that the table must have."""

LICENCE = """\
The network was trained on radiographs of San Juan Hospital in Alicante (PadChest), which the Medical Imaging Databank
of the Valencia Region (BIMCV) provides for research under an agreement that each user accepts before the download.
Read it, and the terms that came with your copy of the data, before you share the data or what is derived from them,
such as this network. Cite Bustos et al., "PadChest: A large chest x-ray image dataset with multi-label annotated
reports", Medical Image Analysis 66 (2020)."""

HINTS = (
    "PadChest comes from BIMCV (https://bimcv.cipf.es/bimcv-projects/padchest/) after its research agreement is "
    "accepted. `data.root` is the folder with PADCHEST_chest_x_ray_images_labels_160K_01.02.19.csv and the folders 0 "
    "to 54, or one folder of smaller copies (images-224). Simulated radiographs in the same layout: python -m "
    "xraykit.phantoms padchest data/padchest-phantoms"
)
