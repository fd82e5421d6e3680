"""One bundle of several networks: it is whole, its members are checked, and it predicts as they do together."""

import json
import shutil

import keras
import numpy as np
import pytest

import xraykit.bundle.contents
from tests.bundle.runs import (
    LABELS,
    change_about,
    decision_rule_of,
    experiment_of,
    radiographs_of,
    without,
    write_run,
)
from xraykit.bundle import (
    BundleFolder,
    Member,
    contamination,
    copy_bundle,
    load_model,
    read_about,
    read_trained_on,
    write_ensemble,
)
from xraykit.bundle.manifest import write_manifest
from xraykit.data import load_parts, read_radiograph
from xraykit.errors import ModelError
from xraykit.evaluation import DecisionRule, combined_logits, member_probabilities
from xraykit.explain import GradCam
from xraykit.input_check import Screen
from xraykit.system import sha256_of
from xraykit.tracking.model_files import FILES

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def together(joined):
    return load_model(joined.path)


@pytest.fixture(scope="module")
def alone(joined):
    """Each member, loaded from its own bundle."""
    return [load_model(joined.path.parents[1] / "members" / str(number)) for number in (1, 2, 3)]


@pytest.fixture(scope="module")
def pictures(bundled):
    files = sorted((bundled.path.parents[1] / "phantoms" / "images").glob("*.png"))
    return np.stack([read_radiograph(file, 32) for file in files[:6]])


def rehash(bundle):
    """Write all checksums again, as somebody would who exchanges files on purpose."""
    about = json.loads(bundle.about.read_text())
    for member in about["members"]:
        member["sha256"] = sha256_of(bundle.path / member["file"])
    sums = {member["file"]: member["sha256"] for member in about["members"]}
    bundle.about.write_text(json.dumps({**about, "sha256": sums}))
    write_manifest(bundle)


def test_a_bundle_of_an_ensemble_holds_all_its_networks(joined):
    folder = BundleFolder(joined.bundle)
    about, record = read_about(folder)
    names = {path.relative_to(folder.path).as_posix() for path in folder.path.rglob("*") if path.is_file()}
    assert names == {path.name for path in folder.files()} - {"model.keras"} | set(FILES) | {
        f"members/{number}/{name}" for number in (1, 2, 3) for name in ("model.keras", "decision_rule.json")
    }
    assert names - {"manifest.json"} == json.loads(folder.manifest.read_text())["files"].keys()
    assert [(each.seed, each.fold, each.backbone) for each in record.members] == [(n, n, "tiny") for n in (1, 2, 3)]
    assert about["version"] == 2
    assert record.sha256 == {each.file: sha256_of(folder.path / each.file) for each in record.members}
    assert "mean over the members" in about["outputs"]
    assert "simulated radiographs" in folder.licence.read_text()
    assert not list(joined.path.glob(".*"))


def test_its_logits_are_the_mean_of_the_members_calibrated_logits(together, alone, pictures):
    assert together.members == 3
    raw = np.stack([each.logits(pictures) for each in alone])
    assert together.member_logits(pictures) == pytest.approx(raw, abs=1e-5)
    rules = [each.decision_rule for each in alone]
    assert together.logits(pictures) == pytest.approx(combined_logits(rules, raw), abs=1e-5)
    # The first member did not train the first label.
    p = together.probabilities(pictures)
    without = combined_logits([rule.take([LABELS[0]]) for rule in rules[1:]], raw[1:, :, :1])
    assert together.logits(pictures)[:, :1] == pytest.approx(without, abs=1e-5)
    assert p == pytest.approx(together.decision_rule.probabilities(together.logits(pictures)), abs=1e-6)
    assert np.ptp(p[:, 0]) > 0.01
    assert together.member_logits(pictures[:0]).shape == (3, 0, 3)


def test_predictions_have_the_spread_between_the_members(together, alone, files):
    table = together.predict([*files[:3], files[0].parent / "missing.png"])
    assert list(table.columns[:7]) == [
        "image",
        *(f"{label}_{what}" for label in LABELS[:2] for what in ("probability", "call", "spread")),
    ]
    pictures = np.stack([read_radiograph(file, 32) for file in files[:3]])
    p = member_probabilities(together.member_rules, together.member_logits(pictures))
    assert table["Effusion_spread"][:3].to_numpy() == pytest.approx(np.ptp(p[:, :, 1], axis=0))
    assert table["Cardiomegaly_spread"][:3].to_numpy() == pytest.approx(np.ptp(p[1:, :, 0], axis=0))
    assert table["Effusion_spread"].isna().tolist() == [False, False, False, True]
    assert table["Effusion_spread"].max() > 0.01
    assert not [name for name in alone[0].predict(files[:1]).columns if name.endswith("_spread")]


