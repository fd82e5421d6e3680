import pytest

from xraykit.errors import NonFiniteLossError, XraykitError
from xraykit.search import TrialPruned
from xraykit.search.trial_outcome import Reports, attempt

NAMES = ("macro_roc_auc",)


@pytest.fixture
def saved():
    return []


@pytest.fixture
def reports(saved):
    return Reports(3, 1, lambda epoch, score: saved.append((epoch, score)))


def test_reports_are_passed_on_and_counted(reports, saved):
    reports.report(0, 0.5)
    reports.report(2, 0.75)
    assert saved == [(0, 0.5), (2, 0.75)]
    assert (reports.epochs, reports.last, reports.number, reports.origin) == (2, 0.75, 3, 1)


@pytest.mark.parametrize("score", [float("nan"), float("inf")])
def test_a_score_that_is_not_finite_is_refused(reports, saved, score):
    with pytest.raises(ValueError, match="finite"):
        reports.report(0, score)
    assert saved == []


@pytest.mark.parametrize("epoch", [-1, 4, 3])
def test_epochs_out_of_order_are_refused(reports, epoch):
    reports.report(4, 0.5)
    with pytest.raises(ValueError, match="in order"):
        reports.report(epoch, 0.5)


def test_an_objective_without_a_report_is_refused(reports):
    with pytest.raises(ValueError, match="without a report"):
        attempt(lambda values, reporter: {"macro_roc_auc": 0.5}, {}, reports, NAMES)


@pytest.mark.parametrize(("returned", "error"), [([], TypeError), ("high", TypeError), (float("nan"), ValueError)])
def test_a_result_that_is_no_score_is_refused(reports, returned, error):
    def objective(values, reporter):
        reporter.report(0, 0.5)
        return {"macro_roc_auc": returned}

    with pytest.raises(error, match="score returned as macro_roc_auc"):
        attempt(objective, {}, reports, NAMES)


def test_a_score_that_is_missing_is_named(reports):
    def objective(values, reporter):
        reporter.report(0, 0.5)
        return {"macro_roc_auc": 0.5, "loss": None}

    with pytest.raises(XraykitError, match=r"no loss and no parameters. Expected: .* Received: macro_roc_auc"):
        attempt(objective, {}, reports, ("macro_roc_auc", "loss", "parameters"))


def test_a_failed_trial_is_an_outcome_with_its_reason(reports):
    def objective(values, reporter):
        raise NonFiniteLossError("the loss became NaN in epoch 3")

    outcome = attempt(objective, {}, reports, NAMES)
    assert (outcome.state, outcome.score, outcome.scores) == ("failed", None, {})
    assert outcome.reason == "NonFiniteLossError: the loss became NaN in epoch 3"


def test_a_pruned_trial_keeps_its_last_score(saved):
    def save(epoch, score):
        if epoch == 1:
            raise TrialPruned

    def objective(values, reporter):
        for epoch in range(5):
            reporter.report(epoch, 0.5 + epoch / 10)
        raise AssertionError("unreachable")

    outcome = attempt(objective, {}, Reports(0, 0, save), NAMES)
    assert (outcome.state, outcome.score, outcome.reason) == ("pruned", 0.6, "pruned after epoch 2")
