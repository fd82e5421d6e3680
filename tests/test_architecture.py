"""The architecture of the package, read from the folders and the code: which part may import which."""

import ast
import configparser
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "xraykit"
DOCUMENT = ROOT / "docs" / "architecture.md"

LIGHT = {"pydantic", "pydantic_core", "yaml", "typing_extensions"}
# Third-party packages that a module may import at its top; the longest matching name applies.
ALLOWED = {
    "system.records": LIGHT,
    "config": LIGHT,
    "phantoms": {"numpy", "cv2"},
    "phantoms.settings": LIGHT,
    "data": {"numpy", "pandas", "cv2", "tqdm"},
    "check": {"numpy"},
    "data.batches": {"keras", "numpy"},
    "data.formats": LIGHT | {"numpy", "pandas"},
    "data.reading.uncertain": LIGHT,
    "model": {"keras", "numpy"},
    # Imported where TensorFlow is under Keras, when a training begins.
    "model.tensorflow": {"keras", "numpy", "tensorflow"},
    # The same for JAX.
    "model.jax": {"jax", "keras", "numpy"},
    "evaluation": {"numpy", "scipy", "sklearn"},
    "evaluation.predictions": {"numpy", "pandas"},
    "explain": {"keras", "numpy"},
    "input_check": {"numpy", "cv2"},
    "runs.contents": LIGHT,
    "tracking.model_files": LIGHT,
    "runs.evaluations.contents": LIGHT,
    "runs.finished": {"pandas"},
    "runs.folder": {"pandas"},
    "runs.predictions": {"numpy", "pandas"},
    "bundle.contents": LIGHT,
    "bundle": {"keras", "numpy", "pandas", "cv2"},
    "report": {"numpy", "pandas", "matplotlib", "cv2", "jinja2"},
    "worklist": {"numpy", "pandas", "cv2"},
    "review": {"numpy", "pandas"},
    "review.server": LIGHT,
    "evaluate": {"numpy", "pandas"},
    "recalibrate": {"numpy", "pandas", "tqdm"},
    "export.contents": LIGHT,
    "export": {"keras", "numpy"},
    "training": {"keras", "numpy", "pandas", "tqdm"},
    "pipeline": {"keras", "numpy", "pandas"},
    "ensemble": {"keras", "numpy", "pandas"},
    # Imported when something is drawn.
    "search.results": {"optuna"},
    "search.trial_records": {"optuna"},
    # Imported by the name of the engine, when a search begins.
    "search.storage": {"optuna", "sqlalchemy"},
    "search.strategies": {"optuna", "keras_tuner", "numpy", "threadpoolctl"},
    # Imported when a notebook asks for it.
    "search.hypermodel": {"keras", "keras_tuner"},
    "search.optuna_objective": {"optuna"},
    # Imported once the arguments are checked.
    "serve": {"fastapi", "pydantic", "python_multipart", "starlette"},
    "serve.__main__": set(),
    "testing": {"keras", "numpy"},
}


@cache
def _sources():
    return sorted(PACKAGE.rglob("*.py")) + sorted((ROOT / "backbones").rglob("*.py"))


def _module(path):
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@cache
def _tree(path):
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def _modules():
    return {_module(path) for path in _sources()}


