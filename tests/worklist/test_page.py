"""The worklist in a real browser; without one, what needs it is left out."""

import csv
import json
import shutil
import time

import numpy as np
import pandas as pd
import pytest

from tests.worklist.made_up_run import LABELS, SPLIT, write_run
from xraykit.runs.finished import FinishedRun
from xraykit.worklist import COLUMNS, disagreements, read_corrections, write_worklist
from xraykit.worklist.page import why_listed

pytestmark = pytest.mark.process

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return FinishedRun.open(write_run(tmp_path_factory.mktemp("worklist") / "run", resamples=0).path)


@pytest.fixture(scope="module")
def page(run):
    write_worklist(
        run.files, run.predictions(), run.decision_rule(), pictures, split="<script>alert(1)</script>", limit=9
    )
    return run.files.worklist_page


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    if not (CHROMIUM and DRIVER):
        pytest.skip("there is no Chromium with its driver: Debian's packages chromium and chromium-driver")
    webdriver = pytest.importorskip("selenium.webdriver")
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=1200,3000"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    yield driver
    driver.quit()


def pictures(part, images):
    """A different grey for each radiograph; any other part than the test part is a fault."""
    if part != "test":
        raise KeyError(part)
    return np.stack([np.full((32, 32), int(image[:5]) % 256, np.uint8) for image in images])


def test_the_table_is_the_list_of_disagreements_to_be_filled_in(run, page):
    cases = disagreements(run.predictions(), run.decision_rule().thresholds, LABELS, 9)
    table = pd.read_csv(run.files.worklist)
    assert tuple(table.columns) == COLUMNS
    assert table["image"].tolist() == cases["image"].tolist()
    assert table[["corrected", "remark"]].isna().all().all()


def test_no_patient_stands_on_the_page_or_in_the_table(run, page):
    for text in (page.read_text(), run.files.worklist.read_text()):
        assert not [patient for patient in set(run.predictions()["patient"]) if patient in text]


def test_without_pictures_there_is_a_table_but_no_page(run, tmp_path):
    from xraykit.runs.folder import RunFolder

    folder = RunFolder(tmp_path)
    write_worklist(folder, run.predictions(), run.decision_rule(), None, split=SPLIT)
    assert folder.worklist.is_file()
    assert not folder.worklist_page.exists()


def test_the_reason_names_label_probability_threshold_and_chance():
    assert why_listed("Pleural_Thickening", 0, 0.875, 0.25, 3.0) == (
        "Pleural Thickening is given as absent; the model's probability is 88 %, at or above its operating point "
        "(25 %). The model gave this label a probability of 12 %: a surprise of 3.0 bits."
    )
    assert "probability of less than 0.01 %: a surprise of 20.0 bits" in why_listed("Mass", 1, 2**-20, 0.25, 20.0)


def test_the_page_opens_without_errors_and_without_requests(page, browser):
    browser.get_log("performance")
    browser.get(page.as_uri())
    assert browser.get_log("browser") == []
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    asked = [each["params"]["request"]["url"] for each in messages if each["method"] == "Network.requestWillBeSent"]
    assert asked
    assert all(url.startswith(("file:", "data:")) for url in asked)
    assert browser.execute_script("return [...document.images].map((image) => image.naturalWidth)") == [32] * 9
    assert "<script>alert(1)</script>" in browser.find_element("tag name", "body").text


def test_nothing_overflows_on_a_phone(page, browser):
    size = {"width": 375, "height": 800, "deviceScaleFactor": 1, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.get(page.as_uri())
    root = "document.documentElement"
    assert browser.execute_script(f"return {root}.scrollWidth <= {root}.clientWidth")
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_what_is_filled_in_on_the_page_is_saved_as_a_table_that_can_be_fed_back(run, page, browser, tmp_path):
    to = {"behavior": "allow", "downloadPath": str(tmp_path)}
    browser.execute_cdp_cmd("Browser.setDownloadBehavior", to)
    browser.get(page.as_uri())
    first, second = browser.find_elements("class name", "case")[:2]
    first.find_element("css selector", "input[value='1']").click()
    first.find_element("css selector", "input[type=text]").send_keys('large, "round"')
    second.find_element("css selector", "input[value='0']").click()
    browser.find_element("id", "save").click()
    saved, until = tmp_path / "reviewed.csv", time.monotonic() + 10
    while not saved.is_file() and time.monotonic() < until:
        time.sleep(0.05)
    rows = list(csv.DictReader(saved.open(newline="")))
    assert tuple(rows[0]) == COLUMNS
    assert [row["corrected"] for row in rows] == ["1", "0", *[""] * 7]
    assert rows[0]["remark"] == 'large, "round"'
    decided = read_corrections(saved, run.predictions(), LABELS).table
    assert decided["image"].tolist() == pd.read_csv(run.files.worklist)["image"].tolist()[:2]


@pytest.fixture
def filled_in(page, browser):
    """The page with two decisions and a remark."""
    browser.get(page.as_uri())
    browser.execute_script("localStorage.clear()")
    browser.get(page.as_uri())
    assert browser.find_element("id", "count").text == "0 of 9 decided"
    first, second = browser.find_elements("class name", "case")[:2]
    first.find_element("css selector", "input[value='1']").click()
    first.find_element("css selector", "input[type=text]").send_keys('large, "round"')
    second.find_element("css selector", "input[value='0']").click()
    yield page
    browser.execute_script("localStorage.clear()")


def decisions(browser):
    script = "return [...document.querySelectorAll('input[type=radio]:checked')].map((radio) => radio.value)"
    return browser.execute_script(script)


def test_a_reload_keeps_all_decisions_and_counts_them(filled_in, browser):
    assert browser.find_element("id", "count").text == "2 of 9 decided"
    browser.get("about:blank")
    browser.get(filled_in.as_uri())
    assert decisions(browser) == ["1", "0", *[""] * 7]
    assert browser.find_element("css selector", "input[type=text]").get_property("value") == 'large, "round"'
    assert browser.find_element("id", "count").text == "2 of 9 decided"
    assert "kept in this browser" in browser.find_element("id", "kept").text


def test_the_decisions_of_other_cases_are_not_taken_over(filled_in, run, browser, tmp_path):
    from xraykit.runs.folder import RunFolder

    other = RunFolder(tmp_path)
    write_worklist(other, run.predictions(), run.decision_rule(), pictures, split=SPLIT, limit=8)
    browser.get(other.worklist_page.as_uri())
    assert decisions(browser) == [""] * 8


def test_what_is_discarded_is_gone(filled_in, browser):
    browser.find_element("id", "discard").click()
    browser.switch_to.alert.accept()
    assert browser.find_element("id", "count").text == "0 of 9 decided"
    browser.get(filled_in.as_uri())
    assert decisions(browser) == [""] * 9


def test_a_browser_that_keeps_nothing_says_so(page, browser):
    browser.get(page.as_uri())
    browser.execute_script("Storage.prototype.setItem = () => { throw new DOMException('denied'); };")
    browser.find_element("css selector", ".case input[value='1']").click()
    assert "keeps nothing" in browser.find_element("id", "kept").text
    assert browser.find_element("id", "count").text == "1 of 9 decided"


def test_a_finding_without_an_operating_point_is_named_as_not_covered(run, page):
    """An empty list must not be read as agreement where nothing could be compared."""
    assert run.decision_rule().thresholds["Nodule"] is None
    assert "Not covered, because they have no operating point: Nodule." in page.read_text()
