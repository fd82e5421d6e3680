"""How TensorFlow starts: without the notices that are for its own developers. Nothing heavy is imported here."""

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# Without an NVIDIA device, TensorFlow's message that there is none is not an error.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2" if any(Path("/dev").glob("nvidia[0-9]*")) else "3")

_NOTICE = re.compile(r"WARNING: All log messages before absl|I0000 |To enable the following instructions|\d{4}-.*: I ")

# Standard error itself while another file stands for it, and whether that has been ended for good.
_terminal: int | None = None
_ended = False


@contextmanager
def without_startup_notices() -> Iterator[None]:
    """Suppress the notices that TensorFlow writes before they can be turned off; pass on everything else."""
    global _terminal
    if _ended:
        yield
        return
    try:
        scratch = tempfile.TemporaryFile()  # noqa: SIM115 (closed below)
    except OSError:
        # Without a temporary folder the notices are shown.
        yield
        return
    sys.stderr.flush()
    terminal = _terminal = os.dup(2)
    with scratch as written:
        os.dup2(written.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(terminal, 2)
            _terminal = None
            os.close(terminal)
            written.seek(0)
            lines = written.read().decode(errors="replace").splitlines(keepends=True)
            os.write(2, "".join(line for line in lines if not _NOTICE.match(line)).encode())


def end_suppression() -> None:
    """Show what is written from now on, although a thread is importing TensorFlow and will not be waited for."""
    global _ended
    _ended = True
    if _terminal is not None:
        os.dup2(_terminal, 2)
