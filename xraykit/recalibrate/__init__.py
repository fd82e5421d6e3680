"""A network's calibration and operating points fitted again on a small local sample, without training.

This is a command, ``xraykit recalibrate``; nothing is imported here, so that ``--help`` comes at once.
"""

from typing import TYPE_CHECKING

from xraykit.system import lazy_names

if TYPE_CHECKING:
    from xraykit.recalibrate.notes import known_predictions as known_predictions
    from xraykit.recalibrate.sample import Sample as Sample
    from xraykit.recalibrate.sample import read_sample as read_sample
else:
    __getattr__, __dir__, __all__ = lazy_names(__name__)
