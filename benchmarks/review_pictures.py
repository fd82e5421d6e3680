"""Pictures of the page to review cases as a headless Chromium shows it, for README and docs.

    python benchmarks/review_pictures.py RUN FOLDER NAME

RUN is a run on phantoms of 512 pixels, such as

    python -m xraykit.run experiments/quickstart.yaml name=demo data.root=runs/large_phantoms data.phantom.size=512 \\
        data.phantom.patients=450 data.phantom.images=800 data.image_size=96

Writes FOLDER/NAME.png (light), NAME_dark.png (a heat map), NAME_phone.png, NAME_blind.png and NAME_agreement.png. The
readings are made up and go to a temporary folder. Needs Debian's packages chromium and chromium-driver, and the extra
`test`.
"""

import base64
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from selenium import webdriver
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.action_chains import ActionChains

from xraykit.review.building import ReviewSettings, session_of_run
from xraykit.review.serving import served
from xraykit.review.session import Session
from xraykit.runs import FinishedRun

OPTIONS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars")
DESKTOP, PHONE = (1440, 860), (390, 844)
DOWN = "\ue015"
CASES = 60
"""Blind readings that are made up for the table of agreement."""


def main(run: str, folder: str, name: str) -> None:
    options = webdriver.ChromeOptions()
    for option in OPTIONS:
        options.add_argument(option)
    driver = webdriver.Chrome(options, webdriver.ChromeService("/usr/bin/chromedriver"))
    try:
        with tempfile.TemporaryDirectory() as temporary:
            opened, to = FinishedRun.open(run), Path(folder)
            session = session_of_run(opened, ReviewSettings(Path(temporary) / "open"))
            with served(session) as server:
                of_open(driver, server.address, session, to, name)
            blind = session_of_run(opened, ReviewSettings(Path(temporary) / "blind", blind=True, limit=CASES))
            make_up_readings(blind)
            with served(blind) as server:
                of_blind(driver, server.address, to, name)
    finally:
        driver.quit()


def of_open(driver: WebDriver, address: str, session: Session, to: Path, name: str) -> None:
    start(driver, address, DESKTOP)
    finish_flags(driver)
    choose(driver, with_effusion(session))
    press(driver, DOWN)
    press(driver, "p")
    take(driver, to / f"{name}.png", DESKTOP)
    driver.find_element("id", "theme").click()
    press(driver, "h")
    wait(driver, "!document.querySelector('[data-do=heat]').classList.contains('busy')")
    take(driver, to / f"{name}_dark.png", DESKTOP)
    press(driver, "h")
    driver.find_element("id", "theme").click()
    size(driver, PHONE)
    driver.execute_script("scrollTo(0, 0)")
    take(driver, to / f"{name}_phone.png", PHONE)


def of_blind(driver: WebDriver, address: str, to: Path, name: str) -> None:
    start(driver, address, DESKTOP, "carla")
    driver.find_element("id", "agreement-open").click()
    wait(driver, "document.getElementById('agreement').open")
    take(driver, to / f"{name}_agreement.png", DESKTOP)
    driver.find_element("css selector", "#agreement [data-close]").click()
    press(driver, "a")
    take(driver, to / f"{name}_blind.png", DESKTOP)


def with_effusion(session: Session) -> int:
    """A case with a called and annotated effusion and with a prior."""
    column = session.cases.labels.index("Effusion")
    for number, case in enumerate(session.cases.cases):
        called = session.cases.call(case, column) and case.given[column] == 1
        earlier = any(earlier for _, earlier in session.cases.others(case))
        if called and earlier and (case.image, "Effusion") in session.cases.boxes:
            return number
    return 0


def make_up_readings(session: Session) -> None:
    """Two readers who mostly read as labelled."""
    random = np.random.default_rng(0)
    for reader, right in (("anna", 0.95), ("ben", 0.88)):
        for case in session.cases.cases:
            with session.readings.locked():
                for column, label in enumerate(session.cases.labels):
                    present = (case.given[column] == 1) == (random.random() < right)
                    session.readings.add(reader, case.image, label, "present" if present else "absent", "")
                session.readings.reveal(reader, case.image)


def start(driver: WebDriver, address: str, of: tuple[int, int], reader: str = "anna") -> None:
    size(driver, of)
    driver.get(address)
    wait(driver, "document.getElementById('reader-dialog').open")
    driver.execute_script("document.getElementById('reader-name').value = arguments[0]", reader)
    driver.find_element("css selector", "#reader-form button").click()
    wait(driver, "!document.getElementById('reader-dialog').open")
    settle(driver)


def finish_flags(driver: WebDriver) -> None:
    wait(driver, "document.getElementById('flags-progress').textContent === ''")


def choose(driver: WebDriver, number: int) -> None:
    driver.execute_script(
        "const order = document.getElementById('f-order'); order.value = 'number';"
        "order.dispatchEvent(new Event('input', {bubbles: true}));"
        "document.getElementById('list').scrollTop = 52 * (arguments[0] - 2)",
        number,
    )
    wait(driver, f"document.getElementById('case-{number}')")
    driver.find_element("id", f"case-{number}").click()
    settle(driver)


def press(driver: WebDriver, key: str) -> None:
    driver.execute_script("document.activeElement.blur()")
    ActionChains(driver).send_keys(key).perform()
    settle(driver)


def settle(driver: WebDriver) -> None:
    wait(driver, "document.querySelector('#main-pane figcaption').textContent.includes('pixels')")
    wait(driver, "document.getElementById('saved').textContent !== 'Saving …'")
    time.sleep(0.5)


def wait(driver: WebDriver, condition: str) -> None:
    until = time.monotonic() + 300
    while not driver.execute_script(f"return !!({condition})"):
        if time.monotonic() > until:
            raise TimeoutError(condition)
        time.sleep(0.1)


def size(driver: WebDriver, of: tuple[int, int]) -> None:
    metrics = {"width": of[0], "height": of[1], "deviceScaleFactor": 1, "mobile": of == PHONE}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    time.sleep(0.5)


def take(driver: WebDriver, file: Path, of: tuple[int, int]) -> None:
    clip = {"x": 0, "y": 0, "width": of[0], "height": of[1], "scale": 1}
    taken = driver.execute_cdp_cmd("Page.captureScreenshot", {"clip": clip})
    file.write_bytes(base64.b64decode(taken["data"]))


if __name__ == "__main__":
    main(*sys.argv[1:])
