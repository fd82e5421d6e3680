"""Figures as pictures, and reports as pages that hold all they need.

Importing this package is cheap: what Matplotlib is not needed for can be told before it is imported.
"""

from typing import TYPE_CHECKING

from xraykit.on_demand import on_demand

if TYPE_CHECKING:
    from xraykit.report.comparison import write_comparison
    from xraykit.report.document import write_report
    from xraykit.report.figures import draw_prevalence, draw_training_curves
    from xraykit.report.figures_curves import draw_precision_recall, draw_reliability, draw_roc_curves
    from xraykit.report.figures_radiographs import HeatMap, draw_heatmap_grid, draw_radiograph_sheet, overlay
    from xraykit.report.figures_style import save_figure
    from xraykit.report.gallery import draw_gallery
    from xraykit.report.looks import Look, choose_looks
    from xraykit.report.radiographs import draw_radiographs

_MODULE_OF = {
    "HeatMap": "figures_radiographs",
    "Look": "looks",
    "choose_looks": "looks",
    "draw_gallery": "gallery",
    "draw_heatmap_grid": "figures_radiographs",
    "draw_precision_recall": "figures_curves",
    "draw_prevalence": "figures",
    "draw_radiograph_sheet": "figures_radiographs",
    "draw_radiographs": "radiographs",
    "draw_reliability": "figures_curves",
    "draw_roc_curves": "figures_curves",
    "draw_training_curves": "figures",
    "overlay": "figures_radiographs",
    "save_figure": "figures_style",
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
