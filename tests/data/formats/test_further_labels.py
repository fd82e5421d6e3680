"""Labels that a format reads only where they are asked for: `No Finding`."""

import numpy as np
import pytest

from xraykit.config import NO_FINDING, load_experiment
from xraykit.data import read_catalog
from xraykit.data.formats.nih import FINDINGS
from xraykit.evaluate.collections import with_further_labels
from xraykit.phantoms import layout_named, write_phantoms
from xraykit.phantoms.settings import Phantom
from xraykit.registry import FORMATS

WITH_FURTHER = [name for name in FORMATS.builtins if FORMATS.get(name).further_labels]


def test_they_are_none_of_the_usual_labels():
    assert set(WITH_FURTHER) == {"nih", "phantom", "chexpert", "mimic_cxr", "padchest"}
    for name in WITH_FURTHER:
        assert not set(FORMATS.get(name).further_labels) & set(FORMATS.get(name).labels)


@pytest.mark.parametrize("layout", ["nih", "chexpert", "mimic_cxr", "padchest"])
def test_they_can_be_read(tmp_path, layout):
    write_phantoms(tmp_path / "set", Phantom(patients=30, images=40, size=32, prevalence=0.08), layout=layout)
    labels = [*FORMATS.get(layout).labels, NO_FINDING]
    data = {**layout_named(layout).data, "root": str(tmp_path / "set"), "labels": labels}
    targets = read_catalog(load_experiment({"data": data}).data).targets()
    healthy = targets[:, -1] == 1
    assert healthy.any()
    assert np.nansum(targets[healthy, :-1]) == 0


def test_a_source_reads_them_where_the_experiment_names_them():
    def labels_of(labels):
        sources = [{"format": "nih", "root": "a"}, {"format": "vindr", "root": "b"}]
        return load_experiment({"data": {"labels": labels, "sources": sources}}).data.sources[0].labels

    assert labels_of(["Effusion", "no finding"]) == (*FINDINGS, NO_FINDING)
    assert labels_of(["Effusion"]) == FINDINGS


def test_an_external_validation_reads_them_where_the_network_knows_them():
    experiment = load_experiment({"data": {"format": "nih"}})
    assert with_further_labels(experiment, ("Effusion", "No finding")).data.labels == (*FINDINGS, NO_FINDING)
    assert with_further_labels(experiment, ("Effusion",)) is experiment
    chosen = load_experiment({"data": {"format": "nih", "labels": ["Mass"]}})
    assert with_further_labels(chosen, ("Mass", NO_FINDING)) is chosen
