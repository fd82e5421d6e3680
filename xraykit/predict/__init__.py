"""The command ``xraykit predict``: the predictions of a trained network for radiographs, as CSV or JSON."""

from typing import TYPE_CHECKING

from xraykit.system import lazy_names

if TYPE_CHECKING:
    from xraykit.predict.sources import pictures_of as pictures_of
else:
    __getattr__, __dir__, __all__ = lazy_names(__name__)
