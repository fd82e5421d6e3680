"""A bundle is whole, damage to it is reported, and it runs nothing that a stranger has put into it."""

import hashlib
import json
import re
import resource
import shutil
import signal
import sys

import keras
import numpy as np
import pytest

from tests.bundle.runs import LABELS, change_about, decision_rule_of, experiment_of, network_of
from xraykit.bundle import BundleFolder, copy_bundle, load_model, write_bundle
from xraykit.bundle.golden import golden_results
from xraykit.bundle.manifest import write_manifest
from xraykit.data import load_parts, read_radiograph
from xraykit.data.decoders.pictures import READER_VERSION
from xraykit.errors import ModelError, RegistryError, XraykitError
from xraykit.runs.folder import RunFolder
from xraykit.tracking.model_files import FILES

pytestmark = pytest.mark.slow

CUSTOM_LAYER = """
import keras

@keras.saving.register_keras_serializable(package="bundletest")
class Twice(keras.layers.Layer):
    def call(self, x):
        return 2 * x
"""


def rehash(bundle):
    change_about(bundle, sha256={"model.keras": hashlib.sha256(bundle.model.read_bytes()).hexdigest()})
    write_manifest(bundle)


def test_a_bundle_holds_all_that_belongs_to_a_network(bundled):
    folder = BundleFolder(bundled.bundle)
    files = {path.name for path in folder.files()} | set(FILES)
    assert {path.name for path in bundled.bundle.iterdir()} == files - {"trained_on.npz"}
    about = json.loads(folder.about.read_text())
    assert about["labels"] == list(LABELS)
    assert about["preprocessing"]["size"] == 32
    assert about["backbone"] == "tiny"
    assert about["keras"] == keras.__version__
    assert about["fingerprints"].keys() == {"label_file", "image_list"}
    assert all(re.fullmatch("[0-9a-f]{64}", value) for value in about["fingerprints"].values())
    (source,) = about["sources"]
    assert (source["name"], source["format"], source["licence"]) == ("phantom", "phantom", True)
    assert source["label_file_sha256"] == about["fingerprints"]["label_file"]
    assert "not a medical device" in about["intended_use"]
    assert "simulated radiographs" in folder.licence.read_text()
    assert not list(bundled.path.glob(".*"))


def test_a_run_its_bundle_and_the_file_in_it_give_the_same_network(bundled, bundle, files):
    pictures = np.stack([read_radiograph(file, 32) for file in files[:4]])
    found = [load_model(path).logits(pictures) for path in (bundled.path, bundle.path, bundle.model)]
    assert np.ptp(found[0], axis=0).min() > 0.05
    assert np.array_equal(found[0], found[1])
    assert np.array_equal(found[0], found[2])
    # Anybody with Keras alone has the logits too.
    plain = keras.saving.load_model(bundle.model).predict(pictures[..., None].astype("float32"), verbose=0)
    assert plain == pytest.approx(found[0], abs=1e-5)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.7, 1.0])
def test_a_flipped_byte_of_the_weights_is_noticed(bundle, share):
    content = bytearray(bundle.model.read_bytes())
    content[int(share * (len(content) - 1))] ^= 1
    bundle.model.write_bytes(content)
    with pytest.raises(ModelError, match=r"damaged or changed.*expected: [0-9a-f]{64}, received: [0-9a-f]{64}"):
        load_model(bundle.path)


def test_a_network_that_computes_otherwise_is_noticed_by_the_golden_picture(bundle):
    model = keras.saving.load_model(bundle.model)
    # As if Keras had another default for it.
    model.get_layer("tiny_normalisation_1").epsilon = 0.1
    model.save(bundle.model)
    rehash(bundle)
    with pytest.raises(ModelError, match=r"does not yield the logits.*expected \[.*received \["):
        load_model(bundle.path)


