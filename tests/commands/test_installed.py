"""An installed package, without the repository: its examples, and the console script."""

import configparser
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ("setup.py", "setup.cfg", "README.md", "LICENSE.md", "xraykit", "backbones", "experiments")


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """What an installation has in its site-packages, as ``setup.py`` builds it, and its console script."""
    pytest.importorskip("setuptools")
    folder = tmp_path_factory.mktemp("installed")
    source, target = folder / "source", folder / "site-packages"
    source.mkdir()
    for name in SOURCES:
        ignored = shutil.ignore_patterns("__pycache__")
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, source / name, **({"ignore": ignored} if copy is shutil.copytree else {}))
    command = [sys.executable, "setup.py", "-q", "build_py", "--build-lib", str(target)]
    subprocess.run(command, cwd=source, check=True, capture_output=True)
    shutil.rmtree(source)
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    name, _, function = config["options.entry_points"]["console_scripts"].strip().partition(" = ")
    module, _, attribute = function.partition(":")
    script = folder / "bin" / name
    script.parent.mkdir()
    script.write_text(f"import sys\nfrom {module} import {attribute}\nsys.exit({attribute}())\n")
    return script, target


def _run(installed, folder, *words):
    script, target = installed
    environment = {**os.environ, "PYTHONPATH": str(target)}
    return subprocess.run(
        [sys.executable, str(script), *words], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.slow
@pytest.mark.process
def test_the_examples_are_installed_and_can_be_checked(installed, tmp_path):
    listed = json.loads(_run(installed, tmp_path, "init", "--list", "--json").stdout)["examples"]
    files = (ROOT / "experiments").rglob("*.yaml")
    assert {each["name"] for each in listed} == {
        path.relative_to(ROOT / "experiments").with_suffix("").as_posix() for path in files
    }
    done = _run(installed, tmp_path, "init", "--example", "quickstart")
    assert (done.returncode, done.stderr) == (0, "")
    assert "  xraykit check quickstart.yaml\n  xraykit run quickstart.yaml" in done.stdout
    # The usage line, too, is as the user typed it.
    assert _run(installed, tmp_path, "check", "--help").stdout.startswith("usage: xraykit check ")
    small = ["data.phantom.patients=40", "data.phantom.images=60"]
    done = _run(installed, tmp_path, "check", "quickstart.yaml", *small)
    assert done.returncode == 0, done.stderr
    assert "# What differs from the defaults" in done.stdout
    assert (tmp_path / "runs" / "quickstart" / "check.png").is_file()
