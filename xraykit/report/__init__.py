"""Figures as pictures, and reports as pages that hold all they need.

Importing this package is cheap: what Matplotlib is not needed for can be told before it is imported.
"""

from typing import TYPE_CHECKING

from xraykit.system.lazy import on_demand

if TYPE_CHECKING:
    from xraykit.report.comparison import write_comparison
    from xraykit.report.document import write_report
    from xraykit.report.figures.curves import draw_precision_recall, draw_reliability, draw_roc_curves
    from xraykit.report.figures.examples import Look, choose_looks
    from xraykit.report.figures.gallery import draw_gallery
    from xraykit.report.figures.numbers import draw_prevalence, draw_training_curves
    from xraykit.report.figures.radiographs import HeatMap, draw_heatmap_grid, draw_radiograph_sheet, overlay
    from xraykit.report.figures.sheet import draw_radiographs
    from xraykit.report.figures.style import save_figure

_MODULE_OF = {
    "HeatMap": "figures.radiographs",
    "Look": "figures.examples",
    "choose_looks": "figures.examples",
    "draw_gallery": "figures.gallery",
    "draw_heatmap_grid": "figures.radiographs",
    "draw_precision_recall": "figures.curves",
    "draw_prevalence": "figures.numbers",
    "draw_radiograph_sheet": "figures.radiographs",
    "draw_radiographs": "figures.sheet",
    "draw_reliability": "figures.curves",
    "draw_roc_curves": "figures.curves",
    "draw_training_curves": "figures.numbers",
    "overlay": "figures.radiographs",
    "save_figure": "figures.style",
    "write_comparison": "comparison",
    "write_report": "document",
}

__all__ = [
    "HeatMap",
    "Look",
    "choose_looks",
    "draw_gallery",
    "draw_heatmap_grid",
    "draw_precision_recall",
    "draw_prevalence",
    "draw_radiograph_sheet",
    "draw_radiographs",
    "draw_reliability",
    "draw_roc_curves",
    "draw_training_curves",
    "overlay",
    "save_figure",
    "write_comparison",
    "write_report",
]

__getattr__ = on_demand(__name__, _MODULE_OF)
