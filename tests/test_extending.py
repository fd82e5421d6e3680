"""Every example of docs/extending.md runs and keeps its contract."""

import re
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "extending.md"
SECTIONS = DOCUMENT.read_text(encoding="utf-8").split("\n## ")[1:]

pytestmark = [pytest.mark.slow, pytest.mark.process]


def _example(section):
    [code] = re.findall(r"```python\n(.*?)```", section, flags=re.DOTALL)
    return code


def _write_collection(folder):
    folder.mkdir()
    rows = ["image,patient,sex,age,view,Effusion"]
    for number in range(4):
        picture = np.random.default_rng(number).integers(0, 256, (48, 48), np.uint8)
        cv2.imwrite(str(folder / f"{number}.png"), picture)
        rows.append(f"{number}.png,{number // 2},F,50,PA,{number % 2}")
    (folder / "labels.csv").write_text("\n".join(rows) + "\n")


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.splitlines()[0])
def test_the_example_runs(section, tmp_path):
    _write_collection(tmp_path / "my_collection")
    code = _example(section)
    assert "from xraykit.testing import check_" in code
    (tmp_path / "example.py").write_text(code)
    done = subprocess.run([sys.executable, "example.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.splitlines()[0])
def test_the_example_is_short(section):
    code = [line for line in _example(section).splitlines() if line.strip() and not line.startswith(("import", "from"))]
    assert len(code) <= 20
