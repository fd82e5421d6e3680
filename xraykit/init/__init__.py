"""``python -m xraykit.init FOLDER``: an experiment for a folder of radiographs."""

from typing import TYPE_CHECKING

from xraykit.system import lazy_names

if TYPE_CHECKING:
    from xraykit.init.recognising import Match as Match
    from xraykit.init.recognising import find_formats as find_formats
    from xraykit.init.writing import commented_experiment as commented_experiment
else:
    __getattr__, __dir__, __all__ = lazy_names(__name__)
