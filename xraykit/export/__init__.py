"""Export: a bundle as a folder that another runtime reads, verified in that runtime before it is written.

Importing this package is cheap: a missing runtime is reported before Keras takes its seconds to be imported.
"""

from typing import TYPE_CHECKING

from xraykit.system import lazy_names

if TYPE_CHECKING:
    from xraykit.export.contents import ExportRecord as ExportRecord
    from xraykit.export.contents import read_export as read_export
    from xraykit.export.export import Quantisation as Quantisation
    from xraykit.export.export import export_bundle as export_bundle
    from xraykit.export.runtimes import Runtime as Runtime
    from xraykit.export.runtimes import open_runtime as open_runtime
    from xraykit.export.targets import TARGETS as TARGETS
    from xraykit.export.targets import Target as Target
    from xraykit.export.targets import target_named as target_named
else:
    __getattr__, __dir__, __all__ = lazy_names(__name__)
