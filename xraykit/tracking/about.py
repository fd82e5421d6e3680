"""What MLflow's pages show of a run besides numbers: name, user, commit, data and a description."""

import contextlib
import getpass
import json
from dataclasses import dataclass

from xraykit.tracking.accepted import LONGEST_TAG, accepted_text
from xraykit.tracking.entries import Entry, Run
from xraykit.tracking.store import Store
from xraykit.tracking.tracker import Dataset
from xraykit.version import VERSION

# mlflow.utils.validation, MLflow 3.17.
_LONGEST_DIGEST = 36
_LONGEST_DATASET_NAME = 500

NOTE = "mlflow.note.content"


def origin_tags(commit: str | None) -> dict[str, str]:
    """MLflow's own tags of who started a run, and of which program and commit.

    Args:
        commit: Of the git checkout in the working directory, if it is one.
    """
    tags = {"mlflow.source.name": f"xraykit {VERSION}", "mlflow.source.type": "LOCAL"}
    # An account may have no name, as in containers; Windows lacks the module that looks it up.
    with contextlib.suppress(OSError, KeyError, ImportError):
        tags["mlflow.user"] = getpass.getuser()
    return tags if commit is None else {**tags, "mlflow.source.git.commit": commit}


@dataclass
class Rename(Entry):
    """Another name of a run."""

    run: Run
    name: str

    def deliver(self, store: Store) -> None:
        """Replace the name."""
        run_id = self.run.known_id()
        with store.calling() as client:
            client.update_run(run_id, name=self.name)

    def __str__(self) -> str:
        return f"the name of the run {self.run.name!r}"


@dataclass
class Describe(Entry):
    """The description of a run, with a link to its report."""

    run: Run
    text: str
    report: str | None

    def deliver(self, store: Store) -> None:
        """Replace the description."""
        run_id = self.run.known_id()
        text = self.text
        if self.report is not None:
            # The page's own addresses begin with #, whatever host and path the server has.
            link = f"#/experiments/{store.experiment_id()}/runs/{run_id}/artifacts/{self.report}"
            text = f"{text}\n\n[{self.report}]({link})"
        with store.calling() as client:
            client.set_tag(run_id, NOTE, accepted_text(text, LONGEST_TAG))

    def __str__(self) -> str:
        return f"the description of the run {self.run.name!r}"


@dataclass
class LogDataset(Entry):
    """The data of a run, as :mod:`mlflow.data` reads them back."""

    run: Run
    dataset: Dataset

    def deliver(self, store: Store) -> None:
        """Record the data as the input of a training."""
        from mlflow.entities import Dataset as MlflowDataset
        from mlflow.entities import DatasetInput, InputTag

        run_id = self.run.known_id()
        found = MlflowDataset(
            name=self.dataset.name[:_LONGEST_DATASET_NAME],
            digest=self.dataset.digest[:_LONGEST_DIGEST],
            source_type="local",
            source=json.dumps({"uri": self.dataset.source}),
            profile=json.dumps(dict(self.dataset.facts)),
        )
        with store.calling() as client:
            client.log_inputs(run_id, [DatasetInput(found, [InputTag("mlflow.data.context", "training")])])

    def __str__(self) -> str:
        return f"the data of the run {self.run.name!r}"
