"""The names that ``import xraykit`` gives: they exist, type checkers know them, and nothing else is importable."""

import ast
import importlib
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

import xraykit

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = sorted(
    path.parent.relative_to(ROOT).as_posix().replace("/", ".") for path in (ROOT / "xraykit").rglob("__init__.py")
)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_exists_and_no_module_hides_one_that_is_imported_later(package):
    module = importlib.import_module(package)
    for name in getattr(module, "__all__", ()):
        assert getattr(module, name) is not None
        if hasattr(module, "__getattr__"):
            assert importlib.util.find_spec(f"{package}.{name}") is None, f"{name} is also a module of {package}"


BYPASSES = {
    # A module has the name of what it defines.
    ("xraykit", "xraykit.search.hypermodel"),
    ("xraykit", "xraykit.search.optuna_objective"),
    ("xraykit.recalibrate.sample", "xraykit.data.reading.patient_ids"),
    # Imported where TensorFlow is under Keras, when a training begins.
    ("xraykit.training.trainee", "xraykit.model.tensorflow.steps"),
    ("xraykit.training.trainee", "xraykit.model.tensorflow.unread"),
}


def test_a_package_is_imported_by_its_public_names():
    bypasses = set()
    for path in (ROOT / "xraykit").rglob("*.py"):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("xraykit."):
                package = ".".join(node.module.split(".")[:2])
                own = package == ".".join(module.split(".")[:2])
                if not own and package in PACKAGES and node.module not in PACKAGES:
                    bypasses.add((module, node.module))
    assert bypasses <= BYPASSES, "import these names from the package; where it lacks one, add it to its __init__.py"


def test_a_name_that_does_not_exist_is_reported_with_those_that_do():
    with pytest.raises(AttributeError, match=r"xraykit has no 'lod_model'\. Public names: Catalog, .*load_model"):
        xraykit.lod_model  # noqa: B018


def test_completion_shows_the_public_names_alone():
    assert dir(xraykit) == sorted(xraykit.__all__)


@pytest.mark.parametrize("name", ["xraykit.xraykit", "xraykit.tests", "xraykit.benchmarks", "xraykit.setup"])
def test_only_the_backbones_of_a_checkout_are_part_of_the_package(name):
    assert importlib.util.find_spec("xraykit.backbones") is not None
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module(name)


@pytest.mark.slow
def test_type_checkers_know_the_public_names(tmp_path):
    pytest.importorskip("mypy")
    script = tmp_path / "script.py"
    names = [name for name in xraykit.__all__ if name != "__version__"]
    lines = ["import xraykit", *(f"reveal_type(xraykit.{name})" for name in names), "xraykit.lod_model"]
    script.write_text("\n".join(lines))
    # Without the settings of this repository, and in seconds: without the types of other packages.
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--config-file=",
        "--no-site-packages",
        f"--cache-dir={tmp_path}",
        str(script),
    ]
    environment = {**os.environ, "MYPYPATH": str(ROOT)}
    ended = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, env=environment)
    reported = [line for line in ended.stdout.splitlines() if line.startswith("script.py")]
    for number, name in enumerate(names, start=2):
        [note] = [line for line in reported if line.startswith(f"script.py:{number}:")]
        assert "Revealed type is" in note
        assert '"Any"' not in note, name
    assert any('no attribute "lod_model"' in line for line in reported)
