"""What an experiment file may contain, and how mistakes in it are reported."""

import json
import subprocess
import sys

import pytest
from pydantic import ValidationError

from xraykit.config import Experiment, load_experiment, schema
from xraykit.errors import ExperimentError


def _load(tmp_path, text, *overrides):
    path = tmp_path / "e.yaml"
    path.write_text(text, encoding="utf-8")
    return load_experiment(path, overrides)


def _refused(tmp_path, text, *overrides):
    with pytest.raises(ExperimentError) as caught:
        _load(tmp_path, text, *overrides)
    return str(caught.value).replace(str(tmp_path / "e.yaml"), "e.yaml")


def test_an_empty_file_is_the_default_experiment(tmp_path):
    experiment = _load(tmp_path, "")
    assert experiment == Experiment()
    assert experiment.model.backbone == "densenet121"
    assert experiment.model.weights is None
    assert not experiment.training.augmentation.flip
    assert experiment.search is None
    assert len(experiment.data.labels) == 14


def test_an_unknown_key_is_reported_with_line_path_and_nearest_spelling(tmp_path):
    message = _refused(tmp_path, "training:\n  epochs: 3\n  learning_rat: 1e-3\n")
    assert message.startswith("e.yaml, line 3: training.learning_rat: unknown key. Did you mean 'learning_rate'?")
    assert "batch_size" in message


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("training:\n  epochs: yes\n", "line 2: training.epochs: expected a whole number. Received: 'yes'."),
        ("training:\n  epochs: true\n", "line 2: training.epochs: expected a whole number. Received: True."),
        ("training:\n  epochs: 3.5\n", "line 2: training.epochs: expected a whole number. Received: 3.5."),
        ("training:\n  epochs: 0\n", "line 2: training.epochs: expected greater than or equal to 1. Received: 0."),
        ("training:\n  learning_rate: fast\n", "line 2: training.learning_rate: expected a number. Received: 'fast'."),
        ("training:\n  learning_rate: .nan\n", "line 2: training.learning_rate:"),
        ("training:\n  optimizer: adm\n", "Did you mean 'adam'?"),
        ("data: 3\n", "line 1: data: expected a section with its own keys. Received: 3."),
        ("data:\n  format: [nih]\n", "line 2: data.format: expected a word."),
        (
            "data:\n  views: latral\n",
            "line 2: data.views: expected 'frontal', 'lateral' or 'all' or a list. Received: 'latral'.",
        ),
        (
            "data: {format: table, labels: [a], table: {sex: 1}}\n",
            "data.table.sex: expected a word or false. Received: 1.",
        ),
        ("data:\n  labels: Mass\n", "line 2: data.labels: expected a list. Received: 'Mass'."),
        ("data:\n  labels: [Mass, Mass]\n", "labels names Mass more than once"),
        ("data:\n  format: nhi\n", "line 2: data.format: Unknown data format 'nhi'. Did you mean 'nih'?"),
        ("model:\n  backbone: densenet\n", "Unknown backbone 'densenet'. Did you mean 'densenet121'?"),
        (
            "model:\n  dense_neurons: [64, 1000]\n  num_dense_layers: 2\n",
            "line 2: model.dense_neurons.1: expected less",
        ),
        ("model:\n  dense_neurons: [64, 128]\n", "Received: a list of 2"),
        ("model:\n  weights: nowhere.keras\n", "'nowhere.keras', which is missing"),
        ("model:\n  weights: .\n", "'.', which is a folder"),
        ("model: {backbone: inception_resnet_v2}\ndata:\n  image_size: 64\n", "line 3: data.image_size:"),
        ("training: {trainer: fine_tune}\n", "model.weights: none"),
        ("data: {split: {train: 0.5}}\n", "train + validation + test must be 1"),
        ("training: {xla: true}\n", "xla: true needs deterministic: false"),
        ("name: ../outside\n", "line 1: name: "),
        ("search: {space: {training.epoch: {choices: [1]}}}\n", "Did you mean 'epochs'?"),
        ("search: {space: {training.learning_rate: {low: 1e-5, high: 3}}}\n", "the experiment would refuse a value"),
        ("search: {space: {training.learning_rate: {low: 1, high: 1}}}\n", "low must be below high"),
        ("search:\n  space:\n    training.dropout: {low: 0, hihg: 1}\n", "line 3: search.space.training.dropout.hihg"),
        ("search: {engine: optunna}\n", "Did you mean 'optuna'?"),
        (
            "search: {space: {model.dense_neurons: {low: 64, high: 128, per: model.num_dense_layers}}}\n",
            "must name a searched range of whole numbers",
        ),
    ],
)
def test_what_is_not_allowed_is_reported(tmp_path, text, expected):
    assert expected in _refused(tmp_path, text)


