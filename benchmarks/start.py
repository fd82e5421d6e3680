"""Print the seconds from the start of a run's process to the end of its first training step, as Markdown.

python benchmarks/start.py experiments/mobilenet.yaml data.root=/data/nih
python benchmarks/start.py experiments/mobilenet.yaml --against ../other-checkout

Words after the file are overrides, as for `python -m xraykit.run`. The first run fills the picture cache and creates
the tracking store, and does not count. ``--against`` names another checkout; the two take turns. Each run is ended
after its first step; its folder stays below the experiment's output.root.
"""

import argparse
import os
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]
MARK = "first step ended at"


def begin() -> None:
    """Run the command of this process's arguments, and end the process after the first step."""
    import runpy

    threading.Thread(target=_watch, daemon=True).start()
    sys.argv = ["xraykit.run", *sys.argv[2:]]
    runpy.run_module("xraykit.run", run_name="__main__", alter_sys=True)


def _watch() -> None:
    """Wait for the callbacks to be imported by the run itself, and put an end into the first of them."""
    while not hasattr(sys.modules.get("xraykit.training.callbacks"), "Progress"):
        time.sleep(0.01)

    def ended(*arguments, **settings) -> None:
        os.write(1, f"{MARK} {time.time()} {time.process_time()}\n".encode())
        os._exit(0)

    sys.modules["xraykit.training.callbacks"].Progress.on_train_batch_end = ended


def measure(checkout: Path, words: list[str]) -> tuple[float, float]:
    """Seconds of one start, and the processor's seconds of its main process."""
    started = time.time()
    command = [sys.executable, str(Path(__file__).resolve()), "--begin", *words]
    environment = {**os.environ, "PYTHONPATH": str(checkout)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    line = next((line for line in done.stdout.splitlines() if line.startswith(MARK)), None)
    if line is None:
        sys.exit(done.stderr or "The run ended before its first step.")
    ended, processor = line.removeprefix(MARK).split()
    return float(ended) - started, float(processor)


def main() -> None:
    if sys.argv[1:2] == ["--begin"]:
        begin()
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("words", nargs="+", metavar="EXPERIMENT key=value")
    parser.add_argument("--against", type=Path, help="another checkout of xraykit")
    parser.add_argument("--repeat", type=int, default=5, help="starts of each (default: 5)")
    options = parser.parse_intermixed_args()
    checkouts = {"this checkout": HERE}
    if options.against:
        checkouts["the other one"] = options.against.resolve()
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in checkouts}
    for number in range(options.repeat + 1):
        for name, checkout in checkouts.items():
            seconds = measure(checkout, options.words)
            # The first one fills the cache and the store.
            found[name] += [seconds] if number else []
    print(f"{os.cpu_count()} cores, {options.repeat} starts each\n")
    print("| xraykit | median, s | fastest, s | processor of the main process, s |\n|---|---:|---:|---:|")
    for name, rows in found.items():
        seconds, processor = zip(*rows)
        print(
            f"| {name} | {statistics.median(seconds):.1f} | {min(seconds):.1f} | {statistics.median(processor):.1f} |"
        )


if __name__ == "__main__":
    main()
