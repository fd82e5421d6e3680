"""Which study belongs to an experiment, and where its trials keep their checkpoints."""

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from xraykit.config import Experiment, Search
from xraykit.data import Parts
from xraykit.errors import ExperimentError
from xraykit.runs import training_identity
from xraykit.search import StudyPlan, TrialRecord, pareto_front, study_name


@dataclass(frozen=True)
class StudySetup:
    """The study of an experiment and its data.

    Attributes:
        experiment: With its search.
        search: Its section.
        trial_experiment: What each trial starts from; see :func:`trial_experiment`.
        folder: Where a study on this machine is kept, ``output.root/NAME/study``.
        name: Of the study. Whatever changes a score changes the name.
    """

    experiment: Experiment
    search: Search
    trial_experiment: Experiment
    folder: Path
    name: str

    @classmethod
    def of(cls, experiment: Experiment, parts: Parts) -> "StudySetup":
        """The study of ``experiment`` on these parts.

        Raises:
            ExperimentError: the experiment has no search.
        """
        search, single = search_of(experiment), trial_experiment(experiment)
        folder = Path(experiment.output.root) / experiment.name / "study"
        return cls(experiment, search, single, folder, study_name(_identity(single, search, parts), search))

    def plan(
        self,
        on_trial_end: Callable[[TrialRecord, tuple[TrialRecord, ...]], None] = lambda record, trials: None,
        *,
        patient: bool = False,
    ) -> StudyPlan:
        """The plan for the engine; see :class:`xraykit.search.StudyPlan`."""
        epochs = self.trial_experiment.training.epochs
        return StudyPlan(self.search, self.folder, self.name, self.trial_experiment.seed, epochs, patient, on_trial_end)

    def checkpoints(self, origin: int) -> Path:
        """Where the trial whose first attempt has the number ``origin`` keeps its checkpoints."""
        return self.folder / "trials" / self.name / f"{origin:05d}"

    def winning_experiment(self, trial: TrialRecord) -> Experiment:
        """The experiment with the values of ``trial``, to be trained or, from its checkpoint, only evaluated."""
        values = {key: value for key, value in trial.values.items() if key in self.search.space}
        if self.search.winner == "checkpoint":
            values["training.epochs"] = trial.values.get("training.epochs", self.trial_experiment.training.epochs)
        return self.experiment.with_values({"search": None, **values})

    def delete_unneeded_checkpoints(self, trials: tuple[TrialRecord, ...]) -> None:
        """Delete the checkpoints of all trials that ended, except those of a trial that may win.

        Weights of ended trials are kept only if ``search.winner`` is ``checkpoint``.
        """
        kept = pareto_front(self.search, trials) if self.search.winner == "checkpoint" else ()
        needed = {origin_of(trial) for trial in (*kept, *(each for each in trials if each.state == "running"))}
        for origin in {origin_of(trial) for trial in trials if trial.counts} - needed:
            shutil.rmtree(self.checkpoints(origin), ignore_errors=True)


def search_of(experiment: Experiment) -> Search:
    """The search section of an experiment.

    Raises:
        ExperimentError: it has none.
    """
    if experiment.search is None:
        raise ExperimentError(
            f"The experiment {experiment.name} has no search. Expected: a `search` section, which names the values to "
            f"search. Received: search: null."
        )
    return experiment.search


def trial_experiment(experiment: Experiment) -> Experiment:
    """What each trial starts from: the experiment without its search, with the epochs of a trial."""
    search = search_of(experiment)
    epochs = {"training.epochs": search.epochs} if search.epochs else {}
    return experiment.with_values({"search": None, **epochs})


def origin_of(trial: TrialRecord) -> int:
    """Number of the first attempt at this trial."""
    return trial.number if trial.origin is None else trial.origin


def _identity(single: Experiment, search: Search, parts: Parts) -> str:
    """Hash of everything besides the searched values that changes a trial's scores.

    Data, plug-ins and weights count by their content, not by their path.
    """
    text = json.dumps([training_identity(single, parts), list(search.objectives)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
