"""Public names that are imported when they are first used."""

import importlib
import sys

import pytest

INIT = """
from typing import TYPE_CHECKING

from xraykit.system.lazy import lazy_names

if TYPE_CHECKING:
    from lazy_by_test.one import A as A
    from lazy_by_test.two import B as B
else:
    __getattr__, __dir__, __all__ = lazy_names(__name__)
"""


@pytest.fixture
def package(tmp_path, monkeypatch):
    folder = tmp_path / "lazy_by_test"
    folder.mkdir()
    (folder / "__init__.py").write_text(INIT)
    (folder / "one.py").write_text("A = object()")
    (folder / "two.py").write_text("raise RuntimeError('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module("lazy_by_test")
    for name in [name for name in sys.modules if name.startswith("lazy_by_test")]:
        del sys.modules[name]


def test_a_module_is_imported_when_its_name_is_first_used(package):
    assert (package.__all__, dir(package)) == (["A", "B"], ["A", "B"])
    assert "lazy_by_test.one" not in sys.modules
    assert package.A is sys.modules["lazy_by_test.one"].A
    assert vars(package)["A"] is package.A
    with pytest.raises(RuntimeError, match="imported"):
        package.B  # noqa: B018


def test_an_unknown_name_is_reported_with_the_public_ones(package):
    with pytest.raises(AttributeError, match=r"lazy_by_test has no 'C'\. Public names: A, B\."):
        package.C  # noqa: B018


def test_modules_that_are_no_public_names_can_still_be_imported(package):
    from lazy_by_test import one

    assert one is sys.modules["lazy_by_test.one"]
