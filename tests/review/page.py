"""The page of a review as its reader uses it."""

import time

from tests.report.browser import DESKTOP, PHONE

PHONE_OF_390 = 390


class ReviewPage:
    """Drives a browser on one server."""

    def __init__(self, driver, address, *, reader="anna", width=DESKTOP, height=900):
        self.driver, self.address = driver, address
        self.resize(width, height)
        driver.get_log("browser")
        driver.get(address)
        self.run("sessionStorage.clear(); localStorage.clear()")
        driver.get(address)
        self.wait("document.getElementById('reader-dialog').open")
        box = driver.find_element("id", "reader-name")
        box.clear()
        box.send_keys(reader)
        driver.find_element("css selector", "#reader-form button").click()
        self.wait("!document.getElementById('reader-dialog').open")
        self.settled()

    def resize(self, width, height=900):
        mobile = width <= max(PHONE, PHONE_OF_390)
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    def run(self, script, *given):
        return self.driver.execute_script(script, *given)

    def value(self, expression):
        return self.run(f"return {expression}")

    def text(self, name):
        return self.value(f"document.getElementById('{name}').textContent")

    def wait(self, condition, seconds=120):
        until = time.monotonic() + seconds
        while not self.value(f"!!({condition})"):
            if time.monotonic() > until:
                raise AssertionError(f"{condition} did not become true: {self.text('trouble')}")
            time.sleep(0.03)

    def settled(self):
        """Until the radiograph is drawn and everything is saved."""
        caption = "document.querySelector('#main-pane figcaption').textContent"
        self.wait(f"{caption} && {caption} !== 'Loading …'")
        self.wait("document.getElementById('saved').textContent !== 'Saving …'")

    def press(self, keys):
        from selenium.webdriver.common.action_chains import ActionChains

        self.run("document.activeElement.blur()")
        ActionChains(self.driver).send_keys(keys).perform()
        self.settled()

    def choose(self, name, value):
        self.run(
            "const of = document.getElementById(arguments[0]); of.value = arguments[1];"
            "of.dispatchEvent(new Event('input', {bubbles: true}))",
            name,
            str(value),
        )

    def click(self, selector):
        self.driver.find_element("css selector", selector).click()
        self.settled()

    def listed(self):
        return int(self.text("count").split()[0])

    def pixel(self, pane, x, y):
        """Red, green and blue of a place of a pane, x and y as shares of the radiograph that fits into it."""
        return self.run(
            """const canvas = document.querySelector(`#${arguments[0]} canvas`);
            const side = Math.min(canvas.width, canvas.height);
            const at = [(canvas.width - side) / 2 + arguments[1] * side,
                        (canvas.height - side) / 2 + arguments[2] * side];
            return [...canvas.getContext('2d').getImageData(...at, 1, 1).data].slice(0, 3);""",
            pane,
            x,
            y,
        )

    def errors(self):
        return [entry["message"] for entry in self.driver.get_log("browser")]
