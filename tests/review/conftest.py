"""One run on more than 500 phantoms, one server and one browser for all tests of a worker."""

import pytest

from tests.report.browser import chromium


@pytest.fixture(scope="session")
def run_of_500(tmp_path_factory):
    """The folder of a finished run whose test part has more than 500 phantoms."""
    from tests.review.made_up_run import write_run

    return write_run(tmp_path_factory.mktemp("review"))


@pytest.fixture(scope="session")
def browser():
    with chromium() as driver:
        yield driver


@pytest.fixture(scope="session")
def open_review(run_of_500, tmp_path_factory):
    """A served review of the run, and its session."""
    pytest.importorskip("fastapi")
    from xraykit.review.building import ReviewSettings, session_of_run
    from xraykit.review.serving import served
    from xraykit.runs import FinishedRun

    session = session_of_run(
        FinishedRun.open(run_of_500.path), ReviewSettings(tmp_path_factory.mktemp("readings") / "review")
    )
    with served(session) as server:
        yield server, session


@pytest.fixture
def small(tmp_path):
    """A function that serves a small review without a network; all end with the test."""
    from contextlib import ExitStack

    from tests.review.small import small_session
    from xraykit.review.serving import served

    with ExitStack() as stack:

        def serve(**kind):
            session = small_session(tmp_path, **kind)
            return stack.enter_context(served(session)), session

        yield serve
