"""Strategies by name, built in or from a third party."""

import pytest

from xraykit.errors import RegistryError
from xraykit.registry import BACKBONES, FORMATS, Registry, load_plugin, plugin_sha256, register_backbone


def test_a_name_is_registered_once():
    registry = Registry("shape")
    first = object()
    assert registry.add("round", first) is first
    assert registry.add("round", first) is first
    with pytest.raises(RegistryError, match=r"The shape 'round' is already registered.*Choose another name"):
        registry.add("round", object())


def test_an_unknown_name_is_reported_with_the_nearest_and_all_known():
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


_PLUGIN = """
from xraykit.registry import register_backbone

@register_backbone("from_a_file", min_size={size})
def build(pixels, weights=None):
    return pixels
"""


@pytest.fixture
def plugin(tmp_path, monkeypatch):
    """A plug-in file that is forgotten after the test."""
    others = {name: entry for name, entry in BACKBONES._entries.items() if name != "from_a_file"}
    monkeypatch.setattr(BACKBONES, "_entries", others)
    path = tmp_path / "plugin.py"
    path.write_text(_PLUGIN.format(size=20))
    return path


def test_a_changed_plug_in_file_runs_as_it_is_now(plugin):
    load_plugin(str(plugin))
    before, build = plugin_sha256(str(plugin)), BACKBONES.get("from_a_file").build
    load_plugin(str(plugin))
    assert BACKBONES.get("from_a_file").build is build, "unchanged content is not imported again"
    plugin.write_text(_PLUGIN.format(size=24))
    load_plugin(str(plugin))
    assert BACKBONES.get("from_a_file").min_size == 24
    assert plugin_sha256(str(plugin)) != before
    plugin.write_text("")
    load_plugin(str(plugin))
    assert "from_a_file" not in BACKBONES, "what the new content does not register is there no more"


def test_a_changed_plug_in_file_with_a_fault_leaves_nothing_of_the_old_code(plugin):
    load_plugin(str(plugin))
    plugin.write_text(_PLUGIN.format(size=24) + "1 / 0\n")
    for _ in range(2):
        with pytest.raises(RegistryError, match="ZeroDivisionError"):
            load_plugin(str(plugin))
        assert "from_a_file" not in BACKBONES
    plugin.write_text(_PLUGIN.format(size=28))
    load_plugin(str(plugin))
    assert BACKBONES.get("from_a_file").min_size == 28


def test_two_files_of_one_name_do_not_replace_each_other(plugin, tmp_path):
    load_plugin(str(plugin))
    (tmp_path / "other").mkdir()
    second = tmp_path / "other" / "plugin.py"
    second.write_text(_PLUGIN.format(size=24))
    with pytest.raises(RegistryError, match="already registered"):
        load_plugin(str(second))
    assert BACKBONES.get("from_a_file").min_size == 20


def test_a_changed_plug_in_module_is_refused(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    module = tmp_path / "a_plugin_module.py"
    module.write_text("VALUE = 1\n")
    load_plugin("a_plugin_module")
    load_plugin("a_plugin_module")
    module.write_text("VALUE = 2\n")
    with pytest.raises(RegistryError, match="has changed since this process imported it"):
        load_plugin("a_plugin_module")


def test_a_plug_in_that_cannot_be_imported_is_reported():
    with pytest.raises(RegistryError, match=r"'no\.such\.module' could not be imported: ModuleNotFoundError"):
        load_plugin("no.such.module")
