"""Weights & Biases: numbers, settings and texts of a run; no files, no pictures, no network.

Its service may be on the internet. So neither its library's facts about the machine (host, user, program, git remote,
console) are recorded, nor the folders in paths, nor the places of addresses.
"""

import contextlib
import logging
import netrc
import os
import re
import uuid
from collections.abc import Mapping
from pathlib import Path, PureWindowsPath
from typing import Any, Literal
from urllib.parse import urlsplit

from xraykit.tracking.recorded import Recorder
from xraykit.tracking.tracker import Dataset, State

logger = logging.getLogger(__name__)

FOLDER = "wandb"
_ID = "id.txt"
_KEYS = ("WANDB_API_KEY", "WANDB_IDENTITY_TOKEN_FILE")
_EXIT_CODES: dict[State, int] = {"complete": 0, "pruned": 0, "failed": 1, "interrupted": 255}

# Of wandb.Settings, where the installed version knows them: nothing about machine, user and console.
_PRIVATE = {
    "console": "off",
    "disable_code": True,
    "disable_git": True,
    "host": "",
    "program": "xraykit",
    "save_code": False,
    "silent": True,
    "x_disable_machine_info": True,
    "x_disable_meta": True,
    "x_disable_stats": True,
    "x_save_requirements": False,
}


class WandbRecorder(Recorder):
    """A run of Weights & Biases; trials and members are runs of their own, in its group.

    Args:
        folder: The run's folder; the library keeps its files in the folder ``wandb`` in it.
        project: Of the run; the variable WANDB_PROJECT wins.
        name: Of the run.
        fixed: Whether the user chose the name, so that it stays.
        inside: Whether it is a trial or member, in the group of the folder's run.
    """

    def __init__(self, folder: Path, project: str, name: str, *, fixed: bool = False, inside: bool = False) -> None:
        self._folder = folder
        self._project = os.environ.get("WANDB_PROJECT") or project
        self._name = name
        self._fixed = fixed
        self._inside = inside
        self._run: Any = None

    def open(self) -> None:
        """Begin the run, or continue that of this folder."""
        import wandb

        mode = chosen_mode()
        if mode == "offline" and not self._inside:
            logger.info(
                "Weights & Biases: without a key (WANDB_API_KEY or `wandb login`) the run is recorded offline. Send it "
                "later with: wandb sync RUN/wandb/offline-run-*"
            )
        known = wandb.Settings.model_fields
        settings = wandb.Settings(**{key: value for key, value in _PRIVATE.items() if key in known})
        own = run_id_of(self._folder)
        self._run = wandb.init(
            project=self._project,
            name=self._name,
            id=f"{own}-{_word(self._name)}" if self._inside else own,
            group=own,
            job_type="child" if self._inside else "run",
            # The library makes a folder `wandb` in it.
            dir=None if os.environ.get("WANDB_DIR") else str(self._folder),
            mode=mode,
            # Offline, the copy on the server is found when it is synchronised.
            resume="allow",
            reinit="create_new",
            settings=settings,
        )
        self._run.define_metric("*", step_metric="step")

    def parameters(self, values: Mapping[str, Any]) -> None:
        """As the run's configuration."""
        self._run.config.update({key: without_places(value) for key, value in values.items()}, allow_val_change=True)

    def metrics(self, values: Mapping[str, float], step: int | None) -> None:
        """Those of a step are plotted over ``step``; those of the whole run are its summary."""
        if step is None:
            self._run.summary.update(dict(values))
        else:
            self._run.log({**values, "step": step})

    def tags(self, values: Mapping[str, str]) -> None:
        """As the configuration below ``about``."""
        about = {f"about.{key}": without_places(value) for key, value in values.items()}
        self._run.config.update(about, allow_val_change=True)

    def dataset(self, dataset: Dataset) -> None:
        """As the configuration below ``dataset``."""
        facts = {"name": dataset.name, "digest": dataset.digest, "source": dataset.source, **dataset.facts}
        self._run.config.update({f"dataset.{key}": value for key, value in facts.items()}, allow_val_change=True)

    def description(self, text: str) -> None:
        """As the run's notes."""
        self._run.notes = text

    def name(self, text: str) -> None:
        """Rename the run, unless its user has named it."""
        if not self._fixed:
            self._run.name = text

    def child(self, name: str) -> "WandbRecorder":
        """A run in this one's group."""
        return WandbRecorder(self._folder, self._project, name, fixed=True, inside=True)

    def close(self, state: State, reason: str | None) -> None:
        """End the run; its state and the reason are in its summary."""
        self._run.summary.update({"state": state, **({} if reason is None else {"reason": without_places(reason)})})
        self._run.finish(exit_code=_EXIT_CODES[state])


def run_id_of(folder: Path) -> str:
    """The id of a run, which is drawn once and kept in its folder, so that a continued run stays one run."""
    kept = folder / FOLDER / _ID
    kept.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError), kept.open("x", encoding="utf-8") as file:
        file.write(uuid.uuid4().hex[:12])
    return kept.read_text(encoding="utf-8").strip()


def chosen_mode() -> Literal["offline"] | None:
    """``offline`` if there is no key for the service and nobody chose a mode; the library would ask for one."""
    return None if os.environ.get("WANDB_MODE") or _has_key() else "offline"


def _has_key() -> bool:
    if any(os.environ.get(name) for name in _KEYS):
        return True
    host = urlsplit(os.environ.get("WANDB_BASE_URL") or "https://api.wandb.ai").hostname or ""
    for file in [os.environ["NETRC"]] if os.environ.get("NETRC") else ["~/.netrc", "~/_netrc"]:
        with contextlib.suppress(OSError, netrc.NetrcParseError):
            if netrc.netrc(Path(file).expanduser()).authenticators(host) is not None:
                return True
    return False


_PATH = re.compile(r"(?<![\w:/.])(?:~|[A-Za-z]:)?[/\\][^\s'\",;:|]+")
_ADDRESS = re.compile(r"[A-Za-z][\w+.-]*://\S+")


def without_places(value: Any) -> Any:
    """A value without the folders of paths in it, and of addresses only with their scheme.

    Args:
        value: A number, a text, or a list of them.
    """
    if isinstance(value, list | tuple):
        return [without_places(each) for each in value]
    if not isinstance(value, str):
        return value
    if value.startswith(("/", "~")) or re.match(r"[A-Za-z]:[/\\]", value):
        # One path as a whole: it may have spaces.
        return PureWindowsPath(value).name
    text = _ADDRESS.sub(lambda found: f"{found[0].partition('://')[0]}://…", value)
    return _PATH.sub(lambda found: PureWindowsPath(found[0]).name, text)


def _word(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]", "-", name)[:64]
