"""What must be in the JSON files of a run folder, whatever version of xraykit wrote them."""

from xraykit.system.json_files import Anything, Each, Interval, Number, Optional, Shape

RECORD: dict[str, Shape] = {
    "finished": Optional(bool),
    "tracking_run": Optional(str),
    "search": Optional(str),
    "data_fingerprint": Optional(str),
    "identity": Optional({"settings": {}, "data": {"fingerprint": str}, "plugins": {}}),
    "winner": Optional(str),
}
"""What of ``run.json`` is relied on."""

_FIGURES: dict[str, Shape] = {
    **dict.fromkeys(("roc_auc", "average_precision", "brier"), Optional(Number())),
    **dict.fromkeys(("roc_auc_interval", "average_precision_interval"), Optional(Interval())),
}
_LABEL: dict[str, Shape] = {
    **_FIGURES,
    "roc_auc": Number(),
    "positives": int,
    "negatives": int,
    **dict.fromkeys(("positive_patients", "negative_patients"), Optional(int)),
    "no_interval": Optional({}),
    "threshold": Number(),
    **dict.fromkeys(("sensitivity", "specificity"), Optional(Number())),
    "operating_point": Optional({"rule": Optional(str)}),
}
_MACRO: dict[str, Shape] = {
    **_FIGURES,
    "roc_auc": Number(),
    **dict.fromkeys(("not_estimable", "few_cases"), Optional(list)),
}
METRICS: dict[str, Shape] = {
    "part": str,
    "split": Anything(),
    "images": int,
    "patients": Optional(int),
    "macro": _MACRO,
    "macro_enough_cases": Optional(_MACRO),
    "labels": Each(_LABEL),
    "validation": Optional({"roc_auc": Number()}),
    "calibration": Optional({"labels": Optional(Each({}))}),
    "shortcuts": Optional(Each({})),
    "localisation": Optional({}),
    "subgroups": Optional({}),
    "study": Optional({"test_part_met": Optional(int)}),
    "data_fingerprint": Optional(str),
    "fingerprints": Optional(Each(Optional(str))),
}
"""What of ``metrics.json`` all readers rely on; that of version 0.1 has it too."""