def test_all_faults_are_reported_at_once(tmp_path):
    message = _refused(tmp_path, "training:\n  epochs: 0\n  batch: 3\ndata:\n  image_size: x\n").splitlines()
    assert len(message) == 3


def test_overrides_win_and_are_checked_like_the_file(tmp_path):
    text = "training:\n  learning_rate: 0.1\nsearch: {}\n"
    experiment = _load(tmp_path, text, "training.learning_rate=1e-4", "search=null", "data.labels=[Mass, Nodule]")
    assert experiment.training.learning_rate == 1e-4
    assert experiment.search is None
    assert experiment.data.labels == ("Mass", "Nodule")
    assert _refused(tmp_path, text, "training.epochs=0").startswith("the override 'training.epochs=0'")
    assert "Did you mean 'epochs'?" in _refused(tmp_path, text, "training.epoch=1")
    assert "key=value" in _refused(tmp_path, text, "training.epochs")
    assert "is a value, not a section" in _refused(tmp_path, text, "training.learning_rate.x=1")


def test_the_shipped_space_is_the_default_and_each_of_its_values_is_allowed(tmp_path):
    space = _load(tmp_path, "search: {}\n").search.space
    assert space["training.optimizer"].choices == ("rmsprop", "adam", "sgd")
    assert (space["training.learning_rate"].low, space["training.learning_rate"].high) == (1e-5, 1e-1)
    assert space["model.dense_neurons"].per == "model.num_dense_layers"


def test_none_and_null_mean_nothing(tmp_path):
    experiment = _load(tmp_path, "model: {weights: none}\ntracking: {uri: none}\n")
    assert experiment.model.weights is None
    assert experiment.tracking.uri is None


def test_an_experiment_is_frozen():
    with pytest.raises(ValidationError):
        Experiment().seed = 3


def test_the_resolved_experiment_reads_back_as_itself(tmp_path):
    experiment = _load(
        tmp_path, "name: mine\nsearch: {n_trials: 2}\nmodel: {num_dense_layers: 2, dense_neurons: [64, 128]}"
    )
    assert _load(tmp_path, experiment.to_yaml(comment="one\ntwo")) == experiment


def test_passwords_are_not_written(tmp_path):
    experiment = _load(tmp_path, "tracking: {uri: 'postgresql://me:secret@host/db'}")
    assert "secret" not in experiment.to_yaml()
    assert "postgresql://me:***@host/db" in experiment.to_yaml()


def test_with_values_makes_a_trial():
    trial = Experiment().with_values(
        {"training.learning_rate": 0.01, "model.num_dense_layers": 2, "model.dense_neurons": [64, 512]}
    )
    assert trial.model.head_units == (64, 512)
    assert trial.training.learning_rate == 0.01
    with pytest.raises(ExperimentError, match="unknown key"):
        Experiment().with_values({"training.speed": 1})


def test_a_plug_in_is_found_beside_the_file_and_a_missing_one_is_reported(tmp_path):
    (tmp_path / "mine.py").write_text(
        "from xraykit.registry import register_backbone\n"
        "@register_backbone('beside_the_file', min_size=20)\n"
        "def build(pixels, weights=None):\n    return pixels\n"
    )
    experiment = _load(tmp_path, "plugins: [mine.py]\nmodel: {backbone: beside_the_file}\n")
    assert experiment.plugins == (str(tmp_path / "mine.py"),)
    assert "yours.py does not exist" in _refused(tmp_path, "plugins: [yours.py]\n")
    assert "ZeroDivisionError" in _refused(_write(tmp_path, "broken.py", "1 / 0\n"), "plugins: [broken.py]\n")


def _write(folder, name, text):
    (folder / name).write_text(text)
    return folder


def test_the_schema_describes_every_section():
    document = json.loads(json.dumps(schema()))
    assert document["additionalProperties"] is False
    assert {
        "data",
        "model",
        "training",
        "search",
        "evaluation",
        "explain",
        "tracking",
        "output",
        "name",
        "seed",
    } <= set(document["properties"])


def test_a_typo_is_reported_before_any_heavy_import(tmp_path):
    (tmp_path / "e.yaml").write_text("training:\n  epoch: 3\n")
    script = (
        "import sys; from xraykit.run import main; code = main(['e.yaml']);"
        "heavy = {'tensorflow', 'keras', 'mlflow', 'sklearn', 'pandas', 'optuna'} & set(sys.modules);"
        "print(heavy or code)"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "2"
    assert "Did you mean 'epochs'?" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_name_that_is_no_name_of_a_folder_is_refused_in_plain_words():
    with pytest.raises(ExperimentError, match=r"name: expected a name of at most 100 letters .*Received: 'a: b'"):
        load_experiment({"name": "a: b"})
