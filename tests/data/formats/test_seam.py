"""The seam of data formats: one file adds a format, and the facts of a collection are in its format alone."""

import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from tests.config.json_schema import valid
from xraykit.bundle.licence import licence_note
from xraykit.config import load_experiment, schema
from xraykit.config.data.section import Data
from xraykit.config.section import Section
from xraykit.data import load_boxes
from xraykit.data.catalog import Catalog
from xraykit.data.formats.nih import FINDINGS
from xraykit.data.parts import read_catalog
from xraykit.errors import DataError, ExperimentError, RegistryError
from xraykit.phantoms import FINDINGS as OF_PHANTOMS
from xraykit.registry import FORMATS, Boxes, DataFormat, register_format

PACKAGE = Path(__file__).resolve().parents[3] / "xraykit"

PLUGIN = """
from xraykit.config.section import Section
from xraykit.registry import DataFormat, register_format


class Settings(Section):
    scanner: str = "any"
    slices: int = 3


def read(data):
    raise NotImplementedError(f"of {data.settings.scanner}")


register_format(DataFormat("from_a_plugin", read, labels=("Mass", "Nodule"), settings=Settings, licence="Ask first."))
"""


@pytest.fixture(autouse=True)
def _forgotten(monkeypatch):
    """Formats that a test registers are removed after it; built-in ones, which are imported once, stay."""
    for name in FORMATS.builtins:
        FORMATS.get(name)
    for name in ("_entries", "_functions", "_plugins"):
        monkeypatch.setattr(FORMATS, name, dict(getattr(FORMATS, name)))


@pytest.fixture
def plugin(tmp_path):
    path = tmp_path / "my_format.py"
    path.write_text(PLUGIN)
    return {"plugins": [str(path)], "data": {"format": "from_a_plugin"}}


def _catalog(data):
    row = {"image": "a.png", "path": "/a.png", "patient": "1", "sex": "F", "age": 50.0, "view": "PA"}
    return Catalog(pd.DataFrame([{**row, **dict.fromkeys(data.labels, 1.0)}]), data.labels, "labels.csv", "0")


def test_facts_of_nih_are_in_its_format_and_in_the_writer_of_its_layout_alone():
    """Files that name the collection, or files and results of it; a default format and a layout are named by `nih`."""
    facts = re.compile(r"ChestX-?ray|nihcc|BBox_List|Data_Entry|train_val_list|sample_labels|Wang et al", re.IGNORECASE)
    homes = (PACKAGE / "data" / "formats" / "nih", PACKAGE / "phantoms")
    about_method = {"evaluation/localisation/heat_maps.py", "evaluation/localisation/scores.py"}  # of the same paper
    named = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if facts.search(path.read_text(encoding="utf-8")) and not any(path.is_relative_to(home) for home in homes)
    }
    assert named <= about_method


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        ("chexpert", r"CheXpert|patient64|test_labels\.csv|groundtruth|AP/PA"),
        ("mimic_cxr", r"mimic[-_]?cxr|subject_id|dicom_id|NegBio"),
        ("padchest", r"PadChest|ImageDir|MethodLabel|bimcv|RNN_model"),
    ],
)
def test_facts_of_other_collections_are_in_their_formats_and_layouts_alone(name, facts):
    """But for the list of formats, examples of commands, and MIMIC-CXR's labels, which CheXpert's labeller gives."""
    examples = {"registry/formats.py", "evaluate/__main__.py", "data/reading/labeller_cells.py"}
    homes = [PACKAGE / "data" / "formats" / name, PACKAGE / "phantoms"]
    homes += [PACKAGE / "data" / "formats" / "mimic_cxr"] if name == "chexpert" else []
    named = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if re.search(facts, path.read_text(encoding="utf-8"), re.IGNORECASE)
        and not any(path.is_relative_to(home) for home in homes)
    }
    assert named <= examples


def test_code_outside_the_formats_does_not_ask_for_a_format_by_name():
    by_name = re.compile(r"""formats\.(nih|phantom|table)\b|format\s*[!=]=\s*["']|["']nih["']""")
    # The list of built-ins, the default of data.format; layouts of phantoms have the names of the formats.
    allowed = {"registry/formats.py", "config/data/collection.py"}
    names = {path.relative_to(PACKAGE).as_posix(): path for path in PACKAGE.rglob("*.py")}
    named = {
        name
        for name, path in names.items()
        if by_name.search(path.read_text(encoding="utf-8")) and not re.match("data/formats/|phantoms/layouts/", name)
    }
    assert named <= allowed


