"""A worker whose job names the error that it ends with: ``python -m tests.workers.failing``."""

import sys

from xraykit import errors
from xraykit.workers import work_as_process


def _work(job):
    raise getattr(errors, job["error"])("Such a message.")


if __name__ == "__main__":
    sys.exit(work_as_process(_work))