def test_another_golden_picture_is_noticed(bundle, files):
    shutil.copyfile(files[0], bundle.golden)
    write_manifest(bundle)
    with pytest.raises(ModelError, match="does not yield the logits"):
        load_model(bundle.path)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"labels": ["Effusion", "Cardiomegaly", "Hernia"]}, "those of the decision rule"),
        ({"labels": None}, "labels: input should be a valid list"),
        ({"preprocessing": {"reader_version": READER_VERSION + 1}}, "yields other pixels"),
        ({"preprocessing": {"max_megapixels": "many"}}, "many"),
        ({"preprocessing": {"size": 64}}, r"do not belong together.*\(None, 64, 64, 1\).*\(None, 32, 32, 1\)"),
        ({"golden": {"logits": [1.0, 2.0]}}, "3 finite numbers"),
        ({"golden": {"probabilities": [0.5, 0.5, 0.5]}}, "does not give the stored results of the golden picture"),
        ({"golden": {"calls": [True, True, True]}}, r"Hernia: expected .*\(positive\), received .*\(no call\)"),
        ({"golden": {"calls": None}}, "but not both"),
        ({"preprocessing": {"max_megapixels": 1e9}}, "max_megapixels: input should be less than"),
        ({"preprocessing": {"max_megapixels": True}}, "max_megapixels: input should be a valid number"),
        ({"preprocessing": {"size": 0}}, "size: input should be greater than or equal to 16"),
        ({"preprocessing": {"size": 32.5}}, "size: input should be a valid integer"),
        ({"golden": {"logits": ["a"]}}, "logits.0: input should be a valid number"),
        ({"sha256": {"model.keras": "1"}}, "damaged or changed"),
        ({"screen": None}, "model.json"),
    ],
)
def test_a_model_json_that_was_changed_is_reported(bundle, changes, said):
    change_about(bundle, **changes)
    write_manifest(bundle)
    with pytest.raises(ModelError, match=said):
        load_model(bundle.path)


@pytest.mark.parametrize("name", ["model.json", "decision_rule.json", "golden.png", "model.keras"])
def test_a_file_that_is_cut_short_or_gone_is_reported_by_name(bundle, name):
    path = bundle.path / name
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(XraykitError, match=re.escape(str(path))):
        load_model(bundle.path)
    path.unlink()
    with pytest.raises(XraykitError, match=re.escape(str(bundle.path))):
        load_model(bundle.path)


def test_labels_that_are_no_names_of_files_are_refused(bundle):
    values = json.loads(bundle.decision_rule.read_text())
    values["labels"] = {"../../evil": values["labels"]["Cardiomegaly"]}
    bundle.decision_rule.write_text(json.dumps(values))
    change_about(bundle, labels=["../../evil"])
    write_manifest(bundle)
    with pytest.raises(ModelError, match="is not a valid name of a label"):
        load_model(bundle.path)


def test_nothing_that_a_bundle_names_is_run_unless_the_caller_names_it(bundle, tmp_path):
    plugin = tmp_path / "stranger.py"
    plugin.write_text(f"open({str(tmp_path / 'was_run')!r}, 'w').close()")
    change_about(bundle, plugins=[str(plugin)])
    write_manifest(bundle)
    load_model(bundle.path)
    assert not (tmp_path / "was_run").exists()
    load_model(bundle.path, plugins=[str(plugin)])
    assert (tmp_path / "was_run").exists()
    with pytest.raises(RegistryError, match="nowhere"):
        load_model(bundle.path, plugins=["nowhere_at_all"])


def test_a_network_with_a_layer_of_its_own_needs_its_plugin(bundle, tmp_path):
    plugin = tmp_path / "with_a_layer.py"
    plugin.write_text(CUSTOM_LAYER)
    from xraykit.registry import load_plugin

    load_plugin(str(plugin))
    model = keras.saving.load_model(bundle.model)
    layer = keras.saving.get_registered_object("bundletest>Twice")
    keras.Model(model.input, layer()(model.output)).save(bundle.model)
    rehash(bundle)
    expected = json.loads(bundle.about.read_text())["golden"]["logits"]
    answers = golden_results([2 * value for value in expected], decision_rule_of(LABELS))
    change_about(bundle, golden=answers, plugins=["with_a_layer.py"])
    write_manifest(bundle)
    # As in a new process.
    del keras.saving.get_custom_objects()["bundletest>Twice"], sys.modules["xraykit_plugin_with_a_layer"]
    with pytest.raises(ModelError, match=r"name the plug-ins.*Its experiment had: with_a_layer.py"):
        load_model(bundle.path)
    assert load_model(bundle.path, plugins=[str(plugin)]).labels == LABELS


def test_a_lambda_layer_is_never_run(bundle):
    model = keras.saving.load_model(bundle.model)
    keras.Model(model.input, keras.layers.Lambda(lambda x: x)(model.output)).save(bundle.model)
    rehash(bundle)
    with pytest.raises(ModelError, match=r"Keras .* cannot read"):
        load_model(bundle.path)


def test_where_there_is_no_bundle_the_message_says_what_is_there(tmp_path):
    with pytest.raises(ModelError, match="no such file or folder exists"):
        load_model(tmp_path / "nowhere")
    with pytest.raises(ModelError, match="neither"):
        load_model(tmp_path)
    (tmp_path / "experiment.yaml").touch()
    with pytest.raises(ModelError, match="--resume"):
        load_model(tmp_path)
    (tmp_path / "metrics.json").touch()
    with pytest.raises(ModelError, match="the run is finished"):
        load_model(tmp_path)
    (tmp_path / "model.keras").touch()
    with pytest.raises(ModelError, match=r"a file without a model\.json"):
        load_model(tmp_path / "model.keras")


