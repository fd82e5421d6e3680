"""The methods that are scored side by side."""

import keras

from xraykit.explain.class_activation import GradCam
from xraykit.explain.integrated_gradients import IntegratedGradients
from xraykit.explain.saliency import SaliencyMethod


def saliency_methods(model: keras.Model) -> dict[str, SaliencyMethod]:
    """Each method of one model, by the name under which it is reported; the first is what overlays show.

    Args:
        model: See :class:`~xraykit.explain.GradCam`.

    Raises:
        ModelError: the model has no layer named ``feature_map``.
    """
    return {"grad_cam": GradCam(model), "integrated_gradients": IntegratedGradients(model)}
