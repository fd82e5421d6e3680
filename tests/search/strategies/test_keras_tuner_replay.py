"""Any number of processes, and a continued study, get from Keras Tuner's oracles what one process would have got.

The reference is Keras Tuner's own oracle, not xraykit's subclass, in one process: it is asked for a trial, and told the
score of each trial, in the order in which this happens in the study.
"""

import functools
import itertools

import keras_tuner
import pytest
import scipy.optimize
from keras_tuner.engine.trial import TrialStatus
from threadpoolctl import threadpool_limits

from tests.search.toys import QUADRATIC, make_plan, quadratic
from xraykit.config.search.space import Choices, Range
from xraykit.search import open_study
from xraykit.search.storage.trial import RunningTrial
from xraykit.search.strategies import keras_tuner_oracles
from xraykit.search.strategies.keras_tuner_space import declare, decode
from xraykit.search.trial_outcome import Outcome

SPACE = {**QUADRATIC, "model.batch": Choices(choices=(8, True, "16"))}
GRID = {
    "training.optimizer": Choices(choices=("adam", "sgd")),
    "training.momentum": Range(low=0.1, high=0.3, step=0.1, when={"training.optimizer": ("sgd",)}),
    "model.dropout_rate": Range(low=0.0, high=0.4, step=0.2),
}
METHODS = ["random_search", "bayesian_optimization", "hyperband", "grid_search"]
PLAIN = {
    "random_search": keras_tuner.oracles.RandomSearchOracle,
    "bayesian_optimization": keras_tuner.oracles.BayesianOptimizationOracle,
    "hyperband": keras_tuner.oracles.HyperbandOracle,
    "grid_search": keras_tuner.oracles.GridSearchOracle,
}
# Keras Tuner's deprecated calls, and a Gaussian process that finds no length scale.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:currentThread", "ignore:getName", "ignore:The optimal value found"),
]
methods = pytest.mark.parametrize("method", METHODS)


@pytest.fixture(autouse=True)
def _quick_optima(monkeypatch):
    """Optima are searched for in two steps, by the reference too: what matters here is that both do the same."""
    minimize = scipy.optimize.minimize
    monkeypatch.setattr(scipy.optimize, "minimize", functools.partial(minimize, options={"maxiter": 2}))
    with threadpool_limits(1):
        yield


class Reference:
    """Keras Tuner's own oracle, in this process alone."""

    def __init__(self, plan, folder):
        settings = plan.search.keras_tuner
        options = {"max_trials": None}
        if settings.method == "bayesian_optimization":
            options["num_initial_points"] = keras_tuner_oracles.initial_points(plan)
        if settings.method == "hyperband":
            options = {"max_epochs": plan.epochs, "factor": settings.factor, "hyperband_iterations": 9}
        space = declare(plan.search.space, gridded=settings.method == "grid_search")
        oracle = PLAIN[settings.method](
            objective=keras_tuner.Objective("score", "max"), hyperparameters=space, seed=plan.seed + 1, **options
        )
        oracle.verbose = 0
        # Keras Tuner's own way to give an oracle a folder.
        self.oracle = keras_tuner.engine.base_tuner.BaseTuner(oracle, directory=str(folder)).oracle
        self.space = plan.search.space
        self.trials = []

    def ask(self):
        trial = self.oracle.create_trial(f"tuner{len(self.trials)}")
        assert trial.status == TrialStatus.RUNNING
        self.trials.append(trial)
        drawn = trial.hyperparameters.values
        return decode(self.space, drawn), drawn.get("tuner/epochs")

    def tell(self, number, score):
        trial = self.trials[number]
        self.oracle.update_trial(trial.trial_id, {"score": score})
        trial.status = TrialStatus.COMPLETED
        self.oracle.end_trial(trial)


def plan_of(folder, method, **more):
    space = GRID if method == "grid_search" else SPACE
    return make_plan(folder, engine="keras_tuner", method=method, space=space, **{"n_trials": 14, **more})


def score_of(values):
    return quadratic({"training.learning_rate": 1e-3, **values}, Silent())["macro_roc_auc"]


class Silent:
    def report(self, epoch, score):
        """Nothing."""


def begin(study):
    """A trial of this process, as :meth:`Study.work` takes one."""
    claim = study._claims.claim()
    assert isinstance(claim, RunningTrial), claim
    return claim


def end(trial):
    trial.reports.report(0, score_of(trial.values))
    trial.end(Outcome("complete", score_of(trial.values), None, {"macro_roc_auc": score_of(trial.values)}))


def drawn(trial, space):
    values = {key: value for key, value in trial.values.items() if key in space}
    return values, trial.values.get("training.epochs")


@methods
def test_a_study_that_is_continued_after_each_trial_is_that_of_one_oracle(tmp_path, method):
    plan = plan_of(tmp_path / "study", method, n_trials=11)
    reference = Reference(plan, tmp_path / "reference")
    for number in range(11):
        with open_study(plan) as study:
            trial = begin(study)
            assert drawn(trial, plan.search.space) == reference.ask()
            end(trial)
        reference.tell(number, score_of(trial.values))


@methods
def test_two_processes_get_what_one_oracle_gives_to_two_workers(tmp_path, method):
    """Each worker begins a trial while the other's is running; the one that began later ends first every third time."""
    plan = plan_of(tmp_path / "study", method)
    if method == "grid_search":
        pytest.skip("Keras Tuner's own oracle gives trials of a grid to one worker at a time: see the next test.")
    reference = Reference(plan, tmp_path / "reference")
    with open_study(plan) as one, open_study(plan) as other:
        studies = itertools.cycle([one, other])
        running = []
        for number in range(14):
            running.append(begin(next(studies)))
            assert running[-1].number == number
            assert drawn(running[-1], plan.search.space) == reference.ask()
            if len(running) == 2:
                trial = running.pop(-1 if number % 3 == 0 else 0)
                end(trial)
                reference.tell(trial.number, score_of(trial.values))
                if number % 3 == 0:
                    next(studies)
        numbers = [trial.number for trial in one.trials()]
    assert numbers == list(range(14))