def test_phantoms_show_the_findings_of_the_collection_whose_layout_they_are_written_in():
    assert OF_PHANTOMS == FINDINGS
    assert Data().labels == FINDINGS == Data(format="phantom").labels


def test_an_experiment_is_checked_without_the_readers():
    script = (
        "import sys, xraykit.config as c;"
        "c.load_experiment({'data': {'format': 'table', 'labels': ['Mass'], 'table': {'image': 'x'}}});"
        "print({'pandas', 'cv2', 'numpy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_a_plug_in_adds_settings_and_default_labels(plugin):
    experiment = load_experiment(plugin, ["data.from_a_plugin.scanner=mobile"])
    assert experiment.data.labels == ("Mass", "Nodule")
    assert experiment.data.settings.scanner == "mobile"
    assert experiment.data.settings.slices == 3
    assert load_experiment(experiment.values()) == experiment
    assert "Ask first." in licence_note(experiment)


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("from_a_plugin", {"slizes": 3}, r"data\.from_a_plugin\.slizes: unknown key\. Did you mean 'slices'"),
        ("from_a_plugin", {"slices": "x"}, r"data\.from_a_plugin\.slices: expected a whole number"),
        ("from_a_plugin", None, r"data\.from_a_plugin: expected a section with its own keys"),
        ("from_a_plug", {"slices": 1}, r"data\.from_a_plug: unknown key\. Did you mean 'from_a_plugin'"),
        ("phantom", {"patience": 30}, r"data\.phantom\.patience: unknown key\. Did you mean 'patients'"),
    ],
)
def test_wrong_settings_are_refused_also_those_of_another_format(plugin, key, value, reason):
    with pytest.raises(ExperimentError, match=reason):
        load_experiment({**plugin, "data": {**plugin["data"], key: value}})


def test_an_experiment_of_a_plug_in_can_be_read_without_it():
    values = {"data": {"format": "of_a_stranger", "labels": ["Mass"], "of_a_stranger": {"key": 1}}}
    assert load_experiment(values, plugins=()).values()["data"]["of_a_stranger"] == {"key": 1}
    with pytest.raises(ExperimentError, match="Unknown data format 'of_a_stranger'"):
        load_experiment(values)


def test_an_error_inside_a_plug_in_names_the_plug_in_and_the_line(plugin):
    data = load_experiment(plugin).data
    with pytest.raises(
        RegistryError,
        match=r"'from_a_plugin' of the plug-in .*my_format.* NotImplementedError: of any \(my_format\.py, line 12\)",
    ):
        read_catalog(data)


def test_an_error_that_a_plug_in_raises_on_purpose_stays_as_it_is():
    @register_format("strict")
    def read(data):
        raise DataError("labels.csv, line 3: no patient.")

    with pytest.raises(DataError, match=r"^labels\.csv, line 3: no patient\.$"):
        read_catalog(Data(format="strict", labels=("Mass",)))


def test_a_plain_function_still_is_a_format():
    @register_format("plain")
    def read(data):
        return _catalog(data)

    data = Data(format="plain")
    assert data.labels == FINDINGS, "as in earlier versions"
    assert data.settings is None
    assert len(read_catalog(data)) == 1
    assert load_boxes(data) == Boxes()


def test_boxes_of_a_plug_in_are_read_and_checked():
    boxes = Boxes({("a.png", "Mass"): [(0.1, 0.2, 0.3, 0.4)]}, "boxes.json")
    register_format(DataFormat("boxed", _catalog, ("Mass",), boxes=lambda data: boxes))
    register_format(DataFormat("wrongly_boxed", _catalog, ("Mass",), boxes=lambda data: {}))
    assert len(load_boxes(Data(format="boxed"))) == 1
    with pytest.raises(DataError, match=r"must return xraykit\.registry\.Boxes. Received: dict"):
        load_boxes(Data(format="wrongly_boxed"))


def test_the_schema_knows_the_settings_of_all_formats(plugin):
    class Own(Section):
        depth: int = 1

    register_format(DataFormat("in_the_schema", _catalog, settings=Own))
    known = schema()
    assert valid(
        {"data": {"in_the_schema": {"depth": 3}, "phantom": {"size": 64}, "table": {"image": "x"}}}, known, known
    )
    assert not valid({"data": {"in_the_schema": {"deep": 3}}}, known, known)
    assert not valid({"data": {"in_the_skema": {"depth": 3}}}, known, known)


def test_experiments_contain_the_phantom_section_as_in_earlier_versions():
    """The name of a study depends on it."""
    assert load_experiment({"name": "x"}).values()["data"]["phantom"]["patients"] == 400
    assert "table" not in load_experiment({"name": "x"}).values()["data"]
