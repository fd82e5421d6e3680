"""How packages outside the search path are found, and what is done when one is imported."""

import importlib
import sys

import pytest

from xraykit.system.finders import ImportHook, PackageFinder


@pytest.fixture(autouse=True)
def meta_path(monkeypatch):
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    return sys.meta_path


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "__init__.py").write_text("")
    (tmp_path / "elsewhere" / "inside.py").write_text("VALUE = 3")
    (tmp_path / "beside.py").write_text("")
    yield tmp_path / "elsewhere"
    for name in [name for name in sys.modules if name.startswith("found_by_test")]:
        del sys.modules[name]


def test_a_package_and_its_modules_are_found_by_their_own_name_and_nothing_beside_it(folder, meta_path):
    meta_path.append(PackageFinder("found_by_test", folder))
    assert importlib.import_module("found_by_test.inside").VALUE == 3
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("found_by_test.beside")


def test_a_hook_runs_around_the_first_import_alone(folder, meta_path):
    calls = []

    def around(import_it):
        calls.append("before")
        import_it()
        calls.append("after")

    meta_path[:0] = [hook := ImportHook("found_by_test", around)]
    meta_path.append(PackageFinder("found_by_test", folder))
    importlib.import_module("found_by_test")
    assert calls == ["before", "after"]
    assert hook not in meta_path
