"""The network: build, losses, augmentation, and the framework under Keras."""

from typing import TYPE_CHECKING

from xraykit.system import lazy_names

if TYPE_CHECKING:
    from xraykit.model.build import FEATURE_MAP as FEATURE_MAP
    from xraykit.model.build import LOGITS as LOGITS
    from xraykit.model.build import PIXELS as PIXELS
    from xraykit.model.build import backbone_layers as backbone_layers
    from xraykit.model.build import build_model as build_model
    from xraykit.model.build import freeze_backbone as freeze_backbone
    from xraykit.model.devices import check_batch_size as check_batch_size
    from xraykit.model.devices import device_group as device_group
    from xraykit.model.hub_layers import complete_configurations as complete_configurations
    from xraykit.model.library_internals import with_inner_layers as with_inner_layers
    from xraykit.model.losses import AsymmetricLoss as AsymmetricLoss
    from xraykit.model.losses import FocalLoss as FocalLoss
    from xraykit.model.losses import WeightedBinaryCrossentropy as WeightedBinaryCrossentropy
    from xraykit.model.losses import build_loss as build_loss
    from xraykit.model.losses import class_weights as class_weights
    from xraykit.model.views import View as View
    from xraykit.model.views import over_views as over_views
    from xraykit.model.views import views_of as views_of
else:
    __getattr__, __dir__, __all__ = lazy_names(__name__)
