"""A stopped run goes on as what it was: with its experiment, its data and its code, or not at all."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

import xraykit.training.fitting as fitting
from tests.data.files import grey, png
from tests.test_earlier_versions import FIXTURES
from xraykit import registry
from xraykit.config import load_experiment
from xraykit.data import load_parts
from xraykit.errors import CheckpointError, ExperimentError
from xraykit.pipeline import resume, run_experiment
from xraykit.registry import BACKBONES, LOSSES, register_loss
from xraykit.runs.finished import FinishedRun
from xraykit.runs.folder import RunFolder
from xraykit.runs.identity import (
    check_data,
    check_run,
    check_settings,
    differences,
    run_identity,
    training_identity,
)
from xraykit.runs.resuming import continued

PLUGIN = """
from xraykit.registry import register_backbone

@register_backbone("identity_tiny", min_size=16)
def build(pixels, weights=None):
    from keras import layers
    x = layers.Rescaling(1 / 255)(pixels)
    return layers.Conv2D(4, 3, strides=4, name="only")(x)
"""


@dataclass
class Stopped:
    """A run that was stopped after its first epoch, with its data and its plug-in in one folder."""

    home: Path
    run: Path

    @property
    def yaml(self) -> Path:
        return self.run / "experiment.yaml"

    def edit(self, old, new):
        text = self.yaml.read_text()
        assert text.count(old) == 1
        self.yaml.write_text(text.replace(old, new))

    def _files(self):
        """All files but those that record each start, refused or not."""
        own = ("log.txt", "environment.json")
        return {path: path.read_bytes() for path in self.run.rglob("*") if path.is_file() and path.name not in own}

    def refuse(self, match):
        before = self._files()
        with pytest.raises(CheckpointError, match=match):
            resume(self.run)
        assert self._files() == before


def _values(home):
    return {
        "name": "identity",
        "plugins": [str(home / "plugin.py")],
        "data": {
            "format": "phantom",
            "root": str(home / "data"),
            "labels": ["Effusion", "Cardiomegaly"],
            "image_size": 32,
            "split": {"method": "patient"},
            "phantom": {"patients": 40, "images": 60, "size": 32, "prevalence": 0.4},
        },
        "model": {"backbone": "identity_tiny", "dense_neurons": 64},
        "training": {"epochs": 2, "batch_size": 16},
        "evaluation": {"resamples": 0},
        "explain": {"per_kind": 0, "scored": 0},
        "tracking": {"uri": None},
        "output": {"root": str(home / "runs")},
    }


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    home = tmp_path_factory.mktemp("identity")
    (home / "plugin.py").write_text(PLUGIN)

    def stop(*arguments):
        fitting.__dict__["real_write"](*arguments)
        raise KeyboardInterrupt

    fitting.__dict__["real_write"] = fitting.write_checkpoint
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fitting, "write_checkpoint", stop)
        with pytest.raises(KeyboardInterrupt):
            run_experiment(load_experiment(_values(home)))
    del fitting.__dict__["real_write"]
    [run] = (home / "runs" / "identity").iterdir()
    return Stopped(home, run)


@pytest.fixture
def stopped(original, tmp_path, monkeypatch):
    """A copy of all that belongs to the stopped run, as a new process finds it; its paths lead to the copy."""
    monkeypatch.setattr(registry.plugins, "_LOADED", {})
    monkeypatch.setattr(BACKBONES, "_entries", {})
    home = tmp_path / "copy"
    shutil.copytree(original.home, home)
    copy = Stopped(home, home / original.run.relative_to(original.home))
    copy.yaml.write_text(copy.yaml.read_text().replace(str(original.home), str(home)))
    return copy


def test_data_that_were_moved_as_they_are_go_on(stopped):
    run = resume(stopped.run)
    assert run.metrics["validation"]["epochs"] == 2
    record = json.loads((stopped.run / "run.json").read_text())
    assert record["identity"]["settings"]["training"]["epochs"] == 2
    assert record["identity"]["settings"]["data"]["labels"] == ["Effusion", "Cardiomegaly"]
    assert str(stopped.home) not in json.dumps(record["identity"])


def test_data_that_were_moved_elsewhere_are_given_as_an_override(stopped):
    (stopped.home / "data").rename(stopped.home / "elsewhere")
    folder, experiment = continued(stopped.run, [f"data.root={stopped.home}/elsewhere"])
    parts = load_parts(experiment.data, experiment.split_seed, sealed_test=True)
    check_run(folder.read_record(), run_identity(experiment, parts), folder.path, begun=True)


def test_a_run_goes_on_from_any_working_directory(original, tmp_path, monkeypatch):
    monkeypatch.chdir(original.home)
    values = _values(original.home)
    values["data"]["root"], values["output"]["root"], values["plugins"] = "data", "relative", ["plugin.py"]
    folder = RunFolder.begin(load_experiment(values))
    assert folder.path.parent == Path("relative/identity")
    monkeypatch.chdir(tmp_path)
    _, experiment = continued(original.home / folder.path)
    assert experiment.data.root == str(original.home / "data")
    assert experiment.output.root == str(original.home / "relative")
    assert experiment.plugins == (str(original.home / "plugin.py"),)


def test_an_added_radiograph_is_refused_before_it_moves_patients_between_the_parts(stopped):
    label_file = next((stopped.home / "data").glob("Data_Entry*.csv"))
    *_, last = label_file.read_text().splitlines()
    _, rest = last.split(",", 1)
    label_file.write_text(label_file.read_text().rstrip("\n") + f"\nadded.png,{rest}\n")
    (stopped.home / "data" / "images" / "added.png").write_bytes(png(grey()))
    stopped.refuse(r"data\.label_file: recorded \w+, found \w+")


def test_a_radiograph_that_is_gone_is_refused(stopped):
    min((stopped.home / "data" / "images").iterdir()).unlink()
    stopped.refuse(r"data\.parts\.\w+\.images: recorded \d+, found \d+")


def test_a_replaced_radiograph_is_refused(stopped):
    picture = min((stopped.home / "data" / "images").iterdir())
    picture.write_bytes(picture.read_bytes() + b"more")
    stopped.refuse(r"data\.picture_sizes: recorded")


def test_swapped_labels_are_refused(stopped):
    text = stopped.yaml.read_text()
    stopped.yaml.write_text(text.replace("- Effusion\n  - Cardiomegaly", "- Cardiomegaly\n  - Effusion"))
    assert stopped.yaml.read_text() != text
    stopped.refuse(r"data\.labels: recorded Effusion, Cardiomegaly, found Cardiomegaly, Effusion")


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        (
            "\n  learning_rate: 0.001\n",
            "\n  learning_rate: 0.5\n",
            r"training\.learning_rate: recorded 0\.001, found 0\.5",
        ),
        ("\nseed: 7\n", "\nseed: 8\n", r"\n  seed: recorded 7, found 8"),
        ("weighted_loss: true", "weighted_loss: false", r"training\.weighted_loss: recorded True, found False"),
        ("operating_point: youden", "operating_point: f1", r"evaluation\.operating_point: recorded youden, found f1"),
        ("plateau:\n", "plateau: null\n", ""),
    ],
)
def test_an_edited_experiment_is_refused_with_the_key_and_both_values(stopped, old, new, named):
    if not named:
        values = yaml.safe_load(stopped.yaml.read_text())
        values["training"]["plateau"] = None
        stopped.yaml.write_text(yaml.safe_dump(values))
        named = r"training\.plateau: recorded a section, found nothing"
    else:
        stopped.edit(old, new)
    stopped.refuse(named)


def test_two_plug_ins_of_one_name_are_both_recorded(stopped, tmp_path):
    values = _values(stopped.home)
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "extra.py").write_text(f"FOLDER = {folder!r}\n")
        values["plugins"].append(str(tmp_path / folder / "extra.py"))
    experiment = load_experiment(values)
    parts = load_parts(experiment.data, experiment.split_seed, sealed_test=True)
    plugins = run_identity(experiment, parts)["plugins"]
    assert list(plugins) == ["plugin.py", "extra.py", "extra.py (2)"]
    assert len(set(plugins.values())) == 3


def test_a_changed_plug_in_is_refused(stopped):
    plugin = stopped.home / "plugin.py"
    plugin.write_text(plugin.read_text().replace("Rescaling(1 / 255)", "Rescaling(1 / 127)"))
    stopped.refuse(r"plugins\.plugin\.py: recorded \w+, found \w+")


def test_a_checkpoint_of_another_experiment_with_the_same_shapes_is_refused(stopped):
    """Run.json was changed along with experiment.yaml, or the checkpoint was copied from another run."""
    stopped.edit("\n  learning_rate: 0.001\n", "\n  learning_rate: 0.5\n")
    record = json.loads((stopped.run / "run.json").read_text())
    record["identity"]["settings"]["training"]["learning_rate"] = 0.5
    (stopped.run / "run.json").write_text(json.dumps(record))
    with pytest.raises(
        CheckpointError, match=r"The checkpoint in .*\n  training\.learning_rate: recorded 0\.001, found"
    ):
        resume(stopped.run)


def test_a_run_of_an_earlier_version_goes_on_with_a_warning(stopped, caplog):
    record = json.loads((stopped.run / "run.json").read_text())
    del record["identity"]
    (stopped.run / "run.json").write_text(json.dumps(record))
    folder, experiment = continued(stopped.run)
    parts = load_parts(experiment.data, experiment.split_seed, sealed_test=True)
    check_run(record, run_identity(experiment, parts), folder.path, begun=True)
    assert "did not record its settings" in caplog.text
    record["data_fingerprint"] = "0" * 64
    with pytest.raises(CheckpointError, match="data_fingerprint: recorded 0000"):
        check_run(record, run_identity(experiment, parts), folder.path, begun=True)


def test_two_processes_do_not_work_on_one_run(stopped):
    with RunFolder(stopped.run).claimed():
        stopped.refuse("Another process is working on the run")


@pytest.mark.parametrize("share", [0.0, 0.02, 0.3, 0.6, 0.9, 0.99])
def test_a_truncated_experiment_is_refused(stopped, share):
    text = stopped.yaml.read_text()
    stopped.yaml.write_text(text[: int(share * len(text))])
    with pytest.raises((CheckpointError, ExperimentError), match=r"cut off|truncated"):
        resume(stopped.run)


def test_a_truncated_experiment_of_an_earlier_version_is_refused(stopped):
    text = "".join(line for line in stopped.yaml.read_text().splitlines(True) if not line.startswith("#"))
    stopped.yaml.write_text(text[: text.index("explain:")])
    with pytest.raises(CheckpointError, match="lacks the sections tracking, output"):
        resume(stopped.run)


def test_a_run_folder_appears_with_its_experiment_or_not_at_all(tmp_path, monkeypatch):
    experiment = load_experiment({"name": "whole", "output": {"root": str(tmp_path)}})
    folder = RunFolder.begin(experiment)
    assert [path.name for path in folder.path.iterdir()] == ["experiment.yaml"]
    assert load_experiment(folder.experiment) == experiment.with_absolute_paths()

    def full(self, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(Exception, match="No space left"):
        RunFolder.begin(experiment)
    assert list((tmp_path / "whole").iterdir()) == [folder.path]


def test_a_setting_that_the_recorded_version_did_not_know_counts_as_its_default():
    recorded = {"settings": {"seed": 7}}
    assert differences(recorded, {"settings": {"seed": 7, "training": {"xla": False}}}) != ()
    recorded = {"settings": {"seed": 7, "training": {"epochs": 3}}}
    assert differences(recorded, {"settings": {"seed": 7, "training": {"epochs": 3, "xla": False}}}) == ()
    [one] = differences(recorded, {"settings": {"seed": 7, "training": {"epochs": 3, "xla": True}}})
    assert str(one) == "training.xla: recorded False, found True"


def test_identity_holds_no_path_and_survives_json(original, tmp_path):
    experiment = load_experiment(_values(original.home), [f"data.root={original.home}/data/", f"data.cache={tmp_path}"])
    plain = load_experiment(_values(original.home))
    parts = [load_parts(each.data, 7, sealed_test=sealed) for each in (experiment, plain) for sealed in (True, False)]
    identities = [run_identity(each, part) for each in (experiment, plain) for part in parts]
    assert all(identity == identities[0] for identity in identities)
    assert differences(json.loads(json.dumps(identities[0])), identities[0]) == ()
    assert set(training_identity(plain, parts[0])["settings"]) == {"seed", "data", "model", "training"}


def test_start_weights_count_by_their_content(original, tmp_path):
    parts = load_parts(load_experiment(_values(original.home)).data, 7, sealed_test=True)
    identities = []
    for name, content in (("a", b"1"), ("b", b"1"), ("c", b"2")):
        (tmp_path / f"{name}.weights.h5").write_bytes(content)
        values = _values(original.home)
        values["model"]["weights"] = str(tmp_path / f"{name}.weights.h5")
        identities.append(run_identity(load_experiment(values), parts))
    assert identities[0] == identities[1]
    assert identities[0] != identities[2]


def test_the_code_of_a_loss_that_no_plugin_has_is_part_of_the_identity(phantoms, monkeypatch):
    def first(pos_weights, neg_weights):
        return pos_weights

    def second(pos_weights, neg_weights):
        return neg_weights

    monkeypatch.setattr(LOSSES, "_entries", dict(LOSSES._entries))
    register_loss("of_a_notebook")(first)
    values = {"data": {"root": str(phantoms)}, "training": {"loss": "of_a_notebook"}}
    experiment = load_experiment(values)
    parts = load_parts(experiment.data, 7, sealed_test=True)
    recorded = run_identity(experiment, parts)
    monkeypatch.setitem(LOSSES._entries, "of_a_notebook", second)
    [difference] = differences(recorded, run_identity(experiment, parts))
    assert difference.key == "plugins.loss of_a_notebook"
    assert run_identity(load_experiment({"data": values["data"]}), parts)["plugins"] == {}


def test_a_command_that_reads_a_run_again_sees_what_was_changed(stopped):
    folder, experiment = continued(stopped.run)
    record, parts = folder.read_record(), parts_of(experiment)
    check_settings(record, experiment, folder.path)
    check_data(record, parts.identity, folder.path)
    changed = experiment.with_values({"evaluation.operating_point": "f1"})
    with pytest.raises(CheckpointError, match=r"evaluation\.operating_point: recorded youden, found f1"):
        check_settings(record, changed, folder.path)
    picture = min((stopped.home / "data" / "images").iterdir())
    picture.write_bytes(picture.read_bytes() + b"more")
    with pytest.raises(CheckpointError, match=r"data\.picture_sizes"):
        check_data(record, parts_of(experiment).identity, folder.path)
    check_settings({}, changed, folder.path)
    check_data({}, parts.identity, folder.path)


def test_another_split_of_the_same_data_is_noticed_also_in_runs_that_recorded_a_fingerprint_alone(stopped):
    folder, experiment = continued(stopped.run)
    found = load_parts(experiment.data, experiment.split_seed + 1, sealed_test=True).identity
    with pytest.raises(CheckpointError, match=r"data\.fingerprint"):
        check_data(folder.read_record(), found, folder.path)
    with pytest.raises(CheckpointError, match="data_fingerprint"):
        check_data({"data_fingerprint": parts_of(experiment).fingerprint}, found, folder.path)


def parts_of(experiment):
    return load_parts(experiment.data, experiment.split_seed, sealed_test=True)


def test_an_edited_experiment_of_a_finished_run_is_neither_accepted_nor_reported(stopped):
    record = json.loads((stopped.run / "run.json").read_text())
    (stopped.run / "run.json").write_text(json.dumps({**record, "finished": True}))
    shutil.copyfile(FIXTURES / "run_0_2_0" / "metrics.json", stopped.run / "metrics.json")
    assert FinishedRun.open(stopped.run).experiment_text() == stopped.yaml.read_text()
    stopped.edit("\n  learning_rate: 0.001\n", "\n  learning_rate: 0.5\n")
    stopped.refuse(r"training\.learning_rate: recorded 0\.001, found 0\.5")
    with pytest.raises(CheckpointError, match=r"training\.learning_rate: recorded 0\.001, found 0\.5"):
        FinishedRun.open(stopped.run).experiment_text()
