"""Findings, and the labels of PadChest's tree that each stands for.

The tree (Bustos et al. 2020) has 174 findings, 19 diagnoses and places of devices; its labels are folded to those
findings that other collections have too. A finding stands for a node and for what lies below it, but for these
decisions, which ``data.padchest.findings`` changes:

- **Costophrenic angle blunting** is a finding of its own, no effusion: old scars blunt the angle as well.
- **Mass** is one of the lung, or one whose place is not named; masses of breast, soft tissue, pleura and mediastinum
  are others. Granulomas, nipple shadows and vessels seen end on (``pseudonodule``) are no nodules.
- **Emphysema** is that of the lung, not ``subcutaneous emphysema``.
- **Fibrosis** is ``pulmonary fibrosis`` and what lies below it; a single ``fibrotic band`` is a scar.
- **Tuberculosis** is without ``tuberculosis sequelae``, which is a healed one.
- **Hydropneumothorax** is both an effusion and a pneumothorax, as it is in the tree twice.
- **Infiltration** is the node ``infiltrates`` with its patterns; a consolidation lies below it, so it is both.
"""

ALVEOLAR = ("alveolar pattern", "consolidation", "air bronchogram")
INTERSTITIAL = (
    "interstitial pattern",
    "ground glass pattern",
    "reticular interstitial pattern",
    "reticulonodular interstitial pattern",
    "miliary opacities",
)

FINDINGS: dict[str, tuple[str, ...]] = {
    "Atelectasis": (
        "atelectasis",
        "total atelectasis",
        "lobar atelectasis",
        "segmental atelectasis",
        "laminar atelectasis",
        "round atelectasis",
        "atelectasis basal",
    ),
    "Cardiomegaly": ("cardiomegaly",),
    "Pleural Effusion": (
        "pleural effusion",
        "loculated pleural effusion",
        "loculated fissural effusion",
        "hydropneumothorax",
        "empyema",
        "hemothorax",
    ),
    "Infiltration": ("infiltrates", *INTERSTITIAL, *ALVEOLAR),
    "Mass": ("mass", "pulmonary mass"),
    "Nodule": ("nodule", "multiple nodules"),
    "Pneumonia": ("pneumonia", "atypical pneumonia", "viral pneumonia", "COVID 19"),
    "Pneumothorax": ("pneumothorax", "hydropneumothorax"),
    "Consolidation": ("consolidation", "air bronchogram"),
    "Edema": ("pulmonary edema",),
    "Emphysema": ("emphysema",),
    "Fibrosis": ("pulmonary fibrosis", "post radiotherapy changes", "asbestosis signs"),
    "Pleural Thickening": ("pleural thickening", "apical pleural thickening", "calcified pleural thickening"),
    "Hernia": ("hiatal hernia",),
    "Costophrenic Angle Blunting": ("costophrenic angle blunting",),
    "Fracture": (
        "fracture",
        "clavicle fracture",
        "humeral fracture",
        "vertebral fracture",
        "rib fracture",
        "callus rib fracture",
    ),
    "Tuberculosis": ("tuberculosis",),
    "Support Devices": (
        "tracheostomy tube",
        "endotracheal tube",
        "NSG tube",
        "chest drain tube",
        "ventriculoperitoneal drain tube",
        "gastrostomy tube",
        "catheter",
        "central venous catheter",
        "central venous catheter via subclavian vein",
        "central venous catheter via jugular vein",
        "central venous catheter via umbilical vein",
        "reservoir central venous catheter",
        "electrical device",
        "dual chamber device",
        "single chamber device",
        "pacemaker",
        "dai",
        "artificial heart valve",
        "artificial mitral heart valve",
        "artificial aortic heart valve",
    ),
}
"""Finding to its labels, in the order of the model's outputs."""

NORMAL = "normal"
EXCLUDED = "exclude"
"""The label of a radiograph that is none of a chest, or of a report that belongs to none."""
INCOMPLETE = frozenset({"unchanged", "suboptimal study"})
"""Labels of reports that do not name all that is there."""
