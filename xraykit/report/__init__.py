"""Figures as PNG files, and reports as self-contained pages.

Importing this package is cheap: mistakes are reported before Matplotlib is imported.
"""

from typing import TYPE_CHECKING

from xraykit.system.lazy import on_demand

if TYPE_CHECKING:
    from xraykit.report.comparison import write_comparison
    from xraykit.report.document import write_report
    from xraykit.report.figures.curves import draw_precision_recall, draw_reliability, draw_roc_curves
    from xraykit.report.figures.examples import Example, choose_examples
    from xraykit.report.figures.gallery import draw_gallery
    from xraykit.report.figures.numbers import draw_prevalence, draw_training_curves
    from xraykit.report.figures.radiographs import HeatMap, draw_heatmap_grid, draw_radiograph_sheet, overlay
    from xraykit.report.figures.sheet import draw_radiographs
    from xraykit.report.figures.style import save_figure

_MODULE_OF = {
    "HeatMap": "figures.radiographs",
    "Example": "figures.examples",
    "choose_examples": "figures.examples",
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
    "Example",
    "HeatMap",
    "choose_examples",
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
