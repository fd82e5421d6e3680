"""Made-up runs and their pages, made once for all tests of a worker."""

import shutil

import pytest

from tests.report.made_up_run import made_up_run
from xraykit.runs.folder import RunFolder

HOSTILE = ("<script>alert(1)</script>", 'Mass" onload="alert(2)', "Edema & <b>more</b>", "Hernia")


@pytest.fixture(scope="session")
def full_run(tmp_path_factory):
    """A run of 14 findings with everything in it."""
    return made_up_run(tmp_path_factory.mktemp("runs") / "made-up" / "20260102-030405")


@pytest.fixture(scope="session")
def hostile_run(tmp_path_factory):
    """A run of four findings whose names look like HTML."""
    return made_up_run(tmp_path_factory.mktemp("runs") / "<i>evil" / "1", HOSTILE, seed=1, resamples=200)


@pytest.fixture
def small_run(hostile_run, tmp_path):
    """A copy of :func:`hostile_run` that may be changed."""
    shutil.copytree(hostile_run.path, tmp_path / "<i>evil" / "1")
    return RunFolder(tmp_path / "<i>evil" / "1")
