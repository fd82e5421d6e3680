"""Labels of a collection that are those of a network."""

import pytest

from xraykit.config import LabelNames
from xraykit.errors import DataError
from xraykit.evaluate import shared_labels

MODEL = ["Cardiomegaly", "Pleural_Thickening", "Effusion", "Hernia"]


def test_labels_are_matched_by_name_whatever_their_case_blanks_and_underscores():
    found = shared_labels(MODEL, ["effusion", "Mass", "pleural thickening", "Cardiomegaly"])
    assert list(found.pairs) == ["Cardiomegaly", "Pleural_Thickening", "Effusion"]
    assert found.pairs["Pleural_Thickening"] == "pleural thickening"
    assert (found.only_model, found.only_collection) == (("Hernia",), ("Mass",))


def test_synonyms_are_matched_but_the_same_name_comes_first():
    assert shared_labels(MODEL, ["Pleural Effusion"]).pairs == {"Effusion": "Pleural Effusion"}
    both = shared_labels(MODEL, ["Pleural Effusion", "Effusion"])
    assert both.pairs == {"Effusion": "Effusion"}
    assert both.only_collection == ("Pleural Effusion",)
    own = LabelNames({"Effusion": ["Erguss"]}, built_in=False)
    assert shared_labels(MODEL, ["Erguss", "Pleural Effusion"], names=own).pairs == {"Effusion": "Erguss"}


def test_a_choice_wins_over_a_name_and_takes_its_label_away():
    found = shared_labels(MODEL, ["Effusion", "Fluid"], {"Effusion": "Fluid"})
    assert found.pairs == {"Effusion": "Fluid"}
    assert found.only_collection == ("Effusion",)


@pytest.mark.parametrize(
    ("collection", "given", "told"),
    [
        (["Mass"], {}, "no label in common.*Labels of the collection: Mass"),
        (["hernia", "HERNIA"], {}, "Hernia could be hernia or HERNIA"),
        (["Mass"], {"Fluid": "Mass"}, "the network has no label 'Fluid'"),
        (["Mass"], {"Effusion": "Fluid"}, "the collection has no label 'Fluid'"),
        (["Mass"], {"Effusion": "Mass", "Hernia": "Mass"}, "Mass of the collection would be Effusion and Hernia"),
    ],
)
def test_nothing_in_common_and_ambiguous_names_are_errors(collection, given, told):
    with pytest.raises(DataError, match=told):
        shared_labels(MODEL, collection, given)
