"""The command line of a run: its words in any order, and what is refused before anything heavy is imported."""

import re
import subprocess
import sys

import pytest

from xraykit import registry
from xraykit import run as run_command
from xraykit.config import load_experiment
from xraykit.errors import CheckpointError, DataError, NonFiniteLossError
from xraykit.run import main
from xraykit.runs.resuming import continued

pytestmark = pytest.mark.process


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "e.yaml").write_text("data: {root: nowhere}\n")
    return tmp_path / "e.yaml"


def _message(capsys, *words):
    assert main([*words]) == 2
    message = capsys.readouterr().err
    assert "Traceback" not in message
    return message


def test_overrides_may_stand_before_the_file(file, capsys):
    message = _message(capsys, "data.root=elsewhere", "--check", "e.yaml", "seed=3")
    assert "elsewhere" in message
    assert "nowhere" not in message


@pytest.mark.parametrize("words", [("training.epochs", "=", "3"), ("training.epochs=", "3"), ("training.epochs", "=3")])
def test_blanks_around_the_equals_sign_are_reported(file, capsys, words):
    message = _message(capsys, "e.yaml", *words)
    assert "contain no blanks: training.epochs=3" in message


def test_a_file_whose_name_has_an_equals_sign_is_a_file(file, capsys):
    file.rename(file.with_name("lr=3.yaml"))
    assert "nowhere" in _message(capsys, "lr=3.yaml", "--check")


def test_overrides_alone_ask_for_a_file(file, capsys):
    assert "No experiment was given" in _message(capsys, "training.epochs=3")


@pytest.mark.parametrize("words", [("e.yaml", "..=3"), ("e.yaml", "=3"), ("=3", "e.yaml")])
def test_what_is_no_override_is_reported(file, capsys, words):
    assert "An override is key=value" in _message(capsys, *words)


def test_a_password_that_is_no_override_of_a_resumed_run_is_not_shown(tmp_path):
    with pytest.raises(CheckpointError, match=r"Received: search\.storge\. Start") as caught:
        continued(tmp_path, ["search.storge=postgresql://me:hunter2@host/db"])
    assert "hunter2" not in str(caught.value)


def test_a_password_among_words_that_cannot_be_distinguished_is_not_shown(file, capsys):
    message = _message(capsys, "e.yaml", "search.storage", "=", "postgresql://me:hunter2@host/db")
    assert "hunter2" not in message


_PLUGIN = """
from xraykit.registry import register_backbone

@register_backbone("of_test_run")
def build(pixels, weights=None):
    {body}
"""


@pytest.fixture
def phantoms(tmp_path, monkeypatch):
    """A small experiment with a plug-in and boxes; gives a function that writes the plug-in's body and checks it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(registry.plugins, "_LOADED", {})
    monkeypatch.setattr(registry.BACKBONES, "_entries", {})
    (tmp_path / "e.yaml").write_text(
        "plugins: [plugin.py]\n"
        "data: {format: phantom, root: data, labels: [Effusion], image_size: 32, split: {method: patient},\n"
        "  phantom: {patients: 20, images: 30, size: 32, prevalence: 0.4}}\n"
        "model: {backbone: of_test_run}\n"
    )

    def check(body="from keras import layers; return layers.Conv2D(4, 3)(pixels)", *overrides):
        (tmp_path / "plugin.py").write_text(_PLUGIN.format(body=body))
        return main(["e.yaml", "--check", *overrides])

    return check


def test_a_check_builds_a_backbone_of_a_plug_in(phantoms, capsys):
    assert phantoms() == 0
    assert "# Network: of_test_run, " in capsys.readouterr().out
    assert phantoms("pass") == 2
    assert "must return a feature map" in capsys.readouterr().err
    assert phantoms("raise KeyError('mine')") == 2
    assert "cannot be built: KeyError: 'mine'" in capsys.readouterr().err


def test_a_check_reads_the_boxes(phantoms, capsys, tmp_path):
    assert phantoms() == 0
    with (tmp_path / "data" / "BBox_List_2017.csv").open("a") as file:
        file.write("x.png,Effusion,-3,0,1,1\n")
    assert phantoms() == 2
    assert "is not within 1024×1024 pixels" in capsys.readouterr().err


@pytest.mark.parametrize("column", ["part", "patient", "Effusion_logit", "Effusion_probability", "Effusion"])
def test_columns_named_like_those_of_a_run_are_refused(phantoms, capsys, column):
    assert phantoms("pass", f"data.columns=[{column}]") == 2
    assert f"columns names '{column}', which is already a column in the tables of a run" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "begun", "hinted"),
    [
        (CheckpointError("It is another one."), True, False),
        # The label file has to be changed, and with it the run would be another one.
        (DataError("Seven cannot be read."), False, False),
        (DataError("The database does not answer."), True, True),
        (OSError("No space left on device"), False, True),
        (KeyboardInterrupt(), False, True),
        (NonFiniteLossError("The training loss became nan."), True, False),
    ],
)
def test_there_is_a_hint_only_where_a_run_can_continue(tmp_path, capsys, error, begun, hinted):
    (tmp_path / "experiment.yaml").touch()
    if begun:
        (tmp_path / "history.csv").touch()

    def work():
        raise error

    with pytest.raises(type(error)):
        run_command._run_and_report(tmp_path, load_experiment({"name": "x"}), work)
    assert ("To continue" in capsys.readouterr().err) is hinted


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"training": {"learning_rate": 0.02}}, r"experiment.yaml training.learning_rate=0.002$"),
        ({"search": {"n_trials": 2}}, r"narrower search.space"),
    ],
)
def test_where_the_loss_is_not_finite_a_changed_experiment_is_proposed_instead(tmp_path, capsys, values, expected):
    (tmp_path / "experiment.yaml").touch()

    def work():
        raise NonFiniteLossError("The training loss became nan.")

    with pytest.raises(NonFiniteLossError):
        run_command._run_and_report(tmp_path, load_experiment(values), work)
    assert re.search(r"--resume would fail in the same way.*" + expected, capsys.readouterr().err.strip())


@pytest.mark.process
def test_a_mistake_in_the_label_file_is_reported_while_tensorflow_is_imported(tmp_path):
    (tmp_path / "Data_Entry_2017.csv").write_text("Nothing\n1\n")
    program = [sys.executable, "-m", "xraykit.run", str(_experiment_of(tmp_path))]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr
    assert "Data_Entry_2017.csv" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "runs").exists()


def _experiment_of(folder):
    file = folder / "experiment.yaml"
    file.write_text(f"name: wrong\ndata: {{root: {folder}}}\noutput: {{root: {folder / 'runs'}}}\n")
    return file
