"""Print how well a finished run is calibrated as Markdown, as docs/evaluation.md shows it.

python benchmarks/calibration_table.py runs/quickstart/20261124-120000
"""

import json
import sys
from pathlib import Path

HEADER = ("finding", "Brier before", "Brier after", "ECE before", "ECE after", "by chance", "95 % of chance below")


def row(label: str, figures: dict) -> str:
    """One finding; a label that was not trained or not calibrated has dashes."""
    before, after = figures.get("before"), figures.get("after") if figures["calibrated"] else None
    cells = [label, *[_brier(side) for side in (before, after)], *[_number(side, "ece") for side in (before, after)]]
    return f"| {' | '.join([*cells, _number(after, 'ece_by_chance'), _number(after, 'ece_chance_limit')])} |"


def _brier(side: dict | None) -> str:
    interval = (side or {}).get("brier_interval")
    return _number(side, "brier") + (f" ({interval[0]:.3f}-{interval[1]:.3f})" if interval else "")


def _number(side: dict | None, name: str) -> str:
    value = (side or {}).get(name)
    return "-" if value is None else f"{value:.3f}"


calibration = json.loads((Path(sys.argv[1]) / "metrics.json").read_text(encoding="utf-8"))["calibration"]
print(f"Fitted on: {calibration['fitted_on']}\n")
print(f"| {' | '.join(HEADER)} |\n|---{'|---:' * (len(HEADER) - 1)}|")
for name, values in calibration["labels"].items():
    print(row(name, values))
