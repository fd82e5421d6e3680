"""Figures as pictures."""

from xraykit.report.figures import draw_prevalence, draw_roc_curves, draw_training_curves
from xraykit.report.figures_radiographs import HeatMap, draw_heatmap_grid, draw_radiograph_sheet, overlay
from xraykit.report.figures_style import save_figure
from xraykit.report.gallery import Look, choose_looks, draw_gallery
from xraykit.report.results import count_labels, draw_results

__all__ = [
    "HeatMap",
    "Look",
    "choose_looks",
    "count_labels",
    "draw_gallery",
    "draw_heatmap_grid",
    "draw_prevalence",
    "draw_radiograph_sheet",
    "draw_results",
    "draw_roc_curves",
    "draw_training_curves",
    "overlay",
    "save_figure",
]
