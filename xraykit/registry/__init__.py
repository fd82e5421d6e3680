"""Backbones, data formats, decoders, losses and search strategies by name, built in or from a plug-in."""

from xraykit.registry.backbones import BACKBONES, Backbone, BackboneFunction, register_backbone
from xraykit.registry.decoders import (
    DECODERS,
    END,
    START,
    Decoder,
    Examination,
    Header,
    Viewable,
    register_decoder,
)
from xraykit.registry.formats import FORMATS, Box, Boxes, DataFormat, PublishedResults, Recognised, register_format
from xraykit.registry.losses import LOSSES, register_loss
from xraykit.registry.names import Registry, unknown_name
from xraykit.registry.plugins import load_plugin, plugin_sha256
from xraykit.registry.strategies import STRATEGIES, register_strategy

__all__ = [
    "BACKBONES",
    "DECODERS",
    "END",
    "FORMATS",
    "LOSSES",
    "START",
    "STRATEGIES",
    "Backbone",
    "BackboneFunction",
    "Box",
    "Boxes",
    "DataFormat",
    "Decoder",
    "Examination",
    "Header",
    "PublishedResults",
    "Recognised",
    "Registry",
    "Viewable",
    "load_plugin",
    "plugin_sha256",
    "register_backbone",
    "register_decoder",
    "register_format",
    "register_loss",
    "register_strategy",
    "unknown_name",
]
