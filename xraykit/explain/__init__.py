"""Heat maps by two methods, and the baselines that they are compared with."""

from xraykit.evaluation import map_state
from xraykit.explain.baselines import centre_prior, random_twin
from xraykit.explain.class_activation import GradCam, grad_cam
from xraykit.explain.ensemble import HeatMaps, MeanHeatMaps
from xraykit.explain.integrated_gradients import IntegratedGradients
from xraykit.explain.methods import saliency_methods
from xraykit.explain.saliency import SaliencyMethod

__all__ = [
    "GradCam",
    "HeatMaps",
    "IntegratedGradients",
    "MeanHeatMaps",
    "SaliencyMethod",
    "centre_prior",
    "grad_cam",
    "map_state",
    "random_twin",
    "saliency_methods",
]
