"""From a run's table of predictions to what its figures say. Knows tables, not models."""

from xraykit.assessment.assess import Terms, assess
from xraykit.assessment.parts import data_facts
from xraykit.assessment.shortcuts import shortcuts
from xraykit.assessment.table import of_part, prediction_table, reread

__all__ = ["Terms", "assess", "data_facts", "of_part", "prediction_table", "reread", "shortcuts"]
