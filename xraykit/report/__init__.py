"""Figures as pictures, and reports as pages that hold all they need."""

from xraykit.report.comparison import write_comparison
from xraykit.report.document import write_report
from xraykit.report.figures import draw_prevalence, draw_training_curves
from xraykit.report.figures_curves import draw_precision_recall, draw_reliability, draw_roc_curves
from xraykit.report.figures_radiographs import HeatMap, draw_heatmap_grid, draw_radiograph_sheet, overlay
from xraykit.report.figures_style import save_figure
from xraykit.report.gallery import draw_gallery
from xraykit.report.looks import Look, choose_looks
from xraykit.report.radiographs import draw_radiographs

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
