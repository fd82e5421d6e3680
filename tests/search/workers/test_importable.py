"""Workers are processes of their own: what only a notebook knows, they do not."""

import pytest

from xraykit.config import load_experiment
from xraykit.errors import ExperimentError
from xraykit.registry import BACKBONES, FORMATS, Backbone, DataFormat
from xraykit.search.workers.pool import check_importable


def _build(pixels, weights=None):
    return pixels


@pytest.fixture
def notebook(monkeypatch):
    """A backbone and a data format as a notebook registers them."""
    monkeypatch.setattr(_build, "__module__", "__main__")
    # Their modules register them when they are first imported, which must not happen in the copies of the entries.
    for registry in (BACKBONES, FORMATS):
        for name in registry.builtins:
            registry.get(name)
    for registry, entry in ((BACKBONES, Backbone(_build)), (FORMATS, DataFormat("from_a_notebook", _build, ("Mass",)))):
        monkeypatch.setattr(registry, "_entries", dict(registry._entries))
        registry.add("from_a_notebook", entry, _build)


@pytest.mark.parametrize("plugins", [[], ["json"]])
@pytest.mark.parametrize(
    "values",
    [
        {"model": {"backbone": "from_a_notebook"}, "search": {"workers": 2}},
        {"data": {"format": "from_a_notebook"}, "search": {"workers": 2}},
        {"search": {"workers": 2, "space": {"model.backbone": {"choices": ["densenet121", "from_a_notebook"]}}}},
    ],
)
def test_what_a_notebook_registers_is_refused_before_workers_start(notebook, values, plugins):
    with pytest.raises(ExperimentError, match=r"registered by __main__, .* or set search.workers: 1"):
        check_importable(load_experiment({**values, "plugins": plugins}))


def test_an_import_that_no_plug_in_repeats_is_refused(monkeypatch):
    monkeypatch.setattr(BACKBONES, "_entries", dict(BACKBONES._entries))
    BACKBONES.add("imported", Backbone(_build), _build)
    values = {"model": {"backbone": "imported"}, "search": {"workers": 2}}
    with pytest.raises(ExperimentError, match=r"registered by tests\.search\.workers\.test_importable"):
        check_importable(load_experiment(values))
    check_importable(load_experiment({**values, "plugins": [__file__]}))


def test_what_is_built_in_needs_no_plug_in():
    check_importable(load_experiment({"search": {"workers": 2}}))
