"""A worker process of a search: ``python -m xraykit.search.workers.worker``, started by :mod:`.pool` alone."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from xraykit.workers import work_as_process


def _work(job: Mapping[str, Any]) -> None:
    """Work on a study until no trial is left."""
    from xraykit.config import load_experiment
    from xraykit.data import load_parts
    from xraykit.errors import XraykitError
    from xraykit.search import open_study
    from xraykit.search.study_setup import StudySetup
    from xraykit.search.trial_training import TrialTraining, after_trial
    from xraykit.tracking import join_trackers

    experiment = load_experiment(job["experiment"])
    parts = load_parts(experiment.data, experiment.split_seed, sealed_test=True)
    setup = StudySetup.of(experiment, parts)
    if setup.name != job["study"]:
        raise XraykitError(
            "Data, plug-ins or start weights have changed since the search began, so that this worker would work on "
            "another study. Start the search again."
        )
    with (
        join_trackers(experiment, Path(job["folder"]), job["run"]) as tracker,
        open_study(setup.plan(after_trial(setup), patient=True)) as study,
    ):
        study.work(TrialTraining(setup, parts, tracker))


if __name__ == "__main__":
    sys.exit(work_as_process(_work))
