"""Each collection that phantoms imitate is recognised by its format, and the experiment is accepted as it stands."""

import pytest

from xraykit.config import load_experiment
from xraykit.data import load_parts
from xraykit.init.__main__ import main
from xraykit.phantoms import Phantom, write_phantoms
from xraykit.phantoms.layouts import LAYOUTS, layout_named

# Phantoms in the files of the NIH are recognised as such, so that nobody takes them for the real collection.
EXPECTED = {"nih": "phantom"}


@pytest.mark.parametrize("name", LAYOUTS)
def test_the_format_of_the_layout_is_proposed_and_its_experiment_is_accepted(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    root = tmp_path / "data"
    write_phantoms(root, Phantom(patients=40, images=60, size=64), layout=name)
    assert main([str(root), "--to", "e.yaml"]) == 0
    experiment = load_experiment("e.yaml")
    assert experiment.data.format == EXPECTED.get(name, layout_named(name).data.get("format"))
    parts = load_parts(experiment.data, experiment.split_seed, sealed_test=False)
    assert min(parts.sizes.values()) > 0