def test_two_processes_go_through_a_grid_in_keras_tuners_order_and_visit_each_combination_once(tmp_path):
    plan = plan_of(tmp_path / "study", "grid_search", n_trials=99)
    reference = Reference(plan, tmp_path / "reference")
    combinations = (1 + 3) * 3
    with open_study(plan) as one, open_study(plan) as other:
        begun = [begin(study) for study, _ in zip(itertools.cycle([one, other]), range(combinations), strict=False)]
        assert one._claims.claim() == other._claims.claim() == "wait"
        expected = []
        for trial in begun:
            expected.append(reference.ask())
            reference.tell(trial.number, 0.5)
            end(trial)
        assert one._claims.claim() == other._claims.claim() == "over"
    assert [drawn(trial, plan.search.space) for trial in begun] == expected
    assert reference.oracle.create_trial("tuner").status == TrialStatus.STOPPED
    assert len({str(values) for values, _ in expected}) == combinations


def test_hyperband_with_two_processes_has_keras_tuners_brackets_rounds_and_epochs(tmp_path):
    """One sweep over 9 epochs with factor 3: 9 trials of 1 epoch, 3 of 3 and 1 of 9; 5 of 3 and 2 of 9; 3 of 9."""
    plan = plan_of(tmp_path / "study", "hyperband", n_trials=23)
    with open_study(plan) as one, open_study(plan) as other:
        for study in itertools.islice(itertools.cycle([one, other]), 23):
            end(begin(study))
        trials = one.trials()
    epochs = [trial.values["training.epochs"] for trial in trials]
    assert epochs == [1] * 9 + [3] * 3 + [9] + [3] * 5 + [9] * 2 + [9] * 3
    ranked = sorted(trials[:9], key=lambda trial: -trial.score)
    assert [trial.score for trial in trials[9:12]] == [trial.score for trial in ranked[:3]]
    assert trials[12].score == ranked[0].score


@methods
def test_an_interrupted_trial_is_repeated_and_changes_nothing_for_the_later_ones(tmp_path, method):
    plan = plan_of(tmp_path / "study", method, n_trials=8)
    reference = Reference(plan, tmp_path / "reference")
    with open_study(plan) as study:
        for number in range(8):
            trial = begin(study)
            expected = reference.ask()
            assert drawn(trial, plan.search.space) == expected
            if number == 3:
                trial.give_back(KeyboardInterrupt())
                trial = begin(study)
                assert (drawn(trial, plan.search.space), trial.reports.origin) == (expected, 3)
            end(trial)
            reference.tell(number, score_of(trial.values))
        assert [each.replaced for each in study.trials()].count(True) == 1


@methods
def test_a_claim_that_failed_leaves_no_trace_in_what_is_proposed_next(tmp_path, method, monkeypatch):
    plan = plan_of(tmp_path / "study", method, n_trials=8)
    reference = Reference(plan, tmp_path / "reference")
    with open_study(plan) as study:
        for number in range(6):
            if number == 4:
                with monkeypatch.context() as patch:
                    patch.setattr(study._storage.study, "enqueue_trial", _away)
                    with pytest.raises(ConnectionAbortedError):
                        study._claims.claim()
            trial = begin(study)
            assert drawn(trial, plan.search.space) == reference.ask()
            end(trial)
            reference.tell(number, score_of(trial.values))


def _away(*arguments, **more):
    raise ConnectionAbortedError("the server restarts")


def test_a_failed_trial_is_no_observation_and_is_not_repeated(tmp_path):
    plan = plan_of(tmp_path, "hyperband", n_trials=13)
    with open_study(plan) as study:
        for number in range(9):
            trial = begin(study)
            if number == 2:
                trial.end(Outcome("failed", None, "NonFiniteLossError: NaN"))
            else:
                end(trial)
        repeated = [begin(study) for _ in range(2)]
        trials = study.trials()
    ranked = sorted((trial for trial in trials[:9] if trial.score is not None), key=lambda trial: -trial.score)
    assert [trial.values["training.learning_rate"] for trial in repeated] == [
        trial.values["training.learning_rate"] for trial in ranked[:2]
    ]


def test_more_trials_than_planned_at_first_do_not_change_when_bayesian_optimisation_begins(tmp_path):
    """The number of random points follows from ``n_trials`` when the study begins."""
    reference = Reference(plan_of(tmp_path, "bayesian_optimization", n_trials=5), tmp_path / "reference")
    for n_trials in (5, 30):
        plan = plan_of(tmp_path / "study", "bayesian_optimization", n_trials=n_trials)
        assert keras_tuner_oracles.initial_points(plan) == {5: 3, 30: 9}[n_trials]
        with open_study(plan) as study:
            for _ in range(5):
                trial = begin(study)
                assert drawn(trial, plan.search.space) == reference.ask()
                end(trial)
                reference.tell(trial.number, score_of(trial.values))


def test_oracles_write_no_file_and_print_nothing(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    for method in METHODS:
        plan = plan_of(tmp_path / method, method, n_trials=2)
        with open_study(plan) as study:
            study.work(lambda values, reporter: reporter.report(0, 0.5) or {"macro_roc_auc": 0.5})
        assert {path.name for path in (tmp_path / method).iterdir()} <= {"study.db", "study.lock", "study.db.gate"}
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(METHODS)
    assert capfd.readouterr().out == ""
