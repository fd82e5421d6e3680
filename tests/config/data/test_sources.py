"""Several collections in one experiment file: what is allowed, and how mistakes are reported."""

from types import SimpleNamespace

import pytest

from tests.config.json_schema import valid
from xraykit.config import load_experiment, schema
from xraykit.errors import ExperimentError
from xraykit.runs.identity import differences, run_identity

TWO = """\
data:
  split: {method: patient}
  sources:
    - format: nih
      root: ~/a
    - format: table
      root: b
      labels: [Pleural effusion, Erguss, heart]
      rename: {heart: Cardiomegaly}
      table: {image: file}
"""


@pytest.fixture
def load(tmp_path):
    def read(text=TWO, *overrides):
        path = tmp_path / "mixed.yaml"
        path.write_text(text)
        return load_experiment(path, list(overrides))

    return read


def test_labels_are_the_union_by_the_names_of_the_first_source(load):
    data = load().data
    assert data.labels[:3] == ("Atelectasis", "Cardiomegaly", "Effusion")
    assert data.labels[-2:] == ("Hernia", "Erguss")
    assert "Pleural effusion" not in data.labels
    assert "heart" not in data.labels


def test_labels_may_be_those_that_all_annotate_or_a_list(load):
    text = TWO.replace("  split", "  label_set: intersection\n  split")
    assert load(text).data.labels == ("Cardiomegaly", "Effusion")
    assert load(TWO, "data.labels=[Pleural Effusion]").data.labels == ("Pleural Effusion",)
    more = TWO.replace("  split", "  label_set: intersection\n  synonyms: {Effusion: [Erguss]}\n  split")
    assert load(more).data.labels == ("Cardiomegaly", "Effusion")


def test_synonyms_can_be_switched_off_and_added(load):
    off = load(TWO.replace("  split", "  built_in_synonyms: false\n  split")).data.labels
    assert {"Effusion", "Pleural effusion"} <= set(off)
    added = load(TWO.replace("  split", "  synonyms: {Hernia: [Erguss]}\n  split")).data
    assert "Erguss" not in added.labels
    assert added.common_names(added.sources[1])["Erguss"] == "Hernia"


def test_names_are_formats_and_numbered_where_they_would_be_alike(load):
    names = load("data: {sources: [{}, {format: phantom}, {root: c}, {name: nih-1, root: d}]}").data.sources
    assert [source.name for source in names] == ["nih-2", "phantom", "nih-3", "nih-1"]


def test_a_source_is_read_as_if_it_were_alone(load):
    data = load(TWO, "data.image_size=64", "data.sources.table.views=[PA]").data
    nih, table = data.collections
    assert (nih.format, nih.image_size, nih.settings, len(nih.labels)) == ("nih", 64, None, 14)
    assert (table.format, table.root, table.views) == ("table", "b", ("PA",))
    assert table.settings.image == "file"
    assert table.labels == ("Pleural effusion", "Erguss", "heart")
    assert load(TWO, "data.labels=[Effusion]").data.collections[1].labels == ("Pleural effusion",)


def test_a_resolved_experiment_is_the_same_experiment(load):
    for overrides in ([], ["data.sources.nih.weight=2", "data.sources.table.weight=1"]):
        experiment = load(TWO, *overrides)
        assert load(experiment.to_yaml()) == experiment
        assert load_experiment(experiment.values()) == experiment
        assert experiment.with_values({"training.epochs": 3}).data == experiment.data
    values = experiment.values()["data"]
    assert not {"format", "root", "columns", "phantom", "table"} & set(values)


def test_an_experiment_of_one_collection_has_no_keys_of_several():
    assert not {"sources", "label_set", "synonyms", "built_in_synonyms"} & set(load_experiment({}).values()["data"])


def test_source_is_a_subgroup_and_a_column(load):
    assert load().evaluation.subgroups == ("sex", "age", "view", "source")
    assert load(TWO, "evaluation.subgroups=[sex]").evaluation.subgroups == ("sex", "source")
    assert load().data.columns == ("source",)
    assert load_experiment({}).evaluation.subgroups == ("sex", "age", "view")


