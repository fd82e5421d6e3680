"""The experiment files that are shipped, and what the README says of them."""

import re
from pathlib import Path

import pytest

from xraykit.config import load_experiment
from xraykit.config.search.section import SHIPPED_SPACE
from xraykit.registry import FORMATS

ROOT = Path(__file__).resolve().parents[1]
FILES = sorted((ROOT / "experiments").glob("*.yaml"))
RECIPES = sorted((ROOT / "experiments" / "recipes").glob("*.yaml"))
TINY = ROOT / "tests" / "tiny_backbone.py"


def test_the_promised_experiments_are_shipped():
    """Those of the collection that is the default, and one for each other format."""
    of_formats = {name for name in FORMATS.builtins if name not in {"nih", "phantom", "table"}} | {"hospital"}
    others = {"quickstart", "densenet", "mobilenet", "inception_resnet", "mixed", "folds"}
    assert {path.stem for path in FILES} == others | of_formats


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_each_opens_with_the_command_that_runs_it_and_is_valid(path):
    experiment = load_experiment(path)
    assert f"python -m xraykit.run experiments/{path.name}" in path.read_text()
    assert experiment.name == path.stem
    assert experiment.model.weights is None


def test_the_promised_recipes_are_shipped():
    assert {path.stem for path in RECIPES} == {"scratch", "fine_tune", "small_data"}


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_each_recipe_opens_with_the_command_that_runs_it_and_is_valid(path):
    experiment = load_experiment(path)
    assert f"python -m xraykit.run experiments/recipes/{path.name} data.root=/data/nih" in path.read_text()
    assert experiment.name == path.stem
    assert (experiment.model.weights is None) is (path.stem != "fine_tune")
    assert experiment.without_effect == {}


@pytest.mark.slow
@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_each_recipe_trains(path, small_nih, tmp_path):
    from xraykit.training import trainer_for

    overrides = [
        f"plugins=[{TINY}]",
        f"data.root={small_nih}",
        "data.labels=[Atelectasis, Effusion, Infiltration]",
        "data.split.method=patient",
        "data.image_size=32",
        "model.backbone=tiny",
        "training.epochs=3",
        f"output.root={tmp_path}",
    ]
    if path.stem == "fine_tune":
        weights = tmp_path / "model.keras"
        trainer_for(load_experiment(path, [*overrides, "model.weights=none", "training.trainer=scratch"])).build().save(
            weights
        )
        overrides.append(f"model.weights={weights}")
    trainer = trainer_for(load_experiment(path, overrides))
    fit = trainer.fit(trainer.build(), trainer.load(), None, lambda row: None)
    assert len(fit.history) == 3
    assert fit.score > 0.5
    assert len({row["stage"] for row in fit.history}) == (2 if path.stem == "fine_tune" else 1)


@pytest.mark.parametrize("name", ["densenet", "mobilenet", "inception_resnet"])
def test_the_real_ones_search_the_shipped_space(name):
    experiment = load_experiment(ROOT / "experiments" / f"{name}.yaml")
    assert experiment.data.format == "nih"
    assert experiment.search.space == SHIPPED_SPACE


def test_the_readme_names_only_files_that_exist():
    text = (ROOT / "README.md").read_text()
    for name in re.findall(r"(?:experiments|docs|benchmarks)/[\w/.-]+\.(?:yaml|png|md|py)", text):
        assert (ROOT / name).is_file(), name


MEASURED = [path for path in FILES if "test macro ROC AUC" in path.read_text(encoding="utf-8")]


@pytest.mark.parametrize("path", MEASURED, ids=lambda path: path.stem)
def test_a_measured_result_is_the_one_in_the_documents(path):
    head = re.sub(r"\s*\n#\s*", " ", path.read_text(encoding="utf-8"))
    result = re.search(r"test macro ROC AUC (0\.\d+) \(95 % interval (0\.\d+-0\.\d+)", head)
    documents = [ROOT / "README.md", ROOT / "docs" / "ensembles.md"]
    written = "".join(document.read_text(encoding="utf-8") for document in documents)
    assert f"| macro mean | {result[1]} ({result[2]}) |" in written


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_the_head_of_a_recipe_says_what_was_measured_or_that_nothing_was(path):
    head = re.sub(r"\s*\n#\s*", " ", path.read_text(encoding="utf-8"))
    results = re.findall(r"(0\.\d+) \((?:95 % interval )?(0\.\d+ to 0\.\d+)\)", head)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert results or "Not measured" in head
    for mean, interval in results:
        assert f"| {mean} ({interval}) |" in readme


@pytest.mark.parametrize("path", [*FILES, *RECIPES], ids=lambda path: path.stem)
def test_what_differs_from_the_defaults_is_the_whole_experiment(path):
    experiment = load_experiment(path)
    changed = experiment.shown(everything=False)
    assert load_experiment(changed) == experiment
    assert len(str(changed)) < len(str(experiment.shown()))
