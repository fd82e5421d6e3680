"""Which study belongs to an experiment, and where its trials leave their checkpoints."""

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from xraykit.config import Experiment, Search
from xraykit.data import Parts
from xraykit.runs.identity import training_identity
from xraykit.search import StudyPlan, TrialRecord, pareto_front, study_name


@dataclass(frozen=True)
class Places:
    """The study of an experiment and its data.

    Attributes:
        experiment: With its search.
        search: Its section.
        alone: The experiment as a trial begins with it: without a search, with the epochs of a trial.
        folder: Where a study on this machine is kept, ``output.root/NAME/study``.
        name: Of the study: another one for whatever shapes a score.
    """

    experiment: Experiment
    search: Search
    alone: Experiment
    folder: Path
    name: str

    @classmethod
    def of(cls, experiment: Experiment, parts: Parts) -> "Places":
        """The study of ``experiment``, which has a search, on these parts."""
        search = experiment.search
        if search is None:
            raise ValueError("The experiment has no search.")
        epochs = {"training.epochs": search.epochs} if search.epochs else {}
        alone = experiment.with_values({"search": None, **epochs})
        folder = Path(experiment.output.root) / experiment.name / "study"
        return cls(experiment, search, alone, folder, study_name(_identity(alone, search, parts), search.space))

    def plan(
        self,
        on_trial_end: Callable[[TrialRecord, tuple[TrialRecord, ...]], None] = lambda record, trials: None,
        *,
        patient: bool = False,
    ) -> StudyPlan:
        """The plan for the engine; see :class:`xraykit.search.StudyPlan`."""
        epochs = self.alone.training.epochs
        return StudyPlan(self.search, self.folder, self.name, self.alone.seed, epochs, patient, on_trial_end)

    def checkpoints(self, origin: int) -> Path:
        """Where the trial that began as number ``origin`` leaves its checkpoints."""
        return self.folder / "trials" / self.name / f"{origin:05d}"

    def winner(self, trial: TrialRecord) -> Experiment:
        """The experiment with the values of ``trial``, to be trained or, from its checkpoint, only evaluated."""
        values = {key: value for key, value in trial.values.items() if key in self.search.space}
        if self.search.winner == "checkpoint":
            values["training.epochs"] = trial.values.get("training.epochs", self.alone.training.epochs)
        return self.experiment.with_values({"search": None, **values})

    def forget(self, trials: tuple[TrialRecord, ...]) -> None:
        """Delete the checkpoints that nobody needs: of all trials that ended, but not of one that may win.

        Weights of trials are kept only if ``search.winner`` says that they will be taken.
        """
        kept = pareto_front(self.search, trials) if self.search.winner == "checkpoint" else ()
        needed = {origin_of(trial) for trial in (*kept, *(each for each in trials if each.state == "running"))}
        for origin in {origin_of(trial) for trial in trials if trial.counts} - needed:
            shutil.rmtree(self.checkpoints(origin), ignore_errors=True)


def origin_of(trial: TrialRecord) -> int:
    """Number under which the first attempt at this trial began."""
    return trial.number if trial.origin is None else trial.origin


def _identity(alone: Experiment, search: Search, parts: Parts) -> str:
    """Hash of everything that shapes a trial's scores beside the searched values: a changed study is a new one.

    Data, plug-ins and weights count by their content, not by where they lie.
    """
    text = json.dumps([training_identity(alone, parts), list(search.objectives)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
