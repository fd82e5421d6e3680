"""The trained network as a model of MLflow."""

import logging
import shutil
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from mlflow.tracking import MlflowClient

from tests.bundle.runs import LABELS, bundled, classifier, files, joined, write_ensemble_run
from tests.data.files import textured
from xraykit.bundle import BundleFolder, load_model
from xraykit.bundle.manifest import write_manifest
from xraykit.tracking import NoTracker
from xraykit.tracking.model_files import FILES, requirements

pytestmark = pytest.mark.slow

__all__ = ["bundled", "classifier", "files", "joined"]


@pytest.fixture
def loaded(store_root, monkeypatch):
    """Load a model of the embedded store by its address."""
    import mlflow

    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{store_root / 'mlflow.db'}")
    return mlflow.pyfunc.load_model


FILMS = [textured(64, seed=number) for number in range(3)]


@pytest.fixture(scope="module")
def shifted(tmp_path_factory):
    """The ensemble of :func:`joined` with ``evaluation.test_time_augmentation: shifts``."""
    return write_ensemble_run(tmp_path_factory.mktemp("shifted"), evaluation={"test_time_augmentation": "shifts"})


def models_of(client, name):
    return client.search_logged_models([client.get_experiment_by_name(name).experiment_id])


def test_a_bundle_becomes_a_model_that_answers_as_its_classifier(
    begin, client, bundled, classifier, files, loaded, caplog, request
):
    caplog.set_level(logging.INFO)
    with begin() as tracker:
        tracker.log_model(bundled.bundle)
    assert [record.getMessage() for record in caplog.records if record.name.startswith("xraykit")] == []
    (model,) = models_of(client, request.node.name)
    assert model.name == "classifier"
    assert model.source_run_id == tracker.run_id
    assert str(model.status) == "READY"
    served = loaded(f"runs:/{tracker.run_id}/classifier")
    answers = served.predict(pd.DataFrame({"image": [files[0].read_bytes(), np.zeros((9, 9), np.uint8)]}))
    expected = classifier.predict([files[0].read_bytes(), np.zeros((9, 9), np.uint8)])
    assert list(answers) == list(expected) == served.metadata.get_output_schema().input_names()
    for label in LABELS:
        assert answers[f"{label}_probability"].to_numpy() == pytest.approx(expected[f"{label}_probability"], abs=1e-6)
    # What is logged as an example is what a request may say.
    assert served.predict(served.input_example)["error"].tolist() == [""]


def test_an_ensemble_becomes_a_model_that_answers_with_the_spread(begin, joined, files, loaded):
    with begin() as tracker:
        tracker.log_model(joined.bundle)
    served = loaded(f"runs:/{tracker.run_id}/classifier")
    request = pd.DataFrame({"image": [files[0].read_bytes(), np.zeros((9, 9), np.uint8)]})
    answers, expected = served.predict(request), load_model(joined.path).predict(list(request["image"]))
    assert list(answers) == list(expected) == served.metadata.get_output_schema().input_names()
    for label in LABELS:
        for column in (f"{label}_probability", f"{label}_spread"):
            assert answers[column].to_numpy(float) == pytest.approx(expected[column], abs=1e-6, nan_ok=True)
    assert expected["Effusion_spread"].max() > 0
    assert served.predict(served.input_example)["error"].tolist() == [""]


def test_the_logged_model_is_the_bundle_itself(begin, bundled, store_root, monkeypatch, tmp_path):
    import mlflow

    with begin() as tracker:
        tracker.log_model(bundled.bundle)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{store_root / 'mlflow.db'}")
    address = f"runs:/{tracker.run_id}/classifier"
    got = Path(mlflow.artifacts.download_artifacts(artifact_uri=address, dst_path=str(tmp_path)))
    # MLflow adds a file of its own.
    assert _contents(got).pop("registered_model_meta")
    assert _contents(got).items() >= _contents(bundled.bundle).items()
    assert load_model(got).labels == LABELS


