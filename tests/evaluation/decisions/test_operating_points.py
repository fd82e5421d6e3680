"""Thresholds after Youden and by other rules."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.evaluation.reference import CASES, by_class, columns, youden_index
from xraykit.config import Rule
from xraykit.errors import DataError
from xraykit.evaluation import at_threshold, choose_operating_points, choose_threshold, youden_threshold
from xraykit.evaluation.decisions.operating_points import operating_points

NAN = np.nan


@settings(deadline=None)
@given(CASES)
def test_no_threshold_has_a_larger_index_and_no_higher_one_an_equal(cases):
    y, p = columns(cases)
    threshold = youden_threshold(y, p)
    positives, negatives = by_class(y, p)
    if not positives or not negatives:
        assert threshold is None
        return
    index = {score: youden_index(y, p, score) for score in {*positives, *negatives}}
    best = max(index.values())
    assert threshold == (max(score for score in index if index[score] == best) if best > 0 else None)


def test_the_threshold_is_a_score_that_was_seen_and_its_case_is_called():
    y, p = [0, 0, 1, 1], np.array([0.1, 0.4, 0.35, 0.8], np.float32)
    threshold = youden_threshold(y, p)
    assert threshold == float(np.float32(0.8))
    assert at_threshold(y, p, threshold)["sensitivity"] == 0.5


def test_a_perfect_order_is_cut_below_the_lowest_positive():
    assert youden_threshold([0, 1, 0, 1, NAN], [0.2, 0.7, 0.3, 0.6, 0.5]) == 0.6


@pytest.mark.parametrize("p", [[0.4, 0.4, 0.4], [0.1, 0.9, 0.9], [0.1, 0.2, 0.3]])
def test_scores_that_tell_nothing_give_no_threshold(p):
    """The largest Youden index is 0, that of calling every case."""
    point = choose_threshold([1, 0, 0], p, Rule("youden"))
    assert (point.threshold, point.reason_code) == (None, "no_gain")
    assert "Youden index above 0" in point.reason


def test_each_label_has_its_own_threshold_under_its_own_name_in_the_given_order():
    y = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 0]])
    p = np.array([[0.9, 0.1, 0.2], [0.2, 0.6, 0.2], [0.1, 0.3, 0.2]])
    assert list(operating_points(y, p, ["b", "a", "c"]).items()) == [("b", 0.9), ("a", 0.6), ("c", None)]
    order = [2, 0, 1]
    assert list(operating_points(y[:, order], p[:, order], ["c", "b", "a"]).items()) == [
        ("c", None),
        ("b", 0.9),
        ("a", 0.6),
    ]


def test_refuses_another_number_of_names_than_columns():
    with pytest.raises(DataError, match=r"\(n, 2\)"):
        operating_points(np.zeros((4, 3)), np.zeros((4, 3)), ["a", "b"])


@settings(deadline=None)
@given(CASES)
def test_metrics_at_youdens_threshold_add_up_to_its_index(cases):
    y, p = columns(cases)
    threshold = youden_threshold(y, p)
    metrics = at_threshold(y, p, threshold)
    if threshold is not None:
        positives, negatives = by_class(y, p)
        index = youden_index(y, p, threshold) / (len(positives) * len(negatives))
        assert metrics["sensitivity"] + metrics["specificity"] - 1 == pytest.approx(index, abs=1e-12)
        assert index > 0


class TestRules:
    @pytest.mark.parametrize(
        ("text", "rule"),
        [
            ("youden", Rule("youden")),
            (" f1 ", Rule("f1")),
            ("sensitivity>=0.95", Rule("sensitivity", 0.95)),
            ("specificity >= 0.9", Rule("specificity", 0.9)),
            ("precision>=1", Rule("precision", 1.0)),
        ],
    )
    def test_are_read_from_text_and_written_back(self, text, rule):
        assert Rule.parse(text) == rule
        assert Rule.parse(str(rule)) == rule

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "yoden",
            "youden>=0.5",
            "f1>=0.5",
            "sensitivity",
            "sensitivity>=0",
            "sensitivity>=1.5",
            "sensitivity>=95",
            "sensitivity>0.9",
            "sensitivity>=0.9 or so",
            "precision>=0..5",
            "precision>=",
            "accuracy>=0.9",
        ],
    )
    def test_refuse_what_is_none_and_say_what_is_allowed(self, text):
        with pytest.raises(DataError, match=r"youden, f1.*sensitivity>=0.95.*precision>=0.95.*Received") as refused:
            Rule.parse(text)
        assert repr(text) in str(refused.value)

    def test_cannot_be_made_without_a_sound_target(self):
        for metric, target in [("sensitivity", None), ("sensitivity", NAN), ("youden", 0.5), ("npv", 0.5)]:
            with pytest.raises(DataError, match="not a rule"):
                Rule(metric, target)


RULES = st.sampled_from(["f1", "sensitivity>=0.95", "sensitivity>=0.5", "specificity>=0.8", "precision>=0.5"])


def by_hand(y, p, rule):
    """The rule's threshold among all scores, in exact fractions; None where there is no informative one."""
    positives, negatives = by_class(y, p)
    best = None
    for threshold in sorted({*positives, *negatives}, reverse=True):
        found = sum(score >= threshold for score in positives)
        wrong = sum(score >= threshold for score in negatives)
        metrics = {
            "sensitivity": Fraction(found, len(positives)),
            "specificity": Fraction(len(negatives) - wrong, len(negatives)),
            "precision": Fraction(found, found + wrong),
            "f1": Fraction(2 * found, found + wrong + len(positives)),
        }
        informative = metrics["sensitivity"] + metrics["specificity"] > 1
        if rule.target is not None and (metrics[rule.metric] < Fraction(str(rule.target)) or not informative):
            continue
        partner = {"f1": "f1", "sensitivity": "specificity"}.get(rule.metric, "sensitivity")
        if best is None or metrics[partner] > best[0]:
            best = metrics[partner], threshold, informative
    return best[1] if best and best[2] else None


