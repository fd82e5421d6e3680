"""A real browser without a screen: headless Chromium, driven by selenium."""

import json
import shutil
from contextlib import contextmanager

import pytest

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
PHONE, DESKTOP, A4 = 375, 1280, 703  # pixels; A4 without the margins, at 96 per inch

_OPTIONS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars")


@contextmanager
def chromium():
    """A driver; the test is skipped where there is no Chromium."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    if not (CHROMIUM and DRIVER):
        pytest.skip("there is no Chromium: install Debian's chromium and chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    for option in _OPTIONS:
        options.add_argument(option)
    driver = webdriver.Chrome(options, webdriver.ChromeService(DRIVER))
    try:
        yield driver
    finally:
        driver.quit()


def open_page(driver, path, width=DESKTOP):
    """Open a file at a width; returns the messages of the console and the addresses that were asked for."""
    metrics = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width <= PHONE}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    driver.get_log("performance")
    driver.get(path.resolve().as_uri())
    events = [json.loads(entry["message"])["message"] for entry in driver.get_log("performance")]
    asked = [each["params"]["request"]["url"] for each in events if each["method"] == "Network.requestWillBeSent"]
    return driver.get_log("browser"), asked


# Elements that stick out to the right, but for what lies in a box that scrolls.
STICKING_OUT = """
const width = document.documentElement.clientWidth;
return [...document.body.querySelectorAll('*')]
  .filter(each => !each.closest('.wide') || each.matches('.wide'))
  .filter(each => each.getBoundingClientRect().right > width + 1)
  .map(each => each.outerHTML.slice(0, 120));
"""

NOT_DECODED = "return [...document.images].filter(each => !each.complete || !each.naturalWidth).map(each => each.alt)"

# Texts whose colour is too close to what is behind them (WCAG 2.1, level AA: 4.5, or 3 for large type).
TOO_PALE = """
const numbers = color => color.match(/[\\d.]+/g).map(Number);
const light = color => {
  const [r, g, b] = numbers(color).map(v => v / 255).map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const behind = each => {
  for (; each; each = each.parentElement) {
    const color = getComputedStyle(each).backgroundColor;
    if ((numbers(color)[3] ?? 1) > 0) return color;
  }
  return 'rgb(255, 255, 255)';
};
return [...document.body.querySelectorAll('*')].filter(each =>
  [...each.childNodes].some(node => node.nodeType === 3 && node.data.trim())
).filter(each => {
  const style = getComputedStyle(each), size = parseFloat(style.fontSize);
  const pair = [light(style.color), light(behind(each))].sort((a, b) => b - a);
  const large = size >= 24 || (size >= 18.6 && +style.fontWeight >= 700);
  return (pair[0] + 0.05) / (pair[1] + 0.05) < (large ? 3 : 4.5);
}).map(each => each.outerHTML.slice(0, 120));
"""
