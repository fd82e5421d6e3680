"""The sections of an external validation: the other collection beside the run's own test part."""

from xraykit.report.sections.external.calibration import calibration_in_the_large
from xraykit.report.sections.external.collection import collection
from xraykit.report.sections.external.glance import at_a_glance
from xraykit.report.sections.external.internal import side_by_side
from xraykit.report.sections.external.network import network
from xraykit.report.sections.external.operating_points import operating_points

__all__ = ["at_a_glance", "calibration_in_the_large", "collection", "network", "operating_points", "side_by_side"]