@settings(deadline=None)
@given(CASES, RULES.map(Rule.parse))
def test_a_rule_takes_the_best_threshold_that_reaches_its_target(cases, rule):
    y, p = columns(cases)
    point = choose_threshold(y, p, rule)
    assert point.rule == rule
    if not all(by_class(y, p)):
        assert point.threshold is None
        assert "both positives and negatives" in point.reason
        return
    assert point.threshold == by_hand(y, p, rule)
    assert (point.reason is None) == (point.threshold is not None)
    if point.threshold is not None and rule.target is not None:
        assert at_threshold(y, p, point.threshold)[rule.metric] >= rule.target


def test_a_target_out_of_reach_is_reported_with_the_best_there_is():
    point = choose_threshold([0, 1, 0, 0, 1, 0], [0.9, 0.8, 0.7, 0.6, 0.5, 0.4], Rule.parse("precision>=0.9"))
    assert point.threshold is None
    assert point.reason == "No threshold has precision>=0.9: the largest precision is 0.500."


def test_each_label_can_have_its_own_rule():
    y = np.array([[1, 1], [1, 1], [0, 0], [0, 0]])
    p = np.array([[0.9, 0.9], [0.3, 0.3], [0.4, 0.4], [0.1, 0.1]])
    rules = {"b": Rule.parse("sensitivity>=0.95"), "a": Rule.parse("specificity>=0.95")}
    points = choose_operating_points(y, p, ["a", "b"], rules)
    assert [(name, point.threshold) for name, point in points.items()] == [("a", 0.9), ("b", 0.3)]
    with pytest.raises(DataError, match="Missing: a"):
        choose_operating_points(y, p, ["a", "b"], {"b": rules["b"]})


def test_an_f1_optimum_that_calls_every_case_is_no_operating_point():
    """With half of the cases positive and scores that tell nothing, calling all has the largest F1."""
    y, p = [1, 0, 1, 0, 1, 0], [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]
    point = choose_threshold(y, p, Rule("f1"))
    assert (point.threshold, point.reason_code) == (None, "no_gain")
    assert "calling every radiograph positive" in point.reason


@pytest.mark.parametrize("text", ["sensitivity>=0.95", "precision>=0.4", "specificity>=0.1"])
def test_a_target_that_only_useless_thresholds_reach_gives_no_operating_point(text):
    """The order is the wrong way round: each threshold is worse than chance, and the lowest calls every case."""
    point = choose_threshold([1, 1, 0, 0], [0.1, 0.2, 0.8, 0.9], Rule.parse(text))
    assert point.threshold is None
    assert point.reason_code == "no_gain"
    assert text in point.reason


def test_a_target_below_the_prevalence_does_not_call_every_case():
    """Calling all has a precision of 0.5 and every positive; but a call must make the finding likelier."""
    point = choose_threshold([1, 1, 0, 0], [0.9, 0.4, 0.5, 0.1], Rule.parse("precision>=0.3"))
    assert point.threshold == 0.4
