"""How this process was started: as the command ``xraykit``, as a module, or by a program that calls xraykit."""

import sys
from pathlib import Path

PROGRAM = "xraykit"
"""Name of the console script; see ``entry_points`` in ``setup.cfg``."""


def is_own_process() -> bool:
    """Whether this process is a command of xraykit, so that it may be ended or forked; False: a program calls it."""
    return _module() is not None or _is_script()


def typed(command: str) -> str:
    """How the user would type a command: in the form in which this process was started.

    Args:
        command: Its name, such as ``run``.

    Returns:
        ``xraykit run``, ``python -m xraykit run`` or ``python -m xraykit.run``; the first also where a program calls
        xraykit.
    """
    module = _module()
    if module is None:
        return f"{PROGRAM} {command}"
    return f"python -m {PROGRAM} {command}" if module == f"{PROGRAM}.__main__" else f"python -m {PROGRAM}.{command}"


def program() -> str:
    """The part of :func:`typed` before the name of the command, ``python -m xraykit`` or ``xraykit``."""
    return PROGRAM if _module() is None else f"python -m {PROGRAM}"


def _module() -> str | None:
    """The module of xraykit that ``python -m`` runs, such as ``xraykit.predict.__main__``."""
    spec = getattr(sys.modules.get("__main__"), "__spec__", None)
    return spec.name if spec is not None and spec.name.startswith(f"{PROGRAM}.") else None


def _is_script() -> bool:
    """Whether the console script runs: a main module without a spec, which has the script's name."""
    main = sys.modules.get("__main__")
    return getattr(main, "__spec__", None) is None and Path(sys.argv[0] if sys.argv else "").stem == PROGRAM
