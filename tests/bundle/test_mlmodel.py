"""A bundle is a model of MLflow by itself, and names no code but xraykit's loader."""

import json
import subprocess
import sys

import pandas as pd
import pytest
import yaml

from tests.bundle.runs import LABELS, decision_rule_of
from xraykit.bundle import BundleFolder, copy_bundle, load_model
from xraykit.bundle.manifest import write_manifest
from xraykit.errors import ModelError
from xraykit.tracking.model_files import FILES

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("run", ["bundled", "joined"])
def test_mlflow_reads_the_bundle_and_a_recalibrated_one(run, request, files, tmp_path):
    import mlflow.pyfunc

    bundle = request.getfixturevalue(run).bundle
    copy_bundle(bundle, tmp_path / "recalibrated", decision_rule_of(LABELS, seed=5), {"sample": "made up"})
    for folder in (bundle, tmp_path / "recalibrated"):
        model = mlflow.pyfunc.load_model(str(folder))
        request_ = pd.DataFrame({"image": [files[0].read_bytes()]})
        answers, expected = model.predict(request_), load_model(folder).predict([files[0].read_bytes()])
        assert list(answers) == list(expected) == model.metadata.get_output_schema().input_names()
        assert answers["Effusion_probability"][0] == pytest.approx(expected["Effusion_probability"][0], abs=1e-6)
        assert model.metadata.get_input_schema().to_dict() == [{"type": "any", "required": True}]
        assert model.predict(model.input_example)["error"].tolist() == [""]


def test_its_files_are_covered_by_the_checksums(bundle):
    listed = json.loads(bundle.manifest.read_text())["files"]
    assert set(FILES) <= set(listed)
    bundle.mlmodel.write_text(bundle.mlmodel.read_text() + "\n")
    with pytest.raises(ModelError, match=r"MLmodel was damaged or changed"):
        load_model(bundle.path)


def test_the_example_is_a_request_for_the_server_of_mlflow(bundle, classifier):
    from mlflow.models import convert_input_example_to_serving_input

    example = json.loads((bundle.path / "input_example.json").read_text())
    table = pd.DataFrame(example["data"], columns=example["columns"])
    expected = json.loads(convert_input_example_to_serving_input(table))
    assert json.loads((bundle.path / "serving_input_example.json").read_text()) == expected


@pytest.mark.parametrize(
    "change",
    [
        lambda flavors: flavors["python_function"].update(loader_module="mlflow.pyfunc.model"),
        lambda flavors: flavors["python_function"].update(code="code"),
        lambda flavors: flavors["python_function"].update(python_model="python_model.pkl"),
        lambda flavors: flavors.update(sklearn={"pickled_model": "model.pkl"}),
        lambda flavors: flavors.clear(),
    ],
)
def test_other_code_in_it_is_refused_even_with_new_checksums(bundle, change):
    values = yaml.safe_load(bundle.mlmodel.read_text())
    change(values["flavors"])
    bundle.mlmodel.write_text(yaml.safe_dump(values))
    write_manifest(bundle)
    with pytest.raises(ModelError, match=r"MLmodel (makes MLflow run other code|is not the MLmodel of a bundle)"):
        load_model(bundle.path)


def test_a_bundle_of_an_earlier_version_has_none_and_is_loaded(bundle):
    for name in FILES:
        (bundle.path / name).unlink()
    write_manifest(bundle)
    assert load_model(bundle.path).labels == LABELS


def test_no_file_is_a_pickle_or_names_a_path(bundle):
    for path in bundle.path.iterdir():
        assert path.suffix in {"", ".yaml", ".txt", ".json", ".keras", ".png", ".md", ".npz"}, path
    for name in FILES:
        assert str(BundleFolder(bundle.path).path.parent) not in (bundle.path / name).read_text()


def test_mlflow_is_not_imported_to_write_them():
    code = "import sys, xraykit.bundle.writing; assert 'mlflow' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
