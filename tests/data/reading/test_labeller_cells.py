"""Policies for uncertain labels: what the training learns changes, what is measured does not."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from xraykit.config import load_experiment
from xraykit.data.reading.labeller_cells import BLANK, UNCERTAIN, labeller_targets
from xraykit.data.reading.uncertain import Smooth, UncertainLabels, policy_text
from xraykit.errors import ExperimentError

CODES = hnp.arrays(np.float64, st.integers(1, 30), elements=st.sampled_from([0.0, 1.0, UNCERTAIN, BLANK, np.nan]))
RANGES = st.tuples(st.floats(0, 1), st.floats(0, 1)).map(sorted)
POLICIES = st.sampled_from(["ignore", "zeros", "ones"]) | RANGES.map(lambda each: {"smooth": each})


def _read(codes, policy="ignore", blank="absent", names=None):
    settings = UncertainLabels(uncertain=policy, blank=blank)
    return labeller_targets({"Edema": codes}, names or [f"{row}.jpg" for row in range(len(codes))], settings)


def _trained_on(labels):
    return labels.soft_targets.get("Edema", labels.targets["Edema"])


@given(CODES, POLICIES, st.sampled_from(["absent", "unknown"]))
def test_a_policy_changes_only_what_the_training_learns_from_uncertain_labels(codes, policy, blank):
    labels, plain = _read(codes, policy, blank), _read(codes, "ignore", blank)
    np.testing.assert_array_equal(labels.targets["Edema"], plain.targets["Edema"])
    certain = codes != UNCERTAIN
    np.testing.assert_array_equal(_trained_on(labels)[certain], plain.targets["Edema"][certain])
    low, high = {"zeros": (0, 0), "ones": (1, 1)}.get(policy if isinstance(policy, str) else "", (None, None))
    drawn = _trained_on(labels)[~certain]
    if policy == "ignore":
        assert np.isnan(drawn).all()
        return
    if low is None:
        low, high = policy["smooth"]
    assert ((drawn >= low) & (drawn <= high)).all()


@given(CODES)
def test_blank_is_absent_or_unknown_and_what_a_file_does_not_annotate_is_unknown(codes):
    absent, unknown = (_read(codes, blank=blank).targets["Edema"] for blank in ("absent", "unknown"))
    assert (absent[codes == BLANK] == 0).all()
    assert np.isnan(unknown[codes == BLANK]).all()
    assert np.isnan(absent[np.isnan(codes)]).all()
    assert np.isnan(absent[codes == UNCERTAIN]).all()
    assert (absent[codes == 1] == 1).all()


@given(st.permutations(range(12)))
def test_a_soft_target_belongs_to_its_radiograph_whatever_the_order_of_rows_is(order):
    codes, names = np.full(12, UNCERTAIN), [f"p{row}/view1_frontal.jpg" for row in range(12)]
    policy = {"smooth": [0.55, 0.85]}
    expected = dict(zip(names, _trained_on(_read(codes, policy, names=names)), strict=True))
    shuffled = [names[row] for row in order]
    assert dict(zip(shuffled, _trained_on(_read(codes, policy, names=shuffled)), strict=True)) == expected
    assert len(set(expected.values())) == 12


def test_soft_targets_fill_their_range_evenly_and_differ_between_labels():
    names = [f"{row}.jpg" for row in range(4000)]
    cells = {label: np.full(4000, UNCERTAIN) for label in ("Edema", "Mass")}
    soft = labeller_targets(cells, names, UncertainLabels(uncertain=Smooth(smooth=(0.55, 0.85)))).soft_targets
    counts, _ = np.histogram(soft["Edema"], bins=10, range=(0.55, 0.85))
    assert counts.min() > 300
    assert abs(np.corrcoef(soft["Edema"], soft["Mass"])[0, 1]) < 0.06


def test_a_label_may_have_a_policy_of_its_own():
    settings = UncertainLabels(uncertain="zeros", uncertain_of={"Mass": "ones"})
    cells = {label: np.array([UNCERTAIN, 1.0]) for label in ("Edema", "Mass")}
    soft = labeller_targets(cells, ["a", "b"], settings).soft_targets
    assert {label: each.tolist() for label, each in soft.items()} == {"Edema": [0, 1], "Mass": [1, 1]}
    assert [policy_text(settings.policy(label)) for label in ("Edema", "Mass")] == ["zeros", "ones"]


def test_policies_are_read_from_an_experiment_and_from_the_command_line():
    values = {"data": {"format": "chexpert", "chexpert": {"uncertain_of": {"Edema": {"smooth": [0, 0.3]}}}}}
    experiment = load_experiment(values, ["data.chexpert.uncertain.smooth=[0.55, 0.85]"])
    settings = experiment.data.settings
    assert settings.policy("Fracture").smooth == (0.55, 0.85)
    assert settings.policy("Edema").smooth == (0, 0.3)
    assert load_experiment(experiment.values()) == experiment
    assert load_experiment(values, ["data.chexpert.uncertain=ones"]).data.settings.policy("Mass") == "ones"


@pytest.mark.parametrize(
    ("uncertain", "reason"),
    [
        ("one", r"data\.chexpert\.uncertain.*ignore.*zeros.*ones"),
        ({"smooth": [0.8, 0.2]}, r"smooth must be \[low, high\], the lower number first\. Received: \[0\.8, 0\.2\]"),
        ({"smooth": [0.5]}, r"data\.chexpert\.uncertain\.smooth"),
        ({"smooth": [0.5, 1.5]}, r"data\.chexpert\.uncertain\.smooth"),
        ({"smoth": [0, 1]}, r"data\.chexpert\.uncertain\.smoth"),
    ],
)
def test_wrong_policies_are_refused_before_anything_is_read(uncertain, reason):
    with pytest.raises(ExperimentError, match=reason):
        load_experiment({"data": {"format": "chexpert", "chexpert": {"uncertain": uncertain}}})
