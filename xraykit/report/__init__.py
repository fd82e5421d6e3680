"""Figures as PNG files, and reports as self-contained pages.

Importing this package is cheap: mistakes are reported before Matplotlib is imported.
"""

from typing import TYPE_CHECKING

from xraykit.system import lazy_names

if TYPE_CHECKING:
    from xraykit.report.blocks import Block as Block
    from xraykit.report.blocks import Cell as Cell
    from xraykit.report.blocks import Facts as Facts
    from xraykit.report.blocks import Figure as Figure
    from xraykit.report.blocks import Glance as Glance
    from xraykit.report.blocks import Missing as Missing
    from xraykit.report.blocks import Picture as Picture
    from xraykit.report.blocks import Row as Row
    from xraykit.report.blocks import Section as Section
    from xraykit.report.blocks import Table as Table
    from xraykit.report.blocks import heads as heads
    from xraykit.report.comparison import write_comparison as write_comparison
    from xraykit.report.document import write_report as write_report
    from xraykit.report.evaluation_page import write_evaluation as write_evaluation
    from xraykit.report.figures.curves import draw_precision_recall as draw_precision_recall
    from xraykit.report.figures.curves import draw_reliability as draw_reliability
    from xraykit.report.figures.curves import draw_roc_curves as draw_roc_curves
    from xraykit.report.figures.examples import Example as Example
    from xraykit.report.figures.examples import choose_examples as choose_examples
    from xraykit.report.figures.gallery import draw_gallery as draw_gallery
    from xraykit.report.figures.numbers import draw_prevalence as draw_prevalence
    from xraykit.report.figures.numbers import draw_training_curves as draw_training_curves
    from xraykit.report.figures.radiographs import HeatMap as HeatMap
    from xraykit.report.figures.radiographs import draw_heatmap_grid as draw_heatmap_grid
    from xraykit.report.figures.radiographs import draw_radiograph_sheet as draw_radiograph_sheet
    from xraykit.report.figures.radiographs import overlay as overlay
    from xraykit.report.figures.radiographs import overlay_at_full_size as overlay_at_full_size
    from xraykit.report.figures.sheet import draw_radiographs as draw_radiographs
    from xraykit.report.figures.style import GREY as GREY
    from xraykit.report.figures.style import INK as INK
    from xraykit.report.figures.style import house_style as house_style
    from xraykit.report.figures.style import save_figure as save_figure
    from xraykit.report.figures.variants import draw_variants as draw_variants
    from xraykit.report.pages import embedded_figures as embedded_figures
    from xraykit.report.pages import embedded_png as embedded_png
    from xraykit.report.pages import embedded_webp as embedded_webp
    from xraykit.report.pages import render as render
    from xraykit.report.recalibration_page import write_recalibration as write_recalibration
    from xraykit.report.sections.not_shown import without_empty as without_empty
else:
    __getattr__, __dir__, __all__ = lazy_names(__name__)
