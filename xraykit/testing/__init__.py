"""Contract tests for authors of plug-ins: what xraykit relies on, checked on small inputs.

In a test of your own::

    from xraykit.testing import check_backbone

    def test_my_backbone():
        import my_package.backbones
        check_backbone("my_backbone")
"""

from typing import TYPE_CHECKING

from xraykit.system import lazy_names

if TYPE_CHECKING:
    from xraykit.testing.backbones import check_backbone as check_backbone
    from xraykit.testing.decoders import check_decoder as check_decoder
    from xraykit.testing.formats import check_format as check_format
    from xraykit.testing.losses import check_loss as check_loss
    from xraykit.testing.metrics import check_metric as check_metric
    from xraykit.testing.strategies import check_strategy as check_strategy
else:
    __getattr__, __dir__, __all__ = lazy_names(__name__)
