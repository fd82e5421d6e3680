"""Names of findings that mean the same, and those that do not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xraykit.config.data.label_names import SYNONYMS, LabelNames

NAMES = st.sampled_from([name for group in SYNONYMS for name in group] + ["Mass", "Hernia", "Foo", "Lung Lesion"])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Effusion", "Pleural Effusion"),
        ("Pleural_Thickening", "Pleural thickening"),
        ("Fibrosis", "Pulmonary fibrosis"),
        ("Infiltration", "infiltrates"),
        ("Edema", "pulmonary oedema"),
        ("ILD", "Interstitial lung disease"),
        ("Support Devices", "support device"),
    ],
)
def test_synonyms_are_the_same(one, other):
    assert LabelNames().key(one) == LabelNames().key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Infiltration", "Consolidation"),
        ("Infiltration", "Lung Opacity"),
        ("Consolidation", "Lung Opacity"),
        ("Cardiomegaly", "Enlarged Cardiomediastinum"),
        ("Nodule", "Nodule/Mass"),
        ("Mass", "Nodule/Mass"),
        ("Mass", "Lung Lesion"),
        ("Hernia", "Hiatal Hernia"),
        ("Pneumonia", "COVID-19"),
        ("Pneumonia", "Viral Pneumonia"),
        ("Effusion", "Pericardial Effusion"),
        ("Fracture", "Rib Fracture"),
        ("Pleural Other", "Pleural Thickening"),
        ("No Finding", "Normal"),
    ],
)
def test_related_findings_stay_apart(one, other):
    assert LabelNames().key(one) != LabelNames().key(other)


def test_no_name_is_in_two_groups():
    plain = [LabelNames(built_in=False).key(name) for group in SYNONYMS for name in group]
    assert len(plain) == len(set(plain))


def test_without_the_table_names_differ_but_not_their_spelling():
    names = LabelNames(built_in=False)
    assert names.key("Effusion") != names.key("Pleural Effusion")
    assert names.key("Pleural_Thickening") == names.key("pleural  thickening")


@given(st.lists(st.tuples(NAMES, NAMES), max_size=6), NAMES, NAMES, NAMES)
def test_being_the_same_is_an_equivalence_that_contains_what_was_added(pairs, a, b, c):
    further: dict = {}
    for one, other in pairs:
        further.setdefault(one, []).append(other)
    names = LabelNames(further)
    assert all(names.key(one) == names.key(other) for one, other in pairs)
    built_in = LabelNames()
    for one, other in ((a, b), (b, c)):
        if built_in.key(one) == built_in.key(other):
            assert names.key(one) == names.key(other)
    assert names.key(names.key(a)) == names.key(a)


@given(st.lists(NAMES, max_size=12))
def test_a_union_names_each_finding_once_by_its_first_name(labels):
    names = LabelNames()
    union = names.union(labels)
    assert [names.key(label) for label in union] == list(dict.fromkeys(names.key(label) for label in labels))
    assert set(union) <= set(labels)