def test_a_heat_map_is_the_mean_of_the_members_that_trained_the_label(together, files):
    picture = read_radiograph(files[0], 32)[None]
    for label, counted in (("Effusion", [0, 1, 2]), ("Cardiomegaly", [1, 2])):
        column = [LABELS.index(label)]
        mean = np.mean([GradCam(together.models[each]).heat_maps(picture, column)[0] for each in counted], axis=0)
        assert together.grad_cam(files[0], label) == pytest.approx(mean / mean.max(), abs=1e-6)


def test_a_single_model_is_asked_for_in_vain(together, alone):
    with pytest.raises(ModelError, match="ensemble of 3 networks has no single model"):
        _ = together.model
    assert alone[0].model is alone[0].models[0]
    assert "ensemble of 3" in str(together._repr_html_())


@pytest.mark.parametrize("number", [1, 3])
@pytest.mark.parametrize("name", ["model.keras", "decision_rule.json"])
def test_a_flipped_byte_in_a_member_is_noticed(ensemble, number, name):
    path = ensemble.member(number).with_name(name)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(ModelError, match=rf"members/{number}/{name} was damaged or changed"):
        load_model(ensemble.path)


def swap(first, second):
    kept = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(kept)


def test_members_that_were_exchanged_are_noticed(ensemble):
    swap(ensemble.member(2), ensemble.member(3))
    with pytest.raises(ModelError, match=r"members/2/model.keras was damaged or changed.* or is of another bundle"):
        load_model(ensemble.path)
    write_manifest(ensemble)
    with pytest.raises(ModelError, match=r"members/2/model.keras was damaged or changed"):
        load_model(ensemble.path)
    rehash(ensemble)
    with pytest.raises(ModelError, match=r"The member members/2/model.keras does not yield the logits"):
        load_model(ensemble.path)


def test_decision_rules_of_members_that_were_exchanged_are_noticed(ensemble):
    swap(*(ensemble.member(number).with_name("decision_rule.json") for number in (2, 3)))
    write_manifest(ensemble)
    with pytest.raises(ModelError, match="decision rules of the members do not give the stored logits"):
        load_model(ensemble.path)


@pytest.mark.parametrize("what", ["members/2/model.keras", "members/3/decision_rule.json", "members/1", "members"])
def test_a_missing_member_is_noticed(ensemble, what):
    path = ensemble.path / what
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    with pytest.raises(ModelError, match=r"Files missing: members/\d/"):
        load_model(ensemble.path)


def test_a_member_too_many_is_noticed(ensemble):
    shutil.copytree(ensemble.member(1).parent, ensemble.member(4).parent)
    with pytest.raises(ModelError, match=r"Files added: members/4/decision_rule.json, members/4/model.keras"):
        load_model(ensemble.path)


def test_a_folder_of_members_elsewhere_is_refused(ensemble, tmp_path):
    moved = ensemble.members.rename(tmp_path / "elsewhere")
    ensemble.members.symlink_to(moved)
    with pytest.raises(ModelError, match="is not the bundle that was written"):
        load_model(ensemble.path)


def test_an_ensemble_without_checksums_is_refused(ensemble):
    change_about(ensemble, manifest=None)
    ensemble.manifest.unlink()
    with pytest.raises(ModelError, match=r"manifest.json"):
        load_model(ensemble.path)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda members: members[:1], "members must be 2 or more"),
        (lambda members: members[:2], "sha256 differs"),
        (lambda members: members[::-1], "numbered from 1 on"),
        (lambda members: [{**each, "file": "../x/model.keras"} for each in members], "members.0.file"),
        (lambda members: [{**each, "golden_logits": [1.0]} for each in members], "golden logits of members/1"),
        (lambda members: [{**each, "golden_logits": [1.0, 2.0, 3.0]} for each in members], "do not give the stored"),
    ],
)
def test_members_in_model_json_that_do_not_fit_are_refused(ensemble, change, reason):
    about = json.loads(ensemble.about.read_text())
    ensemble.about.write_text(json.dumps({**about, "members": change(about["members"])}))
    write_manifest(ensemble)
    with pytest.raises(ModelError, match=reason):
        load_model(ensemble.path)


def test_earlier_xraykit_refuses_an_ensemble_and_names_the_reason(ensemble, monkeypatch):
    monkeypatch.setattr(xraykit.bundle.contents.ModelRecord, "VERSION", 1)
    with pytest.raises(ModelError, match=r"is of version 2. This xraykit reads versions up to 1.*install that version"):
        load_model(ensemble.path)


def test_a_bundle_of_one_network_is_written_so_that_earlier_xraykit_reads_it(bundled):
    assert json.loads((bundled.bundle / "model.json").read_text())["version"] == 1


