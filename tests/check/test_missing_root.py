"""A folder that does not exist: `--check` says where the data of that collection come from."""

import pytest

from xraykit.registry import FORMATS
from xraykit.run import main

READ = [name for name in FORMATS.builtins if not FORMATS.get(name).writes_data]


@pytest.mark.parametrize("name", READ)
def test_the_advice_of_the_collection_is_printed(tmp_path, capsys, name):
    (tmp_path / "e.yaml").write_text(f"data:\n  format: {name}\n  root: {tmp_path / 'gone'}\n")
    assert main([str(tmp_path / "e.yaml"), "--check"]) == 2
    error = " ".join(capsys.readouterr().err.split())
    assert f"There is no folder {tmp_path / 'gone'}" in error
    assert FORMATS.get(name).hints
    assert FORMATS.get(name).hints in error
