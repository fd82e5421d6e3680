"""Report and comparison in a real browser: what a reader sees, on a screen, on a phone and on paper."""

import base64
import re
from contextlib import contextmanager

import pytest

from tests.report.browser import A4, DESKTOP, NOT_DECODED, PHONE, STICKING_OUT, TOO_PALE, chromium, open_page
from tests.report.conftest import HOSTILE
from tests.report.made_up_run import GALLERY
from tests.search.records import searched, study
from xraykit.data.formats.nih import FINDINGS
from xraykit.report import write_comparison, write_report
from xraykit.search.results.page import write_page
from xraykit.search.results.pictures import draw_search

pytestmark = pytest.mark.process

SECTIONS = (
    *("glance", "findings", "operating-points", "calibration", "decision-curves", "subgroups", "shortcuts"),
    *("localisation", "heat-maps", "training", "search", "data", "model-card", "methods", "experiment"),
    "not-shown",
)


@pytest.fixture(scope="module")
def browser():
    with chromium() as driver:
        yield driver


@pytest.fixture(scope="module")
def pages(browser, full_run, hostile_run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    return {
        "report": write_report(full_run, folder / "report.html"),
        "hostile": write_report(hostile_run, folder / "hostile.html"),
        "comparison": write_comparison([full_run, hostile_run, full_run], folder / "comparison.html"),
        "search": _search_page(folder / "search.html"),
    }


def _search_page(path):
    search = searched()
    trials = study(search, 15)
    write_page(search, trials, draw_search(search, trials, path.parent / "plots"), path, "Search: made-up")
    return path


@contextmanager
def media(browser, kind, scheme):
    """The page as on a screen or on paper, for a reader who prefers a light or a dark scheme."""
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": kind, "features": features})
    try:
        yield
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": []})


def test_the_checks_find_what_they_look_for(browser, tmp_path):
    page = tmp_path / "faulty.html"
    page.write_text(
        "<meta name='viewport' content='width=device-width'>"
        "<img src='http://127.0.0.1:9/x.png' alt='far'><div style='width: 400px'>wide</div>"
        "<div class='wide' style='overflow: auto'><div style='width: 900px'>scrolls</div></div>"
        "<p style='color: #aaa'>pale</p><p>plain</p>"
    )
    said, asked = open_page(browser, page, PHONE)
    assert any(not address.startswith(("file:", "data:")) for address in asked)
    assert said != []
    assert browser.execute_script(NOT_DECODED) == ["far"]
    assert [each[:25] for each in browser.execute_script(STICKING_OUT)] == ['<div style="width: 400px"']
    assert [each[-8:] for each in browser.execute_script(TOO_PALE)] == ["pale</p>"]


@pytest.mark.parametrize("page", ["report", "hostile", "comparison", "search"])
def test_a_page_opens_without_errors_and_asks_for_nothing_outside_itself(browser, pages, page):
    said, asked = open_page(browser, pages[page])
    assert said == []
    assert asked[0] == pages[page].resolve().as_uri()
    assert all(address.startswith("data:") for address in asked[1:])
    assert browser.execute_script(NOT_DECODED) == []


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
@pytest.mark.parametrize("page", ["report", "hostile", "comparison", "search"])
def test_nothing_overflows(browser, pages, page, width):
    open_page(browser, pages[page], width)
    root = "return [document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    assert browser.execute_script(root) == [width, width]
    assert browser.execute_script(STICKING_OUT) == []


def test_every_section_and_every_figure_is_there(browser, pages):
    open_page(browser, pages["report"])
    ids = browser.execute_script("return [...document.querySelectorAll('main > section')].map(each => each.id)")
    assert ids == list(SECTIONS)
    links = browser.execute_script("return [...document.querySelectorAll('nav a')].map(each => each.hash.slice(1))")
    assert links == list(SECTIONS)
    pictures = browser.execute_script("return [...document.images].map(each => each.alt)")
    for name in (
        "roc curves",
        "precision recall",
        "Reliability curves",
        "Decision curves",
        "Loss",
        "Bar chart",
        "Plot of the search",
    ):
        assert sum(alt.startswith(name) for alt in pictures) == 1, name
    assert sum("map for" in alt for alt in pictures) >= 3 * GALLERY
    curves = browser.execute_script("return document.querySelectorAll('#findings svg.curve').length")
    bars = browser.execute_script("return document.querySelectorAll('#findings svg.bar circle').length")
    # A bar for each estimable finding and for both macro means.
    assert (curves, bars) == (len(FINDINGS) - 1, len(FINDINGS) + 1)
    assert browser.execute_script("return document.body.innerText.includes('secret-')") is False


@pytest.mark.parametrize("page", ["report", "comparison", "search"])
def test_dark_mode_is_dark_with_enough_contrast_and_light_figures_and_paper_stays_light(browser, pages, page):
    ground = "return getComputedStyle(document.body).backgroundColor"
    figures = """return [...document.querySelectorAll('figure:not(.card) img')]
        .map(each => getComputedStyle(each).backgroundColor)"""
    open_page(browser, pages[page])
    with media(browser, "screen", "dark"):
        assert browser.execute_script(ground) == "rgb(18, 24, 30)"
        assert browser.execute_script(TOO_PALE) == []
        assert set(browser.execute_script(figures)) <= {"rgb(247, 248, 249)"}
    with media(browser, "print", "dark"):
        assert browser.execute_script(ground) == "rgb(255, 255, 255)"
        assert browser.execute_script(TOO_PALE) == []
    with media(browser, "screen", "light"):
        assert browser.execute_script(ground) == "rgb(255, 255, 255)"


@pytest.mark.parametrize("page", ["report", "comparison", "search"])
def test_it_can_be_read_by_those_who_see_little_or_nothing(browser, pages, page):
    open_page(browser, pages[page])
    assert browser.execute_script(TOO_PALE) == []
    assert browser.execute_script("return [...document.images].filter(each => !each.alt.trim()).length") == 0
    nameless = "return [...document.querySelectorAll('svg')].filter(each => !each.getAttribute('aria-label')).length"
    assert browser.execute_script(nameless) == 0
    heads = """return [...document.querySelectorAll('table')].filter(table => !table.caption ||
        [...table.tHead.rows[0].cells].some(each => each.scope !== 'col') ||
        [...table.tBodies[0].rows].some(row => row.cells[0].scope !== 'row' ||
                                               row.cells.length !== table.tHead.rows[0].cells.length)).length"""
    assert browser.execute_script(heads) == 0
    assert browser.execute_script("return document.documentElement.lang") == "en"


@pytest.mark.parametrize("page", ["report", "comparison"])
def test_it_prints_and_no_table_is_cut_off_on_paper(browser, pages, page):
    open_page(browser, pages[page], A4)
    try:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
        cut = f"return [...document.querySelectorAll('table, img')].filter(each => each.offsetWidth > {A4})"
        assert browser.execute_script(f"{cut}.map(each => (each.caption || each).outerHTML.slice(0, 200))") == []
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    printed = browser.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True, "printBackground": True})
    leaves = re.findall(rb"/Type\s*/Page\b", base64.b64decode(printed["data"]))
    assert len(leaves) >= (8 if page == "report" else 1)


def test_a_metric_is_copied_with_its_interval(browser, pages):
    open_page(browser, pages["report"])
    copied = browser.execute_script(
        """const cell = document.querySelector('#findings tbody td'), range = document.createRange();
        range.selectNodeContents(cell);
        getSelection().removeAllRanges();
        getSelection().addRange(range);
        return getSelection().toString()"""
    )
    assert re.fullmatch(r"0\.\d{3} \(0\.\d{3}–[01]\.\d{3}\)", copied.split("\n")[0])


def test_names_that_look_like_html_stay_text(browser, pages):
    open_page(browser, pages["hostile"])
    assert (
        browser.execute_script("return document.scripts.length + document.querySelectorAll('b, [onload]').length") == 0
    )
    heads = "return [...document.querySelectorAll('#findings tbody th')].map(each => each.textContent)"
    assert browser.execute_script(heads) == [*HOSTILE, "Macro mean", "Macro mean, enough cases"]
