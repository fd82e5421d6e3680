"""Blocks of a backbone, from its graph alone."""

import keras
import pytest

from tests import tiny_backbone  # noqa: F401
from xraykit.config import load_experiment
from xraykit.model import build_model, freeze_backbone
from xraykit.model.optimizers import blocks_of, layer_shares
from xraykit.registry import register_backbone


@register_backbone("one_size", min_size=16)
def one_size(pixels, weights=None):
    """Maps of one size, as those of a vision transformer; a branch that pools a whole map."""
    x = keras.layers.Conv2D(4, 8, strides=8, name="patches")(pixels)
    for number in range(9):
        gate = keras.layers.GlobalAveragePooling2D(keepdims=True)(x)
        gate = keras.layers.Conv2D(4, 1, name=f"gate_{number}")(gate)
        x = keras.layers.Multiply()([x, gate])
    return x


def _model(backbone, size):
    values = {"model.backbone": backbone, "data.image_size": size, "data.labels": ["Mass"]}
    return build_model(load_experiment({}).with_values(values))


def test_a_block_is_what_computes_maps_of_one_size():
    names = [[layer.name for layer in block] for block in blocks_of(_model("tiny", 32))]
    assert names == [[f"tiny_convolution_{number}", f"tiny_normalisation_{number}"] for number in range(3)]


def test_a_backbone_of_one_size_has_five_blocks_of_equal_length():
    names = [[layer.name for layer in block] for block in blocks_of(_model("one_size", 32))]
    assert names[0] == ["patches", "gate_0"]
    assert [len(block) for block in names] == [2] * 5


@pytest.mark.slow
@pytest.mark.parametrize(
    ("backbone", "size", "firsts"),
    [
        ("densenet121", 64, ["conv1_conv", "conv2_block1_0_bn", "conv3_block1_0_bn", "conv4_block1_0_bn"]),
        ("mobilenet_v3_small", 64, ["conv", "expanded_conv_depthwise"]),
    ],
)
def test_stem_and_stages_of_real_networks_are_blocks(backbone, size, firsts):
    blocks = blocks_of(_model(backbone, size))
    assert len(blocks) == 5
    for first, block in zip(firsts, blocks, strict=False):
        assert first in [layer.name for layer in block[:3]]
    if backbone == "mobilenet_v3_small":
        gates = [layer.name for layer in blocks[1] if "squeeze" in layer.name]
        assert gates, "the branch that pools a map belongs to the block that it returns to"


def test_each_block_learns_at_a_share_of_the_next_and_the_head_in_full():
    model = _model("tiny", 32)
    freeze_backbone(model, frozen=False)
    shares = layer_shares(model, 0.5)
    named = {variable.path: share for variable, share in zip(model.trainable_variables, shares, strict=True)}
    assert named == {
        "tiny_convolution_0/kernel": 0.125,
        "tiny_convolution_1/kernel": 0.25,
        "tiny_convolution_2/kernel": 0.5,
        **dict.fromkeys(("dense_1/kernel", "dense_1/bias", "logits/kernel", "logits/bias"), 1.0),
    }
    assert layer_shares(model, 1.0) == ()