def test_paths_of_sources_are_expanded_and_made_absolute(load, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    experiment = load()
    assert experiment.data.sources[0].root == str(tmp_path / "home" / "a")
    moved = experiment.with_absolute_paths(tmp_path).data
    assert [source.root for source in moved.sources] == [str(tmp_path / "home" / "a"), str(tmp_path / "b")]


@pytest.mark.parametrize("key", ["data.sources.1.root", "data.sources.table.root"])
def test_an_override_names_a_source_by_number_or_name(load, key):
    data = load(TWO, f"{key}=/moved # here").data
    assert [source.root for source in data.sources][1] == "/moved # here"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("root: b", "rot: b", r"line 7: data\.sources\.1\.rot: unknown key\. Did you mean 'root'"),
        ("file}", "file, pati: x}", r"line 10: data\.sources\.1\.table\.pati: unknown key"),
        (
            "format: table",
            "format: tabel",
            r"line 6: data\.sources\.1\.format: Unknown data format 'tabel'\. Did you m",
        ),
        ("  split", "  root: c\n  split", r"line 2: data\.root: this is a key of one collection .* in each entry"),
        ("  split", "  phantom: {}\n  split", r"line 2: data\.phantom: this is a key of one collection"),
        (
            "  split",
            "  labels: [Effusion, Mss]\n  split",
            r"line 2: data\.labels: no source annotates it.*'Mss'.*'Mass'",
        ),
        (
            "  split",
            "  labels: [Mass]\n  split",
            r"data\.sources: the source 'table' annotates none of the labels Mass",
        ),
        (
            "  split",
            "  labels: [Effusion, pleural effusion]\n  split",
            r"mean the same finding by the table of synonyms",
        ),
        ("root: b", "root: b\n      weight: 2", r"a weight is given for some sources only.*Missing: nih"),
        ("root: b", "root: b\n      weight: 0", r"data\.sources\.1\.weight: expected greater than 0"),
        ("root: b", "root: b\n      name: NIH", r"two sources have the name 'nih'"),
        ("root: b", "root: b\n      name: a/b", r"data\.sources\.1\.name: expected a name of at most"),
        ("rename: {heart", "rename: {hart", r"data\.sources\.1: rename: Unknown label of this source 'hart'"),
        ("root: b", "root: b\n      columns: [source]", r"columns names 'source', which is already a column"),
        ("  split", "  synonyms: {Effusion: }\n  split", r"data\.synonyms\.Effusion: expected a list\. Received: null"),
        (
            "  split",
            "  synonyms: {Effusion: [1]}\n  split",
            r"data\.synonyms\.Effusion\.0: expected a word\. Received: 1",
        ),
    ],
)
def test_mistakes_are_reported_with_their_line_and_key(load, old, new, message):
    text = TWO.replace(old, new, 1)
    with pytest.raises(ExperimentError, match=message):
        load(text)


LEFT_OUT = TWO.replace("      labels: [Pleural effusion, Erguss, heart]\n      rename: {heart: Cardiomegaly}\n", "")


def test_labels_of_a_table_are_found_in_it_and_aligned(load, tmp_path):
    (tmp_path / "labels.csv").write_text("file,patient,Pleural effusion,Erguss\na.png,1,1,0\nb.png,2,0,1\n")
    experiment = load(LEFT_OUT, f"data.sources.table.root={tmp_path}", "data.sources.table.labels_file=labels.csv")
    assert experiment.data.sources[1].labels == ("Pleural effusion", "Erguss")
    assert experiment.data.labels[-1] == "Erguss"
    assert "Pleural effusion" not in experiment.data.labels
    assert load_experiment(experiment.values()) == experiment


def test_labels_that_cannot_be_found_are_reported_with_the_source(load):
    with pytest.raises(
        ExperimentError, match=r"line 6: data\.sources\.1\.labels: the labels are left out and cannot be"
    ):
        load(LEFT_OUT)


def test_an_unknown_entry_in_an_override_is_reported_with_those_that_there_are(load):
    with pytest.raises(
        ExperimentError, match=r"there is no entry 'chexpert'\. Expected: its number, 0 to 1.*nih, table"
    ):
        load(TWO, "data.sources.chexpert.root=/x")


def test_a_list_of_sources_is_in_the_schema():
    known = schema()
    entry = {"format": "table", "labels": ["Mass"], "table": {"image": "x"}}
    assert valid({"data": {"sources": [entry, {"root": "b", "weight": 2.0}]}}, known, known)
    assert not valid({"data": {"sources": [{**entry, "rot": "b"}]}}, known, known)
    assert not valid({"data": {"sources": [{**entry, "table": {"imag": "b"}}]}}, known, known)


def test_a_moved_source_is_the_same_and_a_changed_one_is_named(load):
    parts = SimpleNamespace(identity={"fingerprint": "0"})
    here = run_identity(load(), parts)
    assert not differences(here, run_identity(load(TWO, "data.sources.table.root=/moved"), parts))
    changed = differences(here, run_identity(load(TWO, "data.sources.table.views=all"), parts))
    assert [each.key for each in changed] == ["data.sources.table.views"]
