"""The page in a real browser, on a run of more than 500 phantoms."""

import json
import re
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.report.browser import DESKTOP, STICKING_OUT, TOO_PALE
from tests.review.page import PHONE_OF_390, ReviewPage
from xraykit.data import original_picture
from xraykit.worklist import read_corrections

pytestmark = [pytest.mark.process, pytest.mark.slow]
LEFT, UP, RIGHT, DOWN, ESCAPE = "\ue012", "\ue013", "\ue014", "\ue015", "\ue00c"


@pytest.fixture(scope="module")
def page(browser, open_review):
    server, _ = open_review
    return ReviewPage(browser, server.address)


@pytest.fixture(autouse=True)
def everything_shown(request):
    """The page of the run with all its cases, on a desktop."""
    if "page" in request.fixturenames:
        page = request.getfixturevalue("page")
        page.resize(DESKTOP)
        # What a test that failed left open would fail all others.
        page.run("document.querySelectorAll('dialog[open]').forEach((each) => each.close())")
        page.click("#f-reset")


@pytest.fixture(scope="module")
def session(open_review):
    return open_review[1]


def truth(session):
    """``given``, ``calls`` (NaN where unknown) and ``probabilities`` of all cases, ``(n, L)``."""
    cases = session.cases
    given = np.array([case.given for case in cases.cases])
    calls = [[cases.call(case, column) for column in range(len(cases.labels))] for case in cases.cases]
    return given, np.array(calls, object).astype(float), np.array([case.probabilities for case in cases.cases])


def test_it_opens_with_all_cases_without_errors_and_asks_nobody_else(page, session, browser):
    assert page.listed() == len(session.cases) >= 500
    assert page.errors() == []
    assert "token" not in page.value("location.href")
    asked = page.value("performance.getEntriesByType('resource').map((each) => new URL(each.name).origin)")
    assert set(asked) == {page.value("location.origin")}


def test_the_most_surprising_case_comes_first(page, session):
    given, _, probabilities = truth(session)
    surprise = -np.log2(np.where(given == 1, probabilities, 1 - probabilities))
    first = int(page.value("document.querySelector('#rows .row').dataset.case"))
    assert np.nanmax(surprise[first]) == np.nanmax(surprise)


@pytest.mark.parametrize(
    ("outcome", "given", "call"), [("TP", 1, 1), ("FP", 0, 1), ("FN", 1, 0), ("TN", 0, 0)], ids=["TP", "FP", "FN", "TN"]
)
def test_the_filters_show_the_cases_of_an_outcome(page, session, outcome, given, call):
    labels, calls, _ = truth(session)
    page.click(f"[name=outcome][value={outcome}]")
    matching = (labels == given) & (calls == call)
    assert page.listed() == matching.any(axis=1).sum()
    page.choose("f-finding", 1)
    assert 0 < page.listed() == matching[:, 1].sum() < len(session.cases)


def test_filters_by_call_and_disagreement_and_none_for_a_finding_without_a_threshold(page, session):
    labels, calls, _ = truth(session)
    page.choose("f-finding", 0)
    page.choose("f-call", "present")
    assert page.listed() == (calls[:, 0] == 1).sum()
    page.choose("f-disagree", "label")
    assert page.listed() == ((calls[:, 0] == 1) & (labels[:, 0] == 0)).sum()
    page.choose("f-finding", 2)
    assert page.listed() == 0


def test_flags_of_the_input_check_appear_and_filter(page, session):
    page.wait("document.getElementById('flags-progress').textContent === ''", 300)
    flagged = session.flags.names()
    page.choose("f-flag", "*")
    assert page.listed() == len(flagged)
    page.choose("f-flag", "-")
    assert page.listed() == len(session.cases) - len(flagged)


def test_only_the_rows_in_sight_are_in_the_page_and_all_can_be_reached(page, session):
    assert page.value("document.querySelectorAll('#rows .row').length") < 60
    page.run("document.getElementById('list').focus()")
    for key, at in (("\ue010", -1), ("\ue011", 0)):  # End, Home
        page.driver.switch_to.active_element.send_keys(key)
        page.settled()
        chosen = page.value("document.querySelector('#rows [aria-selected=true]').getAttribute('aria-posinset')")
        assert int(chosen) == (len(session.cases) if at else 1)


