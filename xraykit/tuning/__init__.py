"""The search of one experiment: trials that are trainings, a study that may be shared, one winner for the test part."""

from xraykit.tuning.tuning import Tuning

__all__ = ["Tuning"]
