"""Every variable of a network is decayed or not, by name."""

import re

import pytest

from tests import tiny_backbone  # noqa: F401
from xraykit.config import load_experiment
from xraykit.model import build_model
from xraykit.model.optimizers import decayed_variables
from xraykit.model.optimizers.decay import undecayed_variables

HEAD = ["dense_1/kernel", "logits/kernel"]


def _model(backbone):
    values = {"model.backbone": backbone, "model.dense_neurons": 64, "data.image_size": 64, "data.labels": ["Mass"]}
    return build_model(load_experiment({}).with_values(values))


def test_of_the_tiny_network_only_the_kernels_are_decayed():
    model = _model("tiny")
    kernels = [f"tiny_convolution_{number}/kernel" for number in range(3)]
    assert [variable.path for variable in decayed_variables(model)] == [*kernels, *HEAD]
    normalisation = [
        f"tiny_normalisation_{number}/{name}"
        for number in range(3)
        for name in ("gamma", "beta", "moving_mean", "moving_variance")
    ]
    rest = {variable.path for variable in undecayed_variables(model)}
    assert rest - {variable.path for variable in model.non_trainable_variables} == {
        *(name for name in normalisation if "moving" not in name),
        "dense_1/bias",
        "logits/bias",
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    ("backbone", "kernel", "kernels"),
    [
        ("densenet121", r"(conv1_conv|conv\d_block\d+_\d_conv|pool\d_conv)/kernel", 120),
        ("mobilenet_v3_small", r"(conv|conv_1|expanded_conv\S*_(expand|depthwise|project|conv|conv_1))/kernel", 52),
    ],
)
def test_of_a_real_network_the_kernels_of_convolutions_are_decayed(backbone, kernel, kernels):
    model = _model(backbone)
    decayed = [variable.path for variable in decayed_variables(model)]
    assert decayed[-2:] == HEAD
    assert [path for path in decayed[:-2] if not re.fullmatch(kernel, path)] == []
    assert len(decayed) - 2 == kernels
    rest = {variable.path for variable in undecayed_variables(model)}
    learnt = {variable.path for variable in model.trainable_variables}
    assert learnt == {*decayed, *(path for path in rest if path.rpartition("/")[2] in ("gamma", "beta", "bias"))}
    assert not any("bn" in path.lower() or path.endswith(("bias", "gamma", "beta")) for path in decayed)
