"""The sections of a report: each is a function from a run to a section."""

from xraykit.report.sections.calibration import calibration
from xraykit.report.sections.data import data
from xraykit.report.sections.decision_curves import decision_curves
from xraykit.report.sections.ensemble import ensemble
from xraykit.report.sections.findings import findings, published
from xraykit.report.sections.glance import glance
from xraykit.report.sections.heat_maps import heat_maps, localisation
from xraykit.report.sections.methods import methods
from xraykit.report.sections.model_card import experiment, model_card
from xraykit.report.sections.not_shown import without_empty
from xraykit.report.sections.operating_points import operating_points
from xraykit.report.sections.shortcuts import shortcuts
from xraykit.report.sections.sources import sources
from xraykit.report.sections.subgroups import subgroups
from xraykit.report.sections.training import search, training

__all__ = [
    "calibration",
    "data",
    "decision_curves",
    "ensemble",
    "experiment",
    "findings",
    "glance",
    "heat_maps",
    "localisation",
    "methods",
    "model_card",
    "operating_points",
    "published",
    "search",
    "shortcuts",
    "sources",
    "subgroups",
    "training",
    "without_empty",
]
