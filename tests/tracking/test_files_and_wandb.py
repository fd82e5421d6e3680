"""TensorBoard's event files and the files of an offline run of Weights & Biases, read back."""

import json
import re
import socket
import struct
from pathlib import Path

import pytest

from xraykit.config import load_experiment
from xraykit.tracking import Dataset, join_trackers, open_trackers
from xraykit.tracking.wandb_tracker import chosen_mode, run_id_of, without_places

pytestmark = pytest.mark.slow

SECRET = "hunter2hunter2"
PICTURE = b"\x89PNG picture of a patient"


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory):
    """A run folder that both trackers have recorded, with one trial by this process and one by another."""
    pytest.importorskip("wandb", reason="pip install 'xraykit[wandb]'")
    root = tmp_path_factory.mktemp("someones-home")
    folder = root / "runs" / "tiny" / "20260101-120000"
    folder.mkdir(parents=True)
    values = {
        "name": "tiny",
        "data": {"root": str(root / "data"), "labels": ["Mass"]},
        "tracking": {"uri": f"postgresql://me:{SECRET}@host/db", "to": ["tensorboard", "wandb"]},
        "output": {"root": str(root / "runs")},
    }
    experiment = load_experiment(values)
    (folder / "figure.png").write_bytes(PICTURE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WANDB_MODE", "offline")
        patch.delenv("WANDB_DIR", raising=False)
        with open_trackers(experiment, folder, run_name="densenet121 20260101") as tracker:
            tracker.log_parameters(experiment.values())
            tracker.set_tags({"data_fingerprint": "abc"})
            tracker.log_dataset(Dataset("nih", "d" * 64, "labels.csv", {"radiographs.train": 7}))
            tracker.log_file(folder / "figure.png", "figures")
            for epoch, score in ((1, 0.6), (2, None), (3, 0.8)):
                tracker.log_epoch({"epoch": epoch, "loss": 1 / epoch, "val_roc_auc": score, "stage": "whole"})
            with tracker.child("trial-0000") as child:
                child.log_parameters({"training.learning_rate": 0.01})
                child.log_epoch({"epoch": 1, "loss": 0.25})
            tracker.log_metrics({"search/best_so_far_macro_roc_auc": 0.75}, step=1)
            tracker.log_metrics({"test/Mass/roc_auc": 0.9})
            tracker.describe("**ROC AUC 0.900**", "report.html")
            tracker.rename("densenet121 0.900 20260101")
        with join_trackers(experiment, folder, None) as guest, guest.child("trial-0001") as child:
            child.log_epoch({"epoch": 1, "loss": 0.125})
    return folder


def events(folder):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    found = EventAccumulator(str(folder))
    found.Reload()
    return found


def scalars(found, name):
    return [(event.step, pytest.approx(event.value)) for event in found.Scalars(name)]


def text(found, name):
    return found.Tensors(f"{name}/text_summary")[-1].tensor_proto.string_val[0].decode()


def test_tensorboard_reads_curves_results_and_texts(run_folder):
    found = events(run_folder / "tensorboard")
    assert scalars(found, "epoch/loss") == [(1, 1.0), (2, 0.5), (3, 1 / 3)]
    assert scalars(found, "epoch/val_roc_auc") == [(1, 0.6), (3, 0.8)]
    assert scalars(found, "test/Mass/roc_auc") == [(0, 0.9)]
    assert scalars(found, "search/best_so_far_macro_roc_auc") == [(1, 0.75)]
    assert text(found, "description") == "**ROC AUC 0.900**"
    assert "| radiographs.train | 7 |" in text(found, "data")
    assert "| training.epochs |" in text(found, "parameters")
    assert text(found, "end") == "complete"


def test_tensorboard_has_a_folder_for_each_trial(run_folder):
    assert scalars(events(run_folder / "tensorboard" / "trial-0000"), "epoch/loss") == [(1, 0.25)]
    assert scalars(events(run_folder / "tensorboard" / "trial-0001"), "epoch/loss") == [(1, 0.125)]


def test_tensorboard_shows_the_hyperparameters_of_a_trial(run_folder):
    from tensorboard.plugins.hparams import plugin_data_pb2

    found = events(run_folder / "tensorboard" / "trial-0000")
    content = found.SummaryMetadata("_hparams_/session_start_info").plugin_data.content
    start = plugin_data_pb2.HParamsPluginData.FromString(content).session_start_info
    assert start.hparams["training.learning_rate"].number_value == 0.01


def records(run_folder, ending):
    """The records of one offline run, as the service would get them."""
    from wandb.proto import wandb_internal_pb2

    own = (run_folder / "wandb" / "id.txt").read_text()
    [file] = run_folder.glob(f"wandb/offline-run-*-{own}{ending}/*.wandb")
    return [wandb_internal_pb2.Record.FromString(data) for data in messages(file.read_bytes())]


HEADER, BLOCK = 7, 32768


def messages(content):
    """The messages of a log in LevelDB's format, as W&B writes it: blocks of pieces, each with its own head."""
    assert content.startswith(b":W&B")
    at, message = HEADER, b""
    while at + 7 <= len(content):
        if BLOCK - at % BLOCK < 7:
            at += BLOCK - at % BLOCK
            continue
        length, kind = struct.unpack_from("<HB", content, at + 4)
        message += content[at + 7 : at + 7 + length]
        at += 7 + length
        if kind in (1, 4):  # a whole message, or the last piece of one
            yield message
            message = b""


def name_of(item):
    return item.key or "/".join(item.nested_key)


def rows(found):
    history = [record.history for record in found if record.WhichOneof("record_type") == "history"]
    return [{name_of(item): json.loads(item.value_json) for item in each.item} for each in history]


def test_wandb_has_curves_settings_and_result(run_folder):
    found = records(run_folder, "")
    assert [(row["step"], row["epoch/loss"]) for row in rows(found) if "epoch/loss" in row] == [
        (1, 1),
        (2, 0.5),
        (3, 1 / 3),
    ]
    assert [row["step"] for row in rows(found) if "search/best_so_far_macro_roc_auc" in row] == [1]
    runs = [record.run for record in found if record.WhichOneof("record_type") == "run"]
    assert (runs[0].project, runs[0].display_name) == ("tiny", "densenet121 20260101")
    assert runs[-1].display_name == "densenet121 0.900 20260101"
    assert runs[-1].notes == "**ROC AUC 0.900**"
    config = {
        name_of(item): json.loads(item.value_json)
        for record in found
        for update in (record.config.update, record.run.config.update)
        for item in update
    }
    assert config["data.labels"] == ["Mass"]
    assert config["data.root"] == "data"
    assert config["dataset.digest"] == "d" * 64
    assert config["about.data_fingerprint"] == "abc"
    summary = {name_of(item): item.value_json for record in found for item in record.summary.update}
    assert summary["test/Mass/roc_auc"] == "0.9"
    assert summary["state"] == '"complete"'


def test_wandb_puts_the_trials_of_all_processes_into_the_runs_group(run_folder):
    own = (run_folder / "wandb" / "id.txt").read_text()
    for number, loss in ((0, 0.25), (1, 0.125)):
        found = records(run_folder, f"-trial-000{number}")
        [run] = {record.run.run_group for record in found if record.WhichOneof("record_type") == "run"}
        assert run == own
        assert [row["epoch/loss"] for row in rows(found) if "epoch/loss" in row] == [loss]


def test_wandb_gets_no_picture_machine_folder_or_password(run_folder):
    sent = [path.read_bytes() for path in run_folder.glob("wandb/**/*.wandb")]
    sent += [path.read_bytes() for path in run_folder.glob("wandb/*/files/**/*") if path.is_file()]
    assert len(sent) >= 3
    host = socket.gethostname()
    for word in (SECRET, str(run_folder.parent), "someones-home", str(Path.home()) + "/"):
        assert not [each for each in sent if word.encode() in each], word
    assert not [each for each in sent if PICTURE in each]
    assert not [each for each in sent if len(host) > 4 and host.encode() in each]


def test_no_tracker_writes_the_password_into_the_run_folder(run_folder):
    assert not [path for path in run_folder.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()]


def test_a_continued_run_keeps_its_id(tmp_path):
    first = run_id_of(tmp_path)
    assert re.fullmatch(r"[0-9a-f]{12}", first)
    assert run_id_of(tmp_path) == first


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("/home/me/my data/nih", "nih"),
        ("~/data", "data"),
        (r"C:\Users\me\nih", "nih"),
        ("cannot read /home/me/a.png: gone", "cannot read a.png: gone"),
        ("https://mlflow.hospital.example/x", "https://…"),
        ("by patient 70/10/20, seed 7", "by patient 70/10/20, seed 7"),
        ("hub:preset", "hub:preset"),
        (["/a/b.py", 3, None], ["b.py", 3, None]),
    ],
)
def test_folders_and_hosts_are_taken_out(given, shown):
    assert without_places(given) == shown


def test_without_a_key_wandb_is_offline_and_nobody_is_asked(monkeypatch, tmp_path):
    for name in ("WANDB_MODE", "WANDB_API_KEY", "WANDB_IDENTITY_TOKEN_FILE", "WANDB_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    assert chosen_mode() == "offline"
    (tmp_path / "netrc").write_text("machine api.wandb.ai login user password abc\n")
    assert chosen_mode() is None
    monkeypatch.setenv("WANDB_BASE_URL", "https://wandb.hospital.example")
    assert chosen_mode() == "offline"
    monkeypatch.setenv("WANDB_API_KEY", "abc")
    assert chosen_mode() is None
