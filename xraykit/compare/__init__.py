"""Paired comparison of two runs on the same radiographs; also the command ``xraykit compare RUN RUN``.

Importing this package is cheap: the command reports mistakes before anything heavy is imported.
"""

from typing import TYPE_CHECKING

from xraykit.system import lazy_names

if TYPE_CHECKING:
    from xraykit.compare.__main__ import main as main
    from xraykit.compare.comparison import compare_runs as compare_runs
    from xraykit.compare.table import comparison_table as comparison_table
else:
    __getattr__, __dir__, __all__ = lazy_names(__name__)