def test_a_patient_of_any_member_counts_as_met(joined):
    record = read_trained_on(BundleFolder(joined.bundle))
    assert (len(record.records), record.complete) == (3, True)
    found = contamination(record, radiographs_of(range(40)))
    assert (found.met, found.same_patient, found.same_file, found.same_picture) == (26, 26, 26, 26)
    assert found.in_train == 26


def test_a_member_whose_training_is_not_recorded_makes_the_record_incomplete(joined, tmp_path, bundled):
    members = joined.path.parents[1] / "members"
    write([Member(members / "2"), Member(bundled.path)], tmp_path)
    record = read_trained_on(BundleFolder(tmp_path / "model"))
    assert (len(record.records), record.complete) == (1, False)
    write([Member(bundled.path), Member(bundled.path)], tmp_path)
    assert read_trained_on(BundleFolder(tmp_path / "model")) is None


def write(members, folder, decision_rule=None, **sections):
    experiment = experiment_of(folder, **sections)
    parts = load_parts(experiment.data, experiment.split_seed, sealed_test=True)
    screen = Screen.from_values(read_about(BundleFolder.find(members[0].path))[0]["screen"])
    write_ensemble(folder / "model", members, experiment, decision_rule or decision_rule_of(LABELS), screen, parts)


def test_what_is_no_ensemble_is_not_written(joined, bundled, tmp_path):
    first, second = (Member(joined.path.parents[1] / "members" / str(number)) for number in (1, 2))
    for members, reason in (
        ([first], "two members or more"),
        ([first, Member(joined.path)], "is itself an ensemble"),
        ([first, Member(tmp_path)], "contains no trained network"),
    ):
        with pytest.raises(ModelError, match=reason):
            write(members, tmp_path)
    with pytest.raises(ModelError, match="not one of this network"):
        write([first, second], tmp_path, decision_rule_of(LABELS[:2]))
    assert not (tmp_path / "model").exists()
    assert not list(tmp_path.glob(".model*"))


def test_members_that_read_pictures_in_other_ways_are_refused(bundled, tmp_path):
    other = write_run(tmp_path, data={"max_megapixels": 5})
    with pytest.raises(ModelError, match=r"differ in preprocessing. Expected.*Received"):
        write([Member(bundled.path), Member(other.path)], tmp_path)


def test_a_damaged_member_is_not_copied(joined, bundle, tmp_path):
    content = bytearray(bundle.model.read_bytes())
    content[1000] ^= 1
    bundle.model.write_bytes(content)
    with pytest.raises(ModelError, match="damaged or changed"):
        write([Member(joined.path.parents[1] / "members" / "2"), Member(bundle.path)], tmp_path)


def test_the_network_of_a_member_is_not_taken_for_the_ensemble(ensemble):
    with pytest.raises(ModelError, match="is one member of an ensemble"):
        load_model(ensemble.member(2))
    # As start weights it stands for all that the ensemble was trained on.
    assert BundleFolder.find(ensemble.member(2)).path == ensemble.path


def test_an_ensemble_with_another_decision_rule_keeps_its_members(ensemble, tmp_path, files):
    rule = decision_rule_of(LABELS, seed=9)
    copy_bundle(ensemble.path, tmp_path / "copy", rule, {"sample": "another hospital"})
    copy, before = load_model(tmp_path / "copy"), load_model(ensemble.path)
    assert copy.decision_rule == rule
    pictures = np.stack([read_radiograph(file, 32) for file in files[:3]])
    assert np.allclose(copy.logits(pictures), before.logits(pictures), rtol=0, atol=1e-5)
    assert copy.about["version"] == 2
    assert read_about(BundleFolder(tmp_path / "copy"))[1].network_sha256 == read_about(ensemble)[1].network_sha256


def test_networks_are_distinguished_by_their_checksum(ensemble, bundled):
    first = read_about(ensemble)[1].network_sha256
    model = keras.saving.load_model(ensemble.member(1))
    model.save(ensemble.member(1))
    rehash(ensemble)
    assert len(first) == 64
    assert read_about(ensemble)[1].network_sha256 != first
    single = BundleFolder(bundled.bundle)
    assert read_about(single)[1].network_sha256 == sha256_of(single.model)


def test_a_label_that_no_member_trained_has_no_probability(joined, tmp_path, files):
    rule = without(decision_rule_of(LABELS), "Cardiomegaly")
    first = Member(joined.path.parents[1] / "members" / "1")
    write([first, first], tmp_path, rule)
    classifier = load_model(tmp_path / "model")
    table = classifier.predict(files[:2])
    assert table["Cardiomegaly_probability"].isna().all()
    assert table["Cardiomegaly_spread"].isna().all()
    assert table["Effusion_spread"].tolist() == [0, 0]
    assert isinstance(classifier.decision_rule, DecisionRule)
    with pytest.raises(ModelError, match="no heat map for Cardiomegaly"):
        classifier.grad_cam(files[0], "Cardiomegaly")
