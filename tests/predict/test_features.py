"""``--features``: what is in the files, and that they are whole."""

import sys
from dataclasses import replace

import keras
import numpy as np
import pandas as pd
import pytest

from tests.predict.test_predict import predict
from xraykit.bundle import Classifier
from xraykit.errors import ModelError
from xraykit.model import FEATURE_MAP

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _loaded_once(bundled, classifier, monkeypatch):
    def load(run, plugins, precision):
        return classifier if precision == "float32" else replace(classifier, precision=precision)

    monkeypatch.setattr("xraykit.bundle.loading.load_model", load)


def expected_features(classifier, files):
    """Mean over the area of the feature map, computed by hand."""
    model = classifier.model
    maps = keras.Model(model.input, model.get_layer(FEATURE_MAP).output)
    pixels = classifier.read(files)[..., None].astype(np.float32)
    return np.asarray(maps.predict(pixels, verbose=0)).mean(axis=(1, 2))


def test_npz_has_names_and_features_and_needs_no_pickle(bundled, classifier, files, tmp_path, capfd):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "broken.png").write_bytes(b"no picture")
    target = tmp_path / "f.npz"
    assert predict(bundled.path, *files[:5], tmp_path / "in", "--batch-size", 2, "--features", target) == 1
    assert capfd.readouterr().out == ""
    with np.load(target, allow_pickle=False) as found:
        assert found["image"].tolist() == [*map(str, files[:5]), str(tmp_path / "in" / "broken.png")]
        assert found["image"].dtype.kind == "U"
        assert found["features"].shape == (6, classifier.feature_count) == (6, 32)
        assert found["features"].dtype == np.float32
        np.testing.assert_allclose(found["features"][:5], expected_features(classifier, files[:5]), atol=1e-5)
        assert np.isnan(found["features"][5]).all()
        assert found["error"][:5].tolist() == [""] * 5
        assert "broken.png" in found["error"][5]
        assert found["flags"].shape == (6,)
        assert str(found["model_sha256"]) == classifier.about["sha256"]["model.keras"] == classifier.sha256
        assert str(found["precision"]) == "float32"


def test_parquet_has_the_same(bundled, classifier, files, tmp_path):
    pytest.importorskip("pyarrow", reason="Parquet needs pyarrow")
    import pyarrow.parquet

    for ending in ("npz", "parquet"):
        assert predict(bundled.path, *files[:5], "--batch-size", 2, "--features", tmp_path / f"f.{ending}") == 0
    table, arrays = pd.read_parquet(tmp_path / "f.parquet"), np.load(tmp_path / "f.npz", allow_pickle=False)
    assert table["image"].tolist() == arrays["image"].tolist()
    np.testing.assert_array_equal(np.stack(table["features"]), arrays["features"])
    about = pyarrow.parquet.read_schema(tmp_path / "f.parquet").metadata
    assert about[b"model_sha256"].decode() == classifier.sha256
    assert about[b"feature_count"] == b"32"


def test_another_ending_is_refused_by_the_name_of_the_option(bundled, files, tmp_path, capfd):
    assert predict(bundled.path, files[0], "--features", tmp_path / "f.txt") == 2
    assert "--features must end in .npz or .parquet" in capfd.readouterr().err


def test_predictions_and_features_are_written_together(bundled, files, tmp_path):
    status = predict(bundled.path, *files[:3], "--features", tmp_path / "f.npz", "--to", tmp_path / "a.csv")
    assert status == 0
    images = np.load(tmp_path / "f.npz", allow_pickle=False)["image"].tolist()
    assert pd.read_csv(tmp_path / "a.csv")["image"].tolist() == images == list(map(str, files[:3]))


def test_bfloat16_is_recorded_beside_features_and_predictions(bundled, classifier, files, tmp_path):
    arguments = [bundled.path, *files[:3], "--precision", "bfloat16"]
    assert predict(*arguments, "--features", tmp_path / "f.npz", "--to", tmp_path / "a.csv") == 0
    found = np.load(tmp_path / "f.npz", allow_pickle=False)
    assert str(found["precision"]) == "bfloat16"
    np.testing.assert_allclose(found["features"], expected_features(classifier, files[:3]), rtol=0.1, atol=0.05)
    table = pd.read_csv(tmp_path / "a.csv")
    assert table["precision"].tolist() == ["bfloat16"] * 3
    assert "precision" not in classifier.predict(files[:1])


@pytest.mark.parametrize("ending", ["npz", "parquet"])
def test_after_ctrl_c_the_previous_file_is_there_and_no_other(bundled, files, tmp_path, ending, monkeypatch):
    target = tmp_path / f"f.{ending}"
    target.write_bytes(b"of before")
    features, calls = Classifier.features, []

    def stopped_at_the_second(*arguments):
        calls.append(arguments)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return features(*arguments)

    monkeypatch.setattr(Classifier, "features", stopped_at_the_second)
    assert predict(bundled.path, *files[:6], "--batch-size", 2, "--features", target) == 130
    assert [path.name for path in tmp_path.iterdir()] == [target.name]
    assert target.read_bytes() == b"of before"


def test_without_pyarrow_the_remedy_is_named(bundled, files, tmp_path, monkeypatch, capfd):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert predict(bundled.path, files[0], "--features", tmp_path / "f.parquet") == 2
    assert "pip install pyarrow" in capfd.readouterr().err


def test_another_ending_is_refused_at_once(bundled, files, tmp_path, capfd):
    assert predict(bundled.path, files[0], "--features", tmp_path / "f.csv") == 2
    assert ".npz" in capfd.readouterr().err


def test_an_ensemble_has_the_features_of_its_members_side_by_side(classifier, files):
    pictures = classifier.read(files[:4])
    both = replace(
        classifier, models=(classifier.model, classifier.model), member_rules=(classifier.decision_rule,) * 2
    )
    once = classifier.features(pictures)
    np.testing.assert_allclose(both.features(pictures), np.hstack([once, once]), atol=1e-6)
    assert both.feature_count == 2 * classifier.feature_count


def test_a_network_without_a_feature_map_is_refused(classifier):
    pixels = keras.Input((32, 32, 1))
    other = keras.Model(pixels, keras.layers.Dense(3)(keras.layers.Flatten()(pixels)))
    with pytest.raises(ModelError, match="feature_map"):
        replace(classifier, models=(other,)).features(np.zeros((1, 32, 32), np.uint8))


def test_a_file_with_other_rows_than_its_header_counts_is_not_written(tmp_path):
    from types import SimpleNamespace

    from xraykit.predict.features_file import features_file

    classifier = SimpleNamespace(sha256=None, precision="float32", feature_count=3)
    with pytest.raises(ValueError, match="0 rows were written of 2"):  # noqa: SIM117
        with features_file(tmp_path / "features.npz", classifier, ["a.png", "b.png"]):
            pass
    assert list(tmp_path.iterdir()) == []
