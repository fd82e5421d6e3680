"""The pages of an external validation and of a recalibration in a real browser."""

import pytest

import xraykit
from tests.report.browser import DESKTOP, NOT_DECODED, PHONE, STICKING_OUT, chromium, open_page
from xraykit.recalibrate.__main__ import main as recalibrate

pytestmark = [pytest.mark.slow, pytest.mark.process]


def test_pages_fit_on_a_phone_and_a_desktop_and_ask_for_nothing_else(trained, other, tmp_path):
    evaluation = xraykit.evaluate_on(trained, other, to=tmp_path / "page", resamples=200)
    words = ["--to", str(tmp_path / "again"), "--method", "none", "--resamples", "0"]
    assert recalibrate([str(trained), str(evaluation.folder), *words]) == 0
    with chromium() as driver:
        for page in (evaluation.files.report, tmp_path / "again" / "report.html"):
            for width in (PHONE, DESKTOP):
                complaints, asked = open_page(driver, page, width)
                assert not complaints
                assert all(address.startswith(("file:", "data:")) for address in asked)
                assert not driver.execute_script(STICKING_OUT), (page, width)
                assert not driver.execute_script(NOT_DECODED), (page, width)
