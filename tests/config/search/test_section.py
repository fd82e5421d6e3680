import pytest

from xraykit.config import load_experiment
from xraykit.config.search.section import Search
from xraykit.config.search.space import SHIPPED_SPACE, Choices, Range
from xraykit.errors import ExperimentError

LAYERED = {
    "model.dense_neurons": Range(low=64, high=512, step=64, per="model.num_dense_layers"),
    "model.num_dense_layers": Range(low=1, high=5),
}
DEPENDENT = {
    "training.optimizer": Choices(choices=("adam", "sgd")),
    "training.learning_rate": Range(low=0.01, high=0.1, log=True, when={"training.optimizer": ("sgd",)}),
}
GRIDDED = {"model.dropout_rate": {"low": 0.0, "high": 0.4, "step": 0.2}}


def _with_space(space, **model):
    domains = {key: domain.model_dump(mode="json") for key, domain in space.items()}
    return load_experiment({"data": {"format": "phantom"}, "model": model, "search": {"space": domains}})


def _refused(search):
    with pytest.raises(ExperimentError) as refused:
        load_experiment({"data": {"format": "phantom"}, "search": search})
    return str(refused.value)


@pytest.mark.parametrize("space", [SHIPPED_SPACE, LAYERED, DEPENDENT])
def test_a_space_within_the_experiments_bounds_is_accepted(space):
    assert _with_space(space).search.space == space


def test_a_list_in_the_experiment_itself_does_not_matter():
    assert _with_space(SHIPPED_SPACE, dense_neurons=[128]).search.space == SHIPPED_SPACE


@pytest.mark.parametrize(
    ("space", "message"),
    [
        ({"model.dropout_rate": Range(low=0.1, high=1.5)}, "model.dropout_rate=1.5"),
        ({"training.optimizer": Choices(choices=("adam", "adamm"))}, "'adamm'"),
        ({"training.learning_rat": Range(low=0.1, high=0.5)}, "Did you mean 'learning_rate'"),
        ({**LAYERED, "model.num_dense_layers": Range(low=1, high=6)}, "model.num_dense_layers=6"),
        (
            {**LAYERED, "model.dense_neurons": Range(low=32, high=512, per="model.num_dense_layers")},
            "model.dense_neurons=[32]",
        ),
        ({"data.split.seed": Range(low=1, high=9)}, "data.split.seed cannot be searched"),
    ],
)
def test_a_space_that_the_experiment_would_refuse_is_refused(space, message):
    with pytest.raises(ExperimentError, match=r"search") as refused:
        _with_space(space)
    assert message in str(refused.value)


def test_a_range_that_the_experiment_would_refuse_is_reported_with_its_line(tmp_path):
    path = tmp_path / "e.yaml"
    path.write_text("search:\n  space:\n    model.dropout_rate: {low: 0.1, high: 1.5}\n", encoding="utf-8")
    with pytest.raises(ExperimentError, match=r"e\.yaml, line 3: search\.space\.model\.dropout_rate: .*refuse"):
        load_experiment(path)


@pytest.mark.parametrize(
    ("point", "message"),
    [
        ("{training.learning_rate: 0.5}", "a number from 1e-05 to 0.1"),
        ("{model.dropout_rate: 0.2}", "one of 0.1, 0.3, 0.5"),
        ("{model.num_dense_layers: 2}", None),
        ("{model.num_dense_layers: 2, model.dense_neurons: [64, 100]}", "in steps of 64"),
    ],
)
def test_a_starting_point_is_checked_and_reported_with_its_line(tmp_path, point, message):
    path = tmp_path / "e.yaml"
    path.write_text(f"search:\n  enqueue:\n    - {point}\n", encoding="utf-8")
    if message is None:
        assert load_experiment(path).search.enqueue == ({"model.num_dense_layers": 2},)
        return
    with pytest.raises(ExperimentError, match=r"e\.yaml, line 3: search\.enqueue\.0: ") as refused:
        load_experiment(path)
    assert message in str(refused.value)


def test_the_experiment_survives_its_own_yaml(tmp_path):
    path = tmp_path / "e.yaml"
    space = {key: domain.model_dump(mode="json") for key, domain in {**LAYERED, **DEPENDENT}.items()}
    enqueue = [{"model.num_dense_layers": 1, "model.dense_neurons": [64]}]
    experiment = load_experiment(
        {"data": {"format": "phantom"}, "search": {"space": space, "enqueue": enqueue, "objectives": ["loss"]}}
    )
    path.write_text(experiment.to_yaml(), encoding="utf-8")
    assert load_experiment(path).search == experiment.search


def test_a_name_may_carry_its_direction():
    search = Search(objectives=["macro_roc_auc", {"parameters": "minimize"}])
    assert search.objectives == ("macro_roc_auc", "parameters")


@pytest.mark.parametrize(
    ("objectives", "message"),
    [
        ([{"parameters": "maximize"}], "parameters can only be searched to minimize it"),
        (["loss", "loss"], "names one twice"),
        (["parameters"], "cannot be the first objective"),
        (["accuracy"], "accuracy"),
        ([], "objectives"),
    ],
)
def test_objectives_that_make_no_sense_are_refused(objectives, message):
    assert message in _refused({"objectives": objectives})


@pytest.mark.parametrize(
    ("search", "message"),
    [
        ({"objectives": ["loss", "parameters"], "optuna": {"pruner": "median"}}, "a pruner judges one objective"),
        ({"objectives": ["loss", "parameters"], "optuna": {"sampler": "cmaes"}}, "one objective only"),
        ({"optuna": {"sampler": "grid"}}, "a continuous range for training.learning_rate"),
        ({"engine": "keras_tuner", "keras_tuner": {"method": "grid_search"}}, "a continuous range"),
    ],
)
def test_settings_that_exclude_each_other_are_refused(search, message):
    assert message in _refused(search)


@pytest.mark.parametrize("engine", [{"optuna": {"sampler": "grid"}}, {"engine": "keras_tuner"}])
def test_a_grid_of_steps_is_accepted(engine):
    methods = {"keras_tuner": {"method": "grid_search"}} if "engine" in engine else {}
    assert load_experiment({"search": {**engine, **methods, "space": GRIDDED}}).search is not None


def test_several_objectives_are_not_pruned_unless_asked():
    assert Search().pruner == "median"
    assert Search(objectives=("macro_roc_auc", "parameters")).pruner == "none"
    assert Search(optuna={"pruner": "hyperband"}).pruner == "hyperband"


def test_keras_tuner_shares_the_storage_but_not_the_pruners_of_optuna():
    search = Search(engine="keras_tuner", storage="sqlite:///x.db", optuna={"pruner": "median"})
    assert (search.storage, search.pruner) == ("sqlite:///x.db", "none")
