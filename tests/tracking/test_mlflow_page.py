"""MLflow's own page of a run, in a real browser."""

import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest

from tests.report.browser import chromium
from xraykit.tracking import Dataset

pytestmark = [pytest.mark.slow, pytest.mark.process]

WAIT_SECONDS = 180


@pytest.fixture
def browser():
    with chromium() as driver:
        yield driver


@pytest.fixture
def address(store_root):
    """MLflow's server over the embedded store."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    store = f"sqlite:///{store_root / 'mlflow.db'}"
    command = [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", store, "--port", str(port)]
    log = store_root / "server.log"
    with (
        log.open("w") as output,
        subprocess.Popen([*command, "--workers", "1"], stdout=output, stderr=output) as server,
    ):
        try:
            wait_for(lambda: answers(f"http://127.0.0.1:{port}/health"), log.read_text)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()


def answers(address):
    try:
        with urllib.request.urlopen(address, timeout=5) as response:
            return response.status == 200
    except (urllib.error.URLError, OSError):
        return False


def wait_for(holds, otherwise):
    deadline = time.monotonic() + WAIT_SECONDS
    while not holds():
        assert time.monotonic() < deadline, otherwise()
        time.sleep(0.5)


@pytest.mark.timeout(600)
def test_the_page_shows_name_result_data_and_curves_before_bars(begin, client, address, browser, tmp_path):
    report = tmp_path / "report.html"
    report.write_text("<title>Report</title><h1>The report of the run</h1>")
    with begin(run_name="densenet121 X", commit="c" * 40) as tracker:
        for epoch in (1, 2, 3):
            tracker.log_epoch({"epoch": epoch, "loss": 1 / epoch, "val_roc_auc": 0.5 + epoch / 10})
        tracker.log_metrics({"test/Mass/roc_auc": 0.8, "test/macro/roc_auc": 0.812})
        tracker.log_dataset(Dataset("nih", "d" * 64, "labels.csv", {"radiographs.train": 7}))
        tracker.log_file(report)
        tracker.describe("**ROC AUC 0.812** on the test part", "report.html")
        tracker.rename("densenet121 0.812 X")
    run = client.get_run(tracker.run_id)
    pages = f"{address}/#/experiments/{run.info.experiment_id}"

    def page_text():
        return browser.execute_script("return document.body.innerText")

    def shows(*texts):
        wait_for(lambda: all(text in page_text() for text in texts), page_text)

    browser.set_window_size(1400, 1600)
    browser.get(f"{pages}/runs/{tracker.run_id}")
    shows("densenet121 0.812 X", "ROC AUC 0.812", "nih", "report.html")
    browser.save_screenshot(str(tmp_path / "run.png"))
    browser.get(f"{pages}/runs/{tracker.run_id}/model-metrics")
    shows("epoch", "test/Mass", "test/macro")
    text = page_text()
    assert text.index("epoch") < text.index("test/Mass") < text.index("test/macro")
    browser.save_screenshot(str(tmp_path / "metrics.png"))
    browser.get(f"{pages}/runs")
    shows("densenet121 0.812 X")
    browser.save_screenshot(str(tmp_path / "runs.png"))