def _contents(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_bundle_of_an_earlier_version_becomes_a_model_too(begin, bundled, files, loaded, tmp_path):
    """It is no model of MLflow by itself."""
    bundle = BundleFolder(Path(shutil.copytree(bundled.bundle, tmp_path / "earlier")))
    for name in FILES:
        (bundle.path / name).unlink()
    write_manifest(bundle)
    before = _contents(bundle.path)
    with begin() as tracker:
        tracker.log_model(bundle.path)
    assert _contents(bundle.path) == before
    answers = loaded(f"runs:/{tracker.run_id}/classifier").predict([files[0].read_bytes()])
    assert answers["error"].tolist() == [""]


def test_an_ensemble_that_averages_views_is_served_with_them(joined, shifted):
    """Test-time augmentation is the bundle's: whoever serves it need not ask for it."""
    import mlflow

    served, request = mlflow.pyfunc.load_model(str(shifted.bundle)), pd.DataFrame({"image": FILMS})
    answers, expected = served.predict(request), load_model(shifted.path).predict(FILMS)
    without = load_model(joined.path).predict(FILMS)
    for label in LABELS:
        for column in (f"{label}_probability", f"{label}_spread"):
            assert answers[column].to_numpy(float) == pytest.approx(expected[column], rel=1e-3, nan_ok=True)
    # The same networks and rules without the views.
    assert (expected["Effusion_probability"] / without["Effusion_probability"]).sub(1).abs().min() > 0.01
    assert load_model(shifted.path).members == 3
    assert served.predict(served.input_example)["error"].tolist() == [""]


def test_a_model_whose_answer_was_lost_is_not_made_twice(begin, client, bundled, request, monkeypatch, caplog):
    create = MlflowClient.create_logged_model

    def create_and_lose_the_answer(*arguments):
        monkeypatch.undo()
        create(*arguments)
        raise ConnectionResetError("the answer is lost")

    with begin() as tracker:
        assert tracker.run_id
        monkeypatch.setattr(MlflowClient, "create_logged_model", create_and_lose_the_answer)
        tracker.log_model(bundled.bundle)
        for _ in range(200):
            if "does not answer" in caplog.text:
                break
            time.sleep(0.05)
        assert "the answer is lost" in caplog.text
    (model,) = models_of(client, request.node.name)
    assert str(model.status) == "READY"


def test_a_bundle_that_is_gone_costs_a_warning(begin, client, tmp_path, caplog, request):
    with begin() as tracker:
        tracker.log_model(tmp_path / "nothing")
        tracker.log_metrics({"loss": 1.0})
    assert client.get_run(tracker.run_id).data.metrics == {"loss": 1.0}
    assert f"does not accept the model {tmp_path / 'nothing'}" in caplog.text
    assert [str(model.status) for model in models_of(client, request.node.name)] == ["FAILED"]


def test_an_artifact_store_that_fails_once_is_tried_again(begin, client, bundled, request, monkeypatch, caplog):
    upload, calls = MlflowClient.log_model_artifacts, []

    def fail_first(*arguments):
        calls.append(arguments)
        if len(calls) == 1:
            raise RuntimeError("a cloud's own error")
        return upload(*arguments)

    monkeypatch.setattr(MlflowClient, "log_model_artifacts", fail_first)
    with begin() as tracker:
        tracker.log_model(bundled.bundle)
    (model,) = models_of(client, request.node.name)
    assert str(model.status) == "READY"
    assert caplog.records == []


def test_a_server_that_knows_no_models_costs_a_warning(begin, client, bundled, monkeypatch, caplog):
    from mlflow.exceptions import MlflowException
    from mlflow.protos.databricks_pb2 import ENDPOINT_NOT_FOUND

    def unknown(*arguments):
        raise MlflowException("Not found", error_code=ENDPOINT_NOT_FOUND)

    monkeypatch.setattr(MlflowClient, "create_logged_model", unknown)
    with begin() as tracker:
        tracker.log_model(bundled.bundle)
        tracker.log_metrics({"loss": 1.0})
    assert client.get_run(tracker.run_id).data.metrics == {"loss": 1.0}
    assert "an MLflow before 3" in caplog.text


def test_where_nothing_is_tracked_no_model_is_made(tmp_path):
    NoTracker().log_model(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_requirements_are_pinned_and_xraykit_is_not_among_them():
    """Under that name an index might hold anybody's package."""
    names = {line.partition("==")[0] for line in requirements()}
    assert {"keras", "numpy", "pandas"} <= names
    assert "xraykit" not in names
    assert all("==" in line for line in requirements())