@pytest.fixture
def hardly_any_disk():
    """No file may have more than 10 kB."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, handler)


def test_on_a_full_disk_the_bundle_before_stays_whole(bundled, classifier, tmp_path, request):
    shutil.copytree(bundled.path, tmp_path / "run")
    folder, experiment = RunFolder(tmp_path / "run"), experiment_of(bundled.path.parents[1])
    parts = load_parts(experiment.data, experiment.split_seed, sealed_test=True)
    before = {path.name: path.read_bytes() for path in folder.bundle.iterdir()}
    request.getfixturevalue("hardly_any_disk")
    with pytest.raises(XraykitError, match=r"cannot be written: .*--resume"):
        write_bundle(
            folder.bundle, classifier.model, experiment, decision_rule_of(LABELS, seed=1), classifier.screen, parts
        )
    assert {path.name: path.read_bytes() for path in folder.bundle.iterdir()} == before
    assert not list(folder.path.glob(".*"))


def test_a_bundle_written_again_replaces_the_one_before(bundled, classifier, tmp_path):
    shutil.copytree(bundled.path, tmp_path / "run")
    folder, experiment = RunFolder(tmp_path / "run"), experiment_of(bundled.path.parents[1])
    parts = load_parts(experiment.data, experiment.split_seed, sealed_test=True)
    decision_rule = decision_rule_of(LABELS, seed=1)
    write_bundle(folder.bundle, network_of(experiment), experiment, decision_rule, classifier.screen, parts)
    assert load_model(folder.path).decision_rule == decision_rule
    assert not list(folder.path.glob(".*"))
    with pytest.raises(ModelError, match="not one of this network"):
        write_bundle(
            folder.bundle, classifier.model, experiment, decision_rule_of(LABELS[::-1]), classifier.screen, parts
        )


@pytest.mark.parametrize("layer", ["Lambda", "unregistered"])
def test_a_bundle_that_nobody_could_load_is_not_written(bundled, classifier, tmp_path, layer):
    class Unregistered(keras.layers.Layer):
        def call(self, x):
            return 1 * x

    shutil.copytree(bundled.path, tmp_path / "run")
    folder, experiment = RunFolder(tmp_path / "run"), experiment_of(bundled.path.parents[1])
    before = BundleFolder(folder.bundle).model.read_bytes()
    parts = load_parts(experiment.data, experiment.split_seed, sealed_test=True)
    last = keras.layers.Lambda(lambda x: x) if layer == "Lambda" else Unregistered()
    model = keras.Model(classifier.model.input, last(classifier.model.output))
    with pytest.raises(ModelError, match=r"Keras .* cannot read"):
        write_bundle(folder.bundle, model, experiment, decision_rule_of(LABELS), classifier.screen, parts)
    assert BundleFolder(folder.bundle).model.read_bytes() == before
    assert not list(folder.path.glob(".*"))


class TestCopy:
    def test_the_same_network_is_read_otherwise(self, bundled, classifier, files, tmp_path):
        decision_rule = decision_rule_of(LABELS, seed=5)
        copy_bundle(bundled.path, tmp_path / "new" / "model", decision_rule, {"sample": "200 of our own"})
        copy = load_model(tmp_path / "new")
        picture = classifier.read(files[:1])
        assert np.allclose(copy.logits(picture), classifier.logits(picture), rtol=0, atol=1e-5)
        assert copy.thresholds == decision_rule.thresholds != classifier.thresholds
        assert copy.probabilities(picture) == pytest.approx(
            decision_rule.probabilities(copy.logits(picture)), abs=1e-12
        )
        assert copy.about["recalibration"] == {"sample": "200 of our own"}
        kept = classifier.about.keys() - {"golden"}
        assert {key: copy.about[key] for key in kept} == {key: classifier.about[key] for key in kept}
        assert copy.about["golden"] == golden_results(classifier.about["golden"]["logits"], decision_rule)

    def test_nothing_is_overwritten_and_labels_must_fit(self, bundled, tmp_path):
        with pytest.raises(ModelError, match="already exists"):
            copy_bundle(bundled.path, tmp_path, decision_rule_of(LABELS), {})
        with pytest.raises(ModelError, match="not one of this network"):
            copy_bundle(bundled.path, tmp_path / "new", decision_rule_of(("Mass",)), {})
        assert list(tmp_path.iterdir()) == []
