"""Pictures of a run's report as a headless Chromium shows it, for README and docs.

    python benchmarks/report_pictures.py RUN FOLDER NAME

Writes FOLDER/NAME_glance.png (desktop), NAME_looks.png (heat maps) and NAME_phone.png. Needs Debian's packages chromium
and chromium-driver, and the extra `test`.
"""

import base64
import sys
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.chrome.webdriver import WebDriver

OPTIONS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars")
DESKTOP, PHONE = 1000, 390


def main(run: str, folder: str, name: str) -> None:
    options = webdriver.ChromeOptions()
    for option in OPTIONS:
        options.add_argument(option)
    driver = webdriver.Chrome(options, webdriver.ChromeService("/usr/bin/chromedriver"))
    page, to = (Path(run) / "report.html").resolve().as_uri(), Path(folder)
    try:
        open_page(driver, page, DESKTOP)
        take(driver, to / f"{name}_glance.png", DESKTOP, 0, 1250)
        looks = driver.execute_script("return document.querySelector('.gallery').getBoundingClientRect().top + scrollY")
        take(driver, to / f"{name}_looks.png", DESKTOP, looks - 60, 900)
        open_page(driver, page, PHONE)
        take(driver, to / f"{name}_phone.png", PHONE, 0, 1100)
    finally:
        driver.quit()


def open_page(driver: WebDriver, page: str, width: int) -> None:
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width == PHONE}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    driver.get(page)


def take(driver: WebDriver, file: Path, width: int, top: float, height: int) -> None:
    clip = {"x": 0, "y": top, "width": width, "height": height, "scale": 1}
    taken = driver.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True, "clip": clip})
    file.write_bytes(base64.b64decode(taken["data"]))


if __name__ == "__main__":
    main(*sys.argv[1:])