def _imports(path, *, top_level_only=False):
    """Full names of the modules that a file imports, also inside functions."""
    for node in _tree(path).body if top_level_only else ast.walk(_tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import; write the full name"
            for name in (f"{node.module}.{alias.name}" for alias in node.names):
                yield name if name in _modules() else node.module


def _folders():
    return [path.parent for path in _sources() if path.name == "__init__.py" and path.parent != ROOT / "backbones"]


def _children(folder):
    """Names of the modules and packages directly in a package."""
    modules = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    return modules | {path.parent.name for path in folder.glob("*/__init__.py")}


def _graph(folder):
    """For each module or package directly in ``folder``, the siblings that it imports."""
    prefix, own = f"{_module(folder)}.", _children(folder)
    graph = {name: set() for name in own}
    for path in _sources():
        if _module(path).startswith(prefix):
            importer = _module(path).removeprefix(prefix).split(".")[0]
            imported = {name.removeprefix(prefix).split(".")[0] for name in _imports(path) if name.startswith(prefix)}
            graph[importer] |= (imported & own) - {importer}
    return graph


def _cycle(graph):
    """The names of one import cycle, or an empty list."""
    left = dict(graph)
    while free := [name for name, imported in left.items() if not imported & set(left)]:
        for name in free:
            del left[name]
    chain = sorted(left)[:1]
    while left and (following := min(left[chain[-1]] & set(left))) not in chain:
        chain.append(following)
    return [*chain[chain.index(following) :], following] if left else []


def test_a_cycle_is_recognised():
    assert _cycle({"a": {"b"}, "b": {"c"}, "c": set()}) == []
    assert _cycle({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": set()}) == ["b", "c", "b"]


@pytest.mark.parametrize("folder", _folders(), ids=_module)
def test_imports_within_a_package_go_one_way(folder):
    assert not _cycle(_graph(folder)), f"{folder} has an import cycle"


def test_the_document_lists_every_package_once_and_above_those_that_import_it():
    table = DOCUMENT.read_text(encoding="utf-8").partition("## The packages")[2].partition("\n## ")[0]
    order = re.findall(r"^\| `(\w+)` \| \S", table, flags=re.MULTILINE)
    graph = _graph(PACKAGE)
    assert sorted(order) == sorted(graph)
    for name, imported in graph.items():
        below = [other for other in imported if order.index(other) > order.index(name)]
        assert not below, f"{DOCUMENT.name} lists {name} above {below}, which it imports"


def test_every_file_that_the_document_names_exists():
    text = DOCUMENT.read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:xraykit|backbones|tests|docs|experiments|benchmarks)/[\w./]*)`", text))
    assert len(named) > 10
    assert not [name for name in named if not (ROOT / name).exists()]


def test_no_module_imports_a_backbone_by_name():
    for path in _sources():
        assert not [name for name in _imports(path) if name.startswith("xraykit.backbones")], path


def test_a_backbone_imports_only_the_registry_and_the_errors():
    for path in (ROOT / "backbones").rglob("*.py"):
        own = {name for name in _imports(path) if name.startswith("xraykit")}
        assert own <= {"xraykit.errors", "xraykit.registry"}, path


@pytest.mark.parametrize("path", _sources(), ids=_module)
def test_heavy_packages_are_imported_only_where_they_are_allowed(path):
    module = _module(path).removeprefix("xraykit.")
    parts = module.split(".")
    prefixes = [".".join(parts[:end]) for end in range(len(parts), 0, -1)]
    allowed = next((ALLOWED[prefix] for prefix in prefixes if prefix in ALLOWED), set())
    for name in _imports(path, top_level_only=True):
        package = name.split(".")[0]
        if package not in sys.stdlib_module_names and package != "xraykit":
            assert package in allowed, f"{module} imports {package} at its top"


TENSORFLOW = {
    "export.conversion",
    "export.runtimes",
    "model.backend.devices",
    "model.backend.facts",
    "model.backend.functions",
    "model.backend.inference",
    "model.backend.preparation",
    "model.devices",
    "model.library_internals",
    "model.tensorflow.fused",
    *(f"model.tensorflow.mirrored.{name}" for name in ("copy", "group", "layers", "rows", "seeds", "step")),
    "model.tensorflow.steps",
    "model.tensorflow.unread",
}
JAX = {
    "model.backend.facts",
    "model.backend.functions",
    "model.devices",
    "model.jax.sharded",
    "model.library_internals",
    "system.processes.joining",
}


@pytest.mark.parametrize(("package", "importers"), [("tensorflow", TENSORFLOW), ("jax", JAX)])
def test_a_framework_is_imported_only_by_its_own_modules(package, importers):
    found = {_module(path) for path in _sources() if package in {name.split(".")[0] for name in _imports(path)}}
    assert found == {f"xraykit.{name}" for name in importers}


def test_modules_that_run_on_other_frameworks_do_not_import_those_of_tensorflow_at_the_top():
    steps = tuple(f"xraykit.model.tensorflow.{name}" for name in ("fused", "mirrored", "steps"))
    for path in _sources():
        if not _module(path).startswith(steps):
            assert not [name for name in _imports(path, top_level_only=True) if name.startswith(steps)], path


def test_no_module_is_longer_than_400_lines():
    for path in _sources():
        lines = len(path.read_text(encoding="utf-8").splitlines())
        assert lines <= 400, f"{path} has {lines} lines; split it"


def _is_a_command(path):
    commands = {"command_line.py", "run.py"}
    return path.name == "__main__.py" or (path.parent.name in {"xraykit", "system"} and path.name in commands)


def test_only_commands_print_and_nothing_asserts():
    for path in _sources():
        for node in ast.walk(_tree(path)):
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


def test_importing_xraykit_imports_nothing_heavy():
    script = (
        "import xraykit, sys; print({'keras', 'tensorflow', 'pandas', 'mlflow', 'sklearn', 'cv2'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_every_folder_of_the_package_is_installed():
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    listed = set(config["options"]["packages"].split())
    packages = {_module(path) for path in _sources() if path.name == "__init__.py"}
    # setup.py adds the backbones.
    assert listed == packages - {"backbones"}


def test_a_checkout_has_its_backbones_whether_installed_editable_or_not():
    script = (
        "import sys\n"
        "sys.meta_path = [finder for finder in sys.meta_path if 'editable' not in repr(finder).lower()]\n"
        "import xraykit.backbones.densenet\n"
        "print(xraykit.backbones.densenet.__file__)"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == str(ROOT / "backbones" / "densenet.py"), done.stderr
