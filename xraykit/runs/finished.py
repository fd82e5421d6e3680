"""The one reader of a finished run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from xraykit.bundle import BundleFolder, read_about, read_decision_rule
from xraykit.config import Experiment, Rule, SplitRecord, expand, load_experiment
from xraykit.errors import DataError
from xraykit.runs.contents import DataFacts, MetricsRecord
from xraykit.runs.folder import RunFolder
from xraykit.runs.identity import check_settings
from xraykit.runs.predictions import read_frame, read_predictions
from xraykit.system import Displayed, checked, read_record, with_interval

if TYPE_CHECKING:
    from typing import Self

    from xraykit.bundle import Classifier
    from xraykit.evaluation import DecisionRule, Predictions

_WHAT = "the metrics of a finished run"
_REMEDY = "Restore it from a copy of the run folder, or run the experiment again."
_TEXT_OF_GALLERY = ("image", "label", "kind", "file", "method", "map")


@dataclass(frozen=True, repr=False, eq=False)
class FinishedRun(Displayed):
    """A finished run, of this version or of an earlier one, whose files may then be fewer.

    Each file is read when it is asked for. All of them raise :class:`.DataError` if a file is damaged.

    Attributes:
        folder: Where everything is.
        metrics: The content of ``metrics.json``.
    """

    folder: Path
    metrics: Mapping[str, Any]

    @classmethod
    def open(cls, path: str | Path) -> "Self":
        """The run in a folder.

        Raises:
            DataError: the folder is not that of a finished run, or its ``metrics.json`` is damaged.
        """
        files = RunFolder(expand(path))
        if not files.metrics.is_file():
            raise DataError(
                f"{files.path} is not the folder of a finished run: it has no {files.metrics.name}. Expected: a folder "
                f"such as runs/NAME/TIMESTAMP; the last line of xraykit run names it. An interrupted run "
                f"continues with --resume."
            )
        metrics, _ = read_record(files.metrics, MetricsRecord, _WHAT, remedy=_REMEDY)
        return cls(files.path, metrics)

    def _display(self) -> dict[str, str]:
        macro = self.metrics.get("macro", {})
        return {
            "folder": str(self.folder),
            "test radiographs": f"{self.metrics.get('images', 'not evaluated here')}",
            "labels": ", ".join(self.metrics.get("labels", ())),
            "mean ROC AUC": with_interval(macro.get("roc_auc"), macro.get("roc_auc_interval")),
        }

    @property
    def files(self) -> RunFolder:
        """Where each file is."""
        return RunFolder(self.folder)

    @property
    def bundle(self) -> BundleFolder:
        """Where the files of the network are."""
        return BundleFolder(self.files.bundle)

    @property
    def title(self) -> str:
        """Name and time, as the folders are named."""
        path = self.folder.resolve()
        return f"{path.parent.name} {path.name}"

    @property
    def short_path(self) -> str:
        """``NAME/TIMESTAMP``."""
        path = self.folder.resolve()
        return f"{path.parent.name}/{path.name}"

    @cached_property
    def summary(self) -> MetricsRecord:
        """What xraykit relies on in :attr:`metrics`, typed."""
        return checked(self.metrics, MetricsRecord, self.files.metrics, _WHAT, remedy=_REMEDY)

    @property
    def labels(self) -> list[str]:
        """The labels, in the order of the network's outputs."""
        return list(self.summary.labels)

    @property
    def split(self) -> SplitRecord:
        """How the data were divided."""
        return self.summary.split

    def predictions(self) -> pd.DataFrame:
        """The table of predictions that the metrics were computed from; see :func:`.read_predictions`."""
        return read_predictions(self.files.predictions, self.metrics)

    def scored(self, part: str, predictions: pd.DataFrame | None = None) -> "Predictions":
        """Radiographs, patients, targets and logits of a part, as the evaluation takes them.

        Args:
            part: ``test``, ``validation`` or, of an ensemble of folds, ``out_of_fold``.
            predictions: Those of :meth:`predictions`, if they were read before.

        Raises:
            DataError: the table has no radiograph of the part, or lacks a column.
        """
        from xraykit.evaluation import Predictions
        from xraykit.evaluation.predictions import of_part

        table = self.predictions() if predictions is None else predictions
        rows = table[table["part"] == part]
        if rows.empty:
            known = ", ".join(dict.fromkeys(table["part"]))
            raise DataError(
                f"{self.files.predictions} has no radiograph of the part {part!r}. Expected: one of {known}."
            )
        targets, logits, patients = of_part(rows, part, self.labels)
        return Predictions(rows["image"].tolist(), patients.astype(object), self.labels, targets, logits)

    def history(self) -> pd.DataFrame:
        """One row per epoch."""
        return read_frame(self.files.history, ("stage",))

    def gallery(self) -> pd.DataFrame | None:
        """The table of the heat maps; None if the run has none."""
        return read_frame(self.files.gallery, _TEXT_OF_GALLERY) if self.files.gallery.is_file() else None

    def trials(self) -> pd.DataFrame | None:
        """The table of the trials; None if nothing was searched."""
        return read_frame(self.files.trials, ("state", "reason")) if self.files.trials.is_file() else None

    def decision_rule(self) -> "DecisionRule":
        """How logits become probabilities and calls.

        Of a run without ``decision_rule.json`` only the thresholds are known, which are in its metrics.

        Raises:
            ModelError: ``decision_rule.json`` was changed since it was written.
        """
        if self.bundle.decision_rule.is_file():
            return read_decision_rule(self.bundle, listed=True)
        from xraykit.evaluation import Calibration, DecisionRule, OperatingPoint

        labels = self.summary.labels
        points = {label: OperatingPoint(Rule("youden"), each.threshold) for label, each in labels.items()}
        return DecisionRule(dict.fromkeys(labels, Calibration()), points, "validation")

    def classifier(self, *, plugins: Sequence[str | Path] = ()) -> "Classifier":
        """The trained network, to predict with; see :func:`xraykit.load_model`."""
        from xraykit.bundle import load_model

        return load_model(self.folder, plugins=plugins)

    def data_facts(self) -> dict[str, Any] | None:
        """The content of ``data.json``: counts of each part; None if the run has no such file."""
        if not self.files.data.exists():
            return None
        remedy = "Restore it from a copy of the run, or remove it: the report then says that it is missing."
        return read_record(self.files.data, DataFacts, "counts of each part", remedy=remedy)[0]

    def about(self) -> dict[str, Any] | None:
        """The content of ``model.json``; None if the bundle was removed.

        Raises:
            ModelError: the file is damaged.
        """
        return read_about(self.bundle)[0] if self.bundle.about.exists() else None

    def state(self) -> dict[str, Any]:
        """The content of ``run.json``; empty if the run has no such file.

        Raises:
            CheckpointError: the file is damaged.
        """
        return self.files.read_record()

    def experiment(self, plugins: Sequence[str | Path] = ()) -> Experiment:
        """The experiment that was run. Plug-ins that its file names are not imported: a run may come from a stranger.

        Args:
            plugins: Modules or ``.py`` files to import, which run as code: name only those that you trust.

        Raises:
            ExperimentError: this version cannot read its file.
            CheckpointError: the file was changed since the run.
        """
        experiment = load_experiment(self.files.experiment, plugins=[str(plugin) for plugin in plugins])
        check_settings(self.state(), experiment, self.folder)
        return experiment

    def experiment_text(self) -> str | None:
        """The experiment as YAML; None if the run has no such file.

        Raises:
            CheckpointError: the file was changed since the run.
        """
        path = self.files.experiment
        if not path.is_file():
            return None
        if "identity" in self.state():
            self.experiment()
        try:
            return path.read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            raise DataError(f"{path} cannot be read: {error}. {_REMEDY}") from error