def test_the_radiograph_is_drawn_at_its_original_size_with_the_greys_of_the_network(page, session):
    page.press("f")
    number = int(page.value("document.querySelector('#rows [aria-selected=true]').dataset.case"))
    grey = original_picture(session.cases.pictures[session.cases.cases[number].picture].path)
    assert "48 × 48 pixels" in page.value("document.querySelector('#main-pane figcaption').textContent")
    page.click("[data-do=boxes]")
    for x, y in ((0.5, 0.5), (0.26, 0.4), (0.7, 0.3)):
        drawn = page.pixel("main-pane", x, y)
        assert drawn[0] == drawn[1] == drawn[2]
        assert abs(drawn[0] - int(grey[int(48 * y), int(48 * x)])) <= 2
    page.click("[data-do=boxes]")


def test_window_inversion_and_zoom_change_what_is_drawn(page):
    page.press("f")
    page.click("[data-do=boxes]")
    before = page.pixel("main-pane", 0.5, 0.5)[0]
    page.press("i")
    assert page.pixel("main-pane", 0.5, 0.5)[0] == 255 - before
    page.press("i")
    page.choose("centre", 250)
    page.choose("width", 2)
    assert page.pixel("main-pane", 0.5, 0.5)[0] == 0
    assert page.value("document.getElementById('preset').value") == "chosen"
    page.press("0")
    assert page.pixel("main-pane", 0.5, 0.5)[0] == before
    page.press("1")
    assert page.text("width-value") != "256"
    page.press("0")
    fitted = page.text("zoom")
    page.press("+")
    assert page.text("zoom") != fitted
    page.press("o")
    assert page.text("zoom") == "100 %"
    page.press("f")
    assert page.text("zoom") == fitted
    page.click("[data-do=boxes]")


def test_the_prior_of_the_patient_stands_beside_it(page, session):
    cases = session.cases
    with_prior = next(
        number for number, case in enumerate(cases.cases) if sum(earlier for _, earlier in cases.others(case)) > 1
    )
    choose(page, with_prior)
    others = list(cases.others(cases.cases[with_prior]))
    assert page.value("document.getElementById('prior-pane').hidden") is False
    caption = "document.querySelector('#prior-pane figcaption').textContent"
    assert page.value(caption).startswith("earlier radiograph")
    assert f"(1 of {len(others)})" in page.value(caption)
    expected = original_picture(cases.pictures[others[0][0]].path)
    page.press("f")
    page.wait(f"!{caption}.startsWith('Loading')")
    time.sleep(0.3)
    assert abs(page.pixel("prior-pane", 0.5, 0.5)[0] - int(expected[24, 24])) <= 2
    page.press("<")
    page.wait(f"{caption}.includes('(2 of {len(others)})')")
    page.press("v")
    assert page.value("document.getElementById('prior-pane').hidden") is True
    page.press("v")


def choose(page, number):
    """Choose a case by the filters' order as in the data, and its row."""
    page.click("#f-reset")
    page.choose("f-order", "number")
    page.run("document.getElementById('list').scrollTop = arguments[0] * 52", number)
    page.wait(f"document.getElementById('case-{number}')")
    page.run(f"document.getElementById('case-{number}').click()")
    page.wait(f"document.getElementById('case-name').textContent.startsWith('Case {number + 1} ')")
    page.settled()


def test_a_heat_map_of_the_chosen_finding_is_laid_over_it_with_an_opacity(page, session):
    def colours():
        return page.run(
            """const canvas = document.querySelector('#main-pane canvas');
            const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
            let found = 0;
            for (let at = 0; at < data.length; at += 4) if (Math.abs(data[at] - data[at + 2]) > 12) found += 1;
            return found;"""
        )

    page.click("[data-do=boxes]")
    assert colours() == 0
    page.press("h")
    page.wait("!document.querySelector('[data-do=heat]').classList.contains('busy')", 300)
    strong = colours()
    assert strong > 500
    computed = session.heat_maps.computed
    page.choose("opacity", 10)
    assert colours() < strong
    page.press("]")
    assert page.value("document.getElementById('opacity').value") == "15"
    page.choose("opacity", 50)
    page.press(DOWN)
    page.wait("!document.querySelector('[data-do=heat]').classList.contains('busy')", 300)
    page.press(UP)
    page.wait("!document.querySelector('[data-do=heat]').classList.contains('busy')", 300)
    assert session.heat_maps.computed == computed + 1
    page.press("h")
    assert colours() == 0
    page.click("[data-do=boxes]")


