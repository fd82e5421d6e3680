"""The facts of a run that a paper states; what a file does not contain is unknown, and never a default."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from xraykit.config import read_file
from xraykit.errors import XraykitError
from xraykit.runs import FinishedRun


@dataclass(frozen=True)
class PaperFacts:
    """A finished run, asked for single facts.

    Attributes:
        run: The run.
    """

    run: FinishedRun

    @cached_property
    def settings(self) -> Mapping[str, Any]:
        """The experiment's values as written: those of the winner, if there was a search."""
        return _values(self.run.files.best_experiment) or self.given

    @cached_property
    def given(self) -> Mapping[str, Any]:
        """The experiment's values as written, with its search."""
        return _values(self.run.files.experiment)

    def setting(self, key: str) -> Any:
        """A value such as ``training.epochs``; None if the file has none."""
        value: Any = self.settings
        for name in key.split("."):
            value = value.get(name) if isinstance(value, Mapping) else None
        return value

    @property
    def metrics(self) -> Mapping[str, Any]:
        """The content of ``metrics.json``."""
        return self.run.metrics

    @cached_property
    def data(self) -> Mapping[str, Any]:
        """The content of ``data.json``; empty if the run has no such file."""
        return self.run.data_facts() or {}

    @cached_property
    def about(self) -> Mapping[str, Any]:
        """The content of ``model.json``; empty if the bundle was removed."""
        return self.run.about() or {}

    @property
    def trained(self) -> list[str]:
        """The labels that were trained."""
        return [label for label in self.run.labels if label not in self.run.summary.untrained]

    @cached_property
    def software(self) -> dict[str, str]:
        """Programs with their versions: those of ``environment.json``, else those of the bundle."""
        start = self._start()
        named = {"xraykit": start.get("xraykit"), "Python": start.get("python")}
        framework = start.get("framework")
        named |= framework if isinstance(framework, Mapping) else {}
        about = {name: self.about.get(name) for name in ("xraykit", "keras", "tensorflow", "jax")}
        versions = {**about, **{name: version for name, version in named.items() if version}}
        return {_NAMES.get(name, name): version for name, version in versions.items() if isinstance(version, str)}

    @cached_property
    def hardware(self) -> str:
        """What the network was trained on; empty if unknown."""
        start = self._start()
        accelerators = start.get("accelerators")
        if isinstance(accelerators, list) and accelerators:
            return ", ".join(map(str, accelerators))
        processor = start.get("processor")
        return str(processor or self.about.get("devices") or "")

    def _start(self) -> Mapping[str, Any]:
        """The last start in ``environment.json``; empty if there is none."""
        path = self.run.files.environment
        try:
            starts = json.loads(path.read_text(encoding="utf-8"))["starts"]
            return starts[-1] if isinstance(starts[-1], Mapping) else {}
        except (OSError, ValueError, LookupError, TypeError):
            return {}


def _values(path: Path) -> Mapping[str, Any]:
    """Empty if there is no such file, or it is damaged, which the report's section of the experiment says."""
    try:
        return dict(read_file(path).values) if path.is_file() else {}
    except XraykitError:
        return {}


_NAMES = {"keras": "Keras", "tensorflow": "TensorFlow", "jax": "JAX"}
