"""The plan of the house: which room may import which, read from the code itself."""

import ast
import configparser
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# A room imports only rooms above it.
ROOMS = [
    "version",
    "errors",
    "registry",
    "system",
    "config",
    "phantoms",
    "data",
    "model",
    "tracking",
    "evaluation",
    "explain",
    "input_check",
    "runs",
    "bundle",
    "report",
    "worklist",
    "training",
    "search",
    "pipeline",
    "testing",
    "compare",
    "recalibrate",
    "predict",
    "run",
]

LIGHT = {"pydantic", "pydantic_core", "yaml", "typing_extensions"}
ALLOWED = {
    "config": LIGHT,
    "phantoms": {"numpy", "cv2"},
    "data": {"numpy", "pandas", "cv2", "tqdm"},
    "data.batches": {"keras", "numpy"},
    "model": {"keras", "numpy"},
    # Imported where TensorFlow is under Keras, when a training begins.
    "model.tensorflow": {"keras", "tensorflow"},
    "evaluation": {"numpy", "scipy", "sklearn"},
    "evaluation.predictions": {"numpy", "pandas"},
    "explain": {"keras", "numpy"},
    "input_check": {"numpy", "cv2"},
    "runs.folder": {"pandas"},
    "runs.predictions": {"numpy", "pandas"},
    "bundle": {"keras", "numpy", "pandas", "cv2"},
    "report": {"numpy", "pandas", "matplotlib", "cv2", "jinja2"},
    "worklist": {"numpy", "pandas", "cv2"},
    "recalibrate": {"numpy", "pandas", "tqdm"},
    "training": {"keras", "numpy", "pandas", "tqdm"},
    "pipeline": {"pandas"},
    # Imported when something is drawn.
    "search.results": {"optuna"},
    # Imported by the name of the engine, when a search begins.
    "search.storage": {"optuna", "sqlalchemy"},
    "search.strategies": {"optuna", "keras_tuner", "grpc"},
    "testing": {"keras", "numpy"},
}


def _sources():
    return sorted((ROOT / "xraykit").rglob("*.py")) + sorted((ROOT / "backbones").rglob("*.py"))


def _module(path):
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def _imports(path, *, top_level_only=False):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = tree.body if top_level_only else ast.walk(tree)
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are written in full"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from names if node.module == "xraykit" else [node.module]


@pytest.mark.parametrize("path", _sources(), ids=_module)
def test_a_room_imports_only_rooms_above_it(path):
    module = _module(path)
    if module == "xraykit":
        return
    room = module.split(".")[1] if module.startswith("xraykit.") else "registry"
    own_place = ROOMS.index(room)
    for name in _imports(path):
        if name.startswith("xraykit."):
            other = name.split(".")[1]
            if other == "backbones":
                pytest.fail(f"{module} imports a backbone by name")
            assert ROOMS.index(other) <= own_place, f"{module} imports {name}, a room below it"


@pytest.mark.parametrize("path", _sources(), ids=_module)
def test_heavy_imports_stand_only_where_they_are_allowed(path):
    module = _module(path).removeprefix("xraykit.")
    parts = module.split(".")
    places = [".".join(parts[:end]) for end in range(len(parts), 0, -1)]
    allowed = next((ALLOWED[place] for place in places if place in ALLOWED), set())
    for name in _imports(path, top_level_only=True):
        package = name.split(".")[0]
        if package not in sys.stdlib_module_names and package != "xraykit":
            assert package in allowed, f"{module} imports {package} at its top"


TENSORFLOW = {"model.backend", "model.tensorflow.fused", "model.tensorflow.steps"}


@pytest.mark.parametrize(
    ("package", "rooms"),
    [("tensorflow", TENSORFLOW), ("jax", {"model.backend"})],
)
def test_a_framework_is_imported_in_its_own_rooms_only(package, rooms):
    importers = {_module(path) for path in _sources() if package in {name.split(".")[0] for name in _imports(path)}}
    assert importers == {f"xraykit.{room}" for room in rooms}


def test_no_room_that_runs_on_another_framework_imports_the_ones_of_tensorflow_at_its_top():
    for path in _sources():
        if _module(path) != "xraykit.model.tensorflow.steps":
            assert not {"xraykit.model.tensorflow.fused", "xraykit.model.tensorflow.steps"} & set(
                _imports(path, top_level_only=True)
            ), path


def test_no_module_has_outgrown_its_room():
    for path in _sources():
        lines = len(path.read_text(encoding="utf-8").splitlines())
        assert lines <= 400, f"{path} has {lines} lines: a room to split"


def _is_a_command(path):
    commands = {"command_line.py", "compare.py", "run.py"}
    return path.name == "__main__.py" or (path.parent.name in {"xraykit", "system"} and path.name in commands)


def test_only_the_command_line_prints_and_nothing_asserts():
    for path in _sources():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            assert not isinstance(node, ast.Assert), f"{path}:{node.lineno} asserts"
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
                assert _is_a_command(path), f"{path}:{node.lineno} prints"


def test_one_module_writes_csv():
    for path in _sources():
        if _module(path) != "xraykit.system.spreadsheets":
            assert not re.search(r"\.to_csv\(|csv\.(Dict)?[wW]riter", path.read_text(encoding="utf-8")), path


def test_no_lambda_layers_and_no_class_weight():
    for path in _sources():
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"layers\.Lambda|class_weight\s*=", text), path


def test_importing_xraykit_brings_nothing_heavy():
    script = (
        "import xraykit, sys; print({'keras', 'tensorflow', 'pandas', 'mlflow', 'sklearn', 'cv2'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_every_public_name_can_be_had():
    import xraykit

    for name in xraykit.__all__:
        assert getattr(xraykit, name) is not None


def test_every_folder_of_the_package_is_installed():
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    listed = set(config["options"]["packages"].split())
    there = {_module(path) for path in _sources() if path.name == "__init__.py"}
    assert listed == {"xraykit.backbones" if name == "backbones" else name for name in there}


def test_a_checkout_has_its_backbones_whether_installed_editable_or_not():
    script = (
        "import sys\n"
        "sys.meta_path = [finder for finder in sys.meta_path if 'editable' not in repr(finder).lower()]\n"
        "import xraykit.backbones.densenet\n"
        "print(xraykit.backbones.densenet.__file__)"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == str(ROOT / "backbones" / "densenet.py"), done.stderr