def test_boxes_are_drawn_where_they_exist(page, session):
    boxes, labels = session.cases.boxes, session.cases.labels
    cases = enumerate(session.cases.cases)
    number = next(number for number, case in cases if any(boxes.get((case.image, label)) for label in labels))
    blue = """const canvas = document.querySelector('#main-pane canvas');
        const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
        let found = 0;
        for (let at = 0; at < data.length; at += 4) if (data[at + 2] > data[at] + 60) found += 1;
        return found;"""
    choose(page, number)
    assert page.run(blue) > 50
    page.press("b")
    assert page.run(blue) == 0
    page.press("b")


def test_everything_is_read_by_keyboard_and_saved_at_once(page, session, run_of_500):
    choose(page, 30)
    page.run("document.querySelector('#findings .choose').click()")
    page.press("p")
    page.press(DOWN)
    page.press("a")
    page.press("c")
    page.driver.switch_to.active_element.send_keys('small, "left"\n')
    page.driver.switch_to.active_element.send_keys(ESCAPE)
    page.wait("document.getElementById('saved').textContent.startsWith('Saved')")
    page.press(DOWN)
    page.press("u")
    table = pd.read_csv(session.readings.folder / "reviewed.csv", keep_default_na=False)
    labels, image = session.cases.labels, session.cases.cases[30].image
    rows = table[table["image"] == image].set_index("label")
    assert rows.loc[list(labels), "corrected"].tolist() == ["1", "0", ""]
    assert rows.loc[labels[1], "remark"] == 'small, "left"'
    assert page.value("document.querySelector('#case-30 .mark').textContent") == "●"
    from xraykit.runs import FinishedRun

    run = FinishedRun.open(run_of_500.path)
    decided = read_corrections(session.readings.folder / "reviewed.csv", run.predictions(), run.labels)
    assert dict(decided.table[decided.table["image"] == image][["label", "corrected"]].to_numpy()) == {
        labels[0]: 1,
        labels[1]: 0,
    }


@pytest.fixture
def read_7(page, session, browser):
    """The page after case 7 (number 8 in the list) was read completely, loaded again."""
    for label, reading in zip(session.cases.labels, ("present", "absent", "unsure"), strict=True):
        session.save("anna", 7, label, reading, "small")
    return ReviewPage(browser, page.address)


def test_a_reload_shows_all_readings_again(read_7):
    choose(read_7, 7)
    pressed = "document.querySelectorAll('[data-reading][aria-pressed=true]')"
    assert read_7.value(f"[...{pressed}].map((each) => each.dataset.reading)") == ["present", "absent", "unsure"]
    assert "small" in read_7.value("document.getElementById('findings').textContent")


def test_next_unread_skips_what_is_read_and_arrows_go_through_the_list(read_7):
    choose(read_7, 6)
    read_7.press("n")
    assert read_7.text("case-name").startswith("Case 9 ")
    read_7.press(LEFT)
    read_7.press(LEFT)
    assert read_7.text("case-name").startswith("Case 7 ")
    read_7.press(RIGHT)
    assert read_7.text("case-name").startswith("Case 8 ")


def test_filters_by_what_is_read_and_by_disagreement_with_the_reader(read_7, session):
    entries = session.readings.of("anna").entries
    begun = {image for (image, _), entry in entries.items() if entry.reading}
    read_7.choose("f-read", "no")
    assert read_7.listed() == len(session.cases) - len(begun)
    read_7.choose("f-read", "yes")
    assert 1 <= read_7.listed() <= len(begun)
    read_7.click("#f-reset")
    _, calls, _ = truth(session)
    number_of = {case.image: number for number, case in enumerate(session.cases.cases)}
    mine = {"present": 1, "absent": 0}
    disagreeing = {
        image
        for (image, label), entry in entries.items()
        if entry.reading in mine
        and mine[entry.reading] == 1 - calls[number_of[image], session.cases.labels.index(label)]
    }
    read_7.choose("f-disagree", "reader")
    assert read_7.listed() == len(disagreeing)


