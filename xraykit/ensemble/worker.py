"""A process that trains one member: ``python -m xraykit.ensemble.worker``, started by :mod:`.training` alone."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from xraykit.workers import work_as_process


def _work(job: Mapping[str, Any]) -> None:
    """Train the member that the job names."""
    from xraykit.config import load_experiment
    from xraykit.ensemble.members import members_of
    from xraykit.ensemble.training import train_member
    from xraykit.tracking import join_trackers

    experiment = load_experiment(job["experiment"])
    member = next(each for each in members_of(experiment) if each.name == job["member"])
    with join_trackers(experiment, Path(job["folder"]), job["run"]) as tracker:
        train_member(member, Path(job["folder"]), tracker)


if __name__ == "__main__":
    sys.exit(work_as_process(_work))
