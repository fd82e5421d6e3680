"""What is reported before the training of labels that not all sources share."""

import numpy as np

from tests.data.mixing.test_merging import catalog_of
from xraykit.config import load_experiment
from xraykit.data.mixing.merging import merged
from xraykit.evaluation.predictions import source_warnings

NAN = np.nan


def training(first, second, formats=("nih", "table")):
    """Two sources with the labels of each to its values."""
    entries = [
        {"format": name, "name": source, "labels": list(labels)}
        for name, source, labels in zip(formats, ("east", "west"), (first, second), strict=True)
    ]
    data = load_experiment({"data": {"split": {"method": "patient"}, "sources": entries}}).data
    catalogs = [
        catalog_of([str(row) for row in range(3)], labels, np.column_stack(list(labels.values())))
        for labels in (first, second)
    ]
    return merged(data, catalogs)


def test_one_collection_has_no_such_warnings():
    assert source_warnings(catalog_of("12", ["Mass"], [0, 1])) == []


def test_labels_of_one_source_are_named_together():
    known = {"Effusion": [0, 1, 0], "Mass": [0, 1, 0], "Nodule": [1, 0, 0]}
    (warning,) = source_warnings(training(known, {"Effusion": [0, 1, 1]}))
    assert warning.startswith("Annotated by the source east alone: Mass, Nodule. ")


def test_a_label_that_is_unknown_in_all_rows_of_a_source_counts_as_not_annotated():
    found = source_warnings(training({"Effusion": [0, 1, 0]}, {"Effusion": [NAN, NAN, NAN]}))
    assert found[0].startswith("Annotated by the source east alone: Effusion.")


def test_positives_of_one_source_are_named():
    (warning,) = source_warnings(training({"Effusion": [0, 1, 0]}, {"Effusion": [0, 0, NAN]}))
    assert warning.startswith("All positives of Effusion in the training part are of the source east: a network that")


def test_no_finding_of_two_collections_is_not_the_same():
    labels = {"No Finding": [0, 1, 0]}
    (warning,) = source_warnings(training(labels, labels))
    assert "does not mean the same in east and west" in warning
    assert source_warnings(training(labels, labels, ("nih", "nih"))) == []
