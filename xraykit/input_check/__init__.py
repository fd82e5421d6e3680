"""Pictures that are unlike those of training are flagged with a reason, not silently scored."""

from typing import TYPE_CHECKING

from xraykit.system import lazy_names

if TYPE_CHECKING:
    from xraykit.input_check.check import Flag as Flag
    from xraykit.input_check.check import Screen as Screen
    from xraykit.input_check.training_pictures import KINDS as KINDS
    from xraykit.input_check.training_pictures import OddPictures as OddPictures
    from xraykit.input_check.training_pictures import describe_odd_pictures as describe_odd_pictures
    from xraykit.input_check.training_pictures import find_odd_pictures as find_odd_pictures
else:
    __getattr__, __dir__, __all__ = lazy_names(__name__)
