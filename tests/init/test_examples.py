"""`xraykit init --example NAME`: the example experiments, which an installed package contains."""

import json
from pathlib import Path

import pytest

from xraykit.config import load_experiment
from xraykit.init.__main__ import main
from xraykit.init.examples import examples

ROOT = Path(__file__).resolve().parents[2]


def test_every_experiment_of_the_repository_is_an_example(capsys):
    files = {path.relative_to(ROOT / "experiments").with_suffix("") for path in (ROOT / "experiments").rglob("*.yaml")}
    assert {Path(example.name) for example in examples()} == files
    assert main(["--list"]) == 0
    text = capsys.readouterr().out
    assert all(f"{example.name} " in text for example in examples())
    assert max(map(len, text.splitlines())) <= 80
    assert main(["--list", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)["examples"]
    assert {each["name"] for each in listed} == {example.name for example in examples()}
    assert all(each["description"] for each in listed)


@pytest.mark.parametrize("name", ["quickstart", "recipes/fine_tune", "fine_tune", "experiments/quickstart.yaml"])
def test_an_example_is_copied_with_the_commands_for_the_copy(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["--example", name]) == 0
    [copied] = tmp_path.iterdir()
    assert f"xraykit check {copied.name}" in capsys.readouterr().out
    original = next(each for each in examples() if each.path.name == copied.name)
    assert load_experiment(copied.name) == load_experiment(original.path)
    text = copied.read_text()
    assert f"#   xraykit run {copied.name}" in text
    assert "experiments/" not in text.partition("\nname:")[0]


def test_an_existing_file_stays(tmp_path, capsys):
    file = tmp_path / "mine.yaml"
    file.write_text("name: mine\n")
    assert main(["--example", "quickstart", "--to", str(file)]) == 2
    assert "exists already" in capsys.readouterr().err
    assert file.read_text() == "name: mine\n"
    assert main(["--example", "quickstart", "--to", str(file), "--overwrite", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["experiment"] == str(file)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--example", "quikstart"], "Unknown example 'quikstart'. Did you mean 'quickstart'?"),
        ([], "Expected: a folder of radiographs, or --example NAME"),
        (["folder", "--list"], "Expected: a folder of radiographs, or --example NAME"),
    ],
)
def test_mistakes_are_reported(words, message, capsys):
    assert main(words) == 2
    assert message in capsys.readouterr().err
