"""From a run's table of predictions to what its figures say. Knows tables, not models."""

from xraykit.assessment.assess import Terms, assess
from xraykit.assessment.cross_fitting import cross_fitting_figures
from xraykit.assessment.parts import data_facts, label_warnings
from xraykit.assessment.shortcuts import shortcuts
from xraykit.assessment.table import of_part, prediction_table, reread

__all__ = [
    "Terms",
    "assess",
    "cross_fitting_figures",
    "data_facts",
    "label_warnings",
    "of_part",
    "prediction_table",
    "reread",
    "shortcuts",
]
