"""Strategies by name, built in or from a third party."""

import pytest

from xraykit.errors import RegistryError
from xraykit.registry import BACKBONES, FORMATS, Registry, load_plugin, register_backbone


def test_a_name_is_registered_once():
    registry = Registry("shape")
    first = object()
    assert registry.add("round", first) is first
    assert registry.add("round", first) is first
    with pytest.raises(RegistryError, match=r"The shape 'round' is registered already.*Choose another name"):
        registry.add("round", object())


def test_an_unknown_name_is_told_with_the_nearest_and_all_known():
    registry = Registry("shape", {"square": "nowhere"})
    registry.add("round", object())
    with pytest.raises(RegistryError, match=r"Unknown shape 'roud'. Did you mean 'round'\? Known: round, square"):
        registry.get("roud")


def test_a_built_in_name_cannot_be_taken():
    with pytest.raises(RegistryError, match="'densenet121' is a built-in backbone"):

        @register_backbone("densenet121")
        def mine(pixels, weights=None):
            return pixels


def test_built_ins_are_listed_without_being_imported():
    assert set(BACKBONES.names()) >= {
        "densenet121",
        "inception_resnet_v2",
        "mobilenet_v3_large",
        "mobilenet_v3_small",
    }
    assert set(FORMATS.names()) >= {"nih", "phantom"}
    assert BACKBONES.get("inception_resnet_v2").min_size == 75


def test_a_notebook_cell_can_be_run_twice():
    namespace = {"__name__": "__main__"}
    cell = (
        "from xraykit.registry import register_backbone\n"
        "@register_backbone('from_a_cell')\n"
        "def build(pixels, weights=None):\n    return pixels\n"
    )
    exec(cell, namespace)
    exec(cell, namespace)
    assert BACKBONES.get("from_a_cell").build is namespace["build"]


def test_a_plug_in_that_cannot_be_imported_is_told():
    with pytest.raises(RegistryError, match=r"'no\.such\.module' could not be imported: ModuleNotFoundError"):
        load_plugin("no.such.module")