@pytest.mark.parametrize("width", [PHONE_OF_390, 768, DESKTOP])
def test_nothing_sticks_out(page, width):
    page.resize(width, 844)
    root = "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    assert page.value(root) == [width, width]
    inside = STICKING_OUT.replace("'.wide'", "'.tools, .wide'")
    assert page.run(inside) == []
    page.run("document.getElementById('cases-toggle').click()")
    assert page.run(inside) == []
    page.run("document.getElementById('cases-toggle').click()")


def test_on_a_phone_radiograph_readings_and_list_can_be_used(page):
    page.resize(PHONE_OF_390, 844)
    size = "document.querySelector('#main-pane canvas').getBoundingClientRect()"
    assert page.value(f"{size}.width") == PHONE_OF_390
    assert page.value(f"{size}.height") > 200
    small = """[...document.querySelectorAll('.readings button, .tools button, .top button')]
        .filter((each) => each.offsetParent && each.getBoundingClientRect().height < 40).length"""
    assert page.value(small) == 0
    page.click("#cases-toggle")
    page.wait("document.querySelector('#rows .row')")
    page.click("#rows .row:nth-child(2)")
    assert page.value("document.getElementById('viewer').offsetParent !== null")


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("dialog", ["", "keys", "agreement"])
def test_texts_have_the_contrast_of_level_aa(page, mode, dialog):
    page.run("document.documentElement.dataset.theme = arguments[0]", mode)
    if dialog:
        page.click(f"#{dialog}-open")
        page.wait(f"document.getElementById('{dialog}').open")
    time.sleep(0.3)
    assert page.run(TOO_PALE) == []
    edges = page.value("getComputedStyle(document.body).backgroundColor")
    assert edges == {"light": "rgb(255, 255, 255)", "dark": "rgb(18, 24, 30)"}[mode]
    if dialog:
        page.click(f"#{dialog} [data-close]")
    page.run("document.documentElement.dataset.theme = 'light'")


def test_light_and_dark_follow_the_system_and_the_button(page, browser):
    try:
        for mode in ("dark", "light"):
            features = [{"name": "prefers-color-scheme", "value": mode}]
            browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
            page.wait(f"document.documentElement.dataset.theme === '{mode}'")
        page.click("#theme")
        assert page.value("document.documentElement.dataset.theme") == "dark"
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
        page.run("localStorage.clear(); document.documentElement.dataset.theme = 'light'")


def test_controls_have_names_and_are_reached_by_the_keyboard(page):
    nameless = """[...document.querySelectorAll('button, select, input, textarea, canvas, [role=img], [role=listbox]')]
        .filter((each) => !(each.textContent.trim() || each.getAttribute('aria-label') || each.labels?.length))
        .map((each) => each.outerHTML.slice(0, 100))"""
    assert page.value(nameless) == []
    unreachable = (
        "[...document.querySelectorAll('button, select, input, textarea')].filter((each) => each.tabIndex < 0).length"
    )
    assert page.value(unreachable) == 0
    assert page.value("document.documentElement.lang") == "en"


def test_no_patient_and_no_uid_is_on_the_page(page, session):
    html = page.value("document.documentElement.outerHTML")
    assert not re.search(r"\d+(\.\d+){5,}", html)
    patients = {picture.patient for picture in session.cases.pictures if len(picture.patient) > 4}
    shown = {case.image for case in session.cases.cases}
    without_names = html
    for name in sorted(shown, key=len, reverse=True):
        without_names = without_names.replace(name, "")
    assert not [patient for patient in patients if patient in without_names]


def test_keys_of_one_letter_can_be_switched_off(page):
    choose(page, 20)
    page.press("?")
    page.click("#keys-on")
    page.click("#keys [data-close]")
    page.press("p")
    assert page.value("document.querySelectorAll('[data-reading][aria-pressed=true]').length") == 0
    page.press("?")
    page.click("#keys-on")
    page.click("#keys [data-close]")
    page.press("p")
    assert page.value("document.querySelectorAll('[data-reading][aria-pressed=true]').length") == 1


def test_the_page_says_that_the_server_is_gone_and_saves_what_was_read_when_it_is_back(small, browser, tmp_path):
    from tests.review.small import small_session
    from xraykit.review.serving import served

    session = small_session(tmp_path / "again")
    with served(session) as server:
        page = ReviewPage(browser, server.address)
        browser.execute_cdp_cmd("Network.enable", {})
        offline = {"offline": True, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0}
        browser.execute_cdp_cmd("Network.emulateNetworkConditions", offline)
        page.run("document.querySelector('#findings .choose').click()")
        page.run("document.querySelector('#findings [data-reading=present]').click()")
        page.wait("document.getElementById('saved').textContent === 'Not saved'")
        assert "does not answer" in page.text("trouble")
        online = {**offline, "offline": False, "downloadThroughput": -1, "uploadThroughput": -1}
        browser.execute_cdp_cmd("Network.emulateNetworkConditions", online)
        page.wait("document.getElementById('saved').textContent.startsWith('Saved')")
        assert page.value("document.getElementById('trouble').hidden") is True
        assert len(session.readings.of("anna").entries) == 1


def test_two_readers_in_two_tabs_lose_nothing(small, browser):
    server, session = small()
    first = browser.current_window_handle
    page = ReviewPage(browser, server.address, reader="anna")
    page.press("p")
    browser.switch_to.new_window("tab")
    try:
        other = ReviewPage(browser, server.address, reader="ben")
        other.press("a")
        browser.switch_to.window(first)
        page.press(DOWN)
        page.press("p")
    finally:
        browser.switch_to.window(browser.window_handles[-1])
        browser.close()
        browser.switch_to.window(first)
    readings = {each.name: [entry.reading for entry in each.entries.values()] for each in session.readings.all()}
    assert readings == {"anna": ["present", "present"], "ben": ["absent"]}


def test_blind_mode_hides_the_model_until_a_case_is_read_and_ends_with_the_agreement(small, browser):
    server, session = small(blind=True, count=24, patients=12)
    page = ReviewPage(browser, server.address)
    assert page.value("getComputedStyle(document.getElementById('f-finding')).display") == "none" or not page.value(
        "document.getElementById('f-finding').offsetParent"
    )
    assert page.value("document.querySelectorAll('.bar, .outcome, .numbers').length") == 0
    for number in range(24):
        page.press("p")
        page.press("r")
        page.press("m")
        page.wait("document.querySelectorAll('.bar').length === 3")
        if number < 23:
            assert page.value("document.getElementById('agreement').open") is False
            page.press("n")
    # It ends with the agreement, without being asked for.
    page.wait("document.getElementById('agreement').open")
    cells = "[...row.cells].map((cell) => cell.textContent)"
    rows = page.value(f"[...document.querySelectorAll('#agreement tbody tr')].map((row) => {cells})")
    assert page.value("[...document.querySelectorAll('#agreement caption')].map((each) => each.textContent)") == [
        "anna and model",
        "anna and label given",
    ]
    expected = session.agreement()["rows"]
    assert len(rows) == len(expected)
    for shown, row in zip(rows, expected, strict=True):
        assert shown[0] == row["finding"]
        assert shown[1:3] == [str(row["cases"]), str(row["patients"])]
        assert shown[4] == ("–" if row["kappa"] is None else f"{row['kappa'] + 0:.2f}".replace("-0.00", "0.00"))
    assert "72 blind readings" in page.text("agreement-body")
    page.click("#agreement [data-close]")


def test_the_colours_of_heat_maps_are_those_of_the_report():
    matplotlib = pytest.importorskip("matplotlib")
    import xraykit.review

    source = (Path(xraykit.review.__file__).parent / "page" / "pixels.js").read_text()
    listed = re.search(r"COLOURS = (\[.*?\]);", source, re.DOTALL)[1]
    colours = np.array(json.loads(re.sub(r",\s*\]$", "]", listed)))
    shares = np.linspace(0, 1, len(colours))
    expected = matplotlib.colormaps["inferno"](0.2 + 0.6 * shares)[:, :3] * 255
    assert np.abs(colours - expected).max() <= 2
