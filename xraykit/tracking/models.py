"""A bundle as a model of MLflow: what ``mlflow models serve`` serves."""

import shutil
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from xraykit.system import read_json
from xraykit.tracking.entries import Entry, Run
from xraykit.tracking.model_files import MLMODEL, write_model_files
from xraykit.tracking.store import Refused, Store
from xraykit.version import VERSION

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

NAME = "classifier"
"""Of the model in its run: ``runs:/RUN_ID/classifier``."""

_INSIDE = "data/model"


@dataclass
class LogModel(Entry):
    """A bundle that becomes a model of MLflow."""

    run: Run
    bundle: Path
    key: str = field(default_factory=lambda: uuid.uuid4().hex)
    model_id: str | None = None
    tried: bool = False
    complete: bool = False

    def deliver(self, store: Store) -> None:
        """Create the model, unless an earlier attempt has created it, and upload its files."""
        run_id, experiment = self.run.known_id(), store.experiment_id()
        with store.calling() as client:
            self.model_id = self.model_id or self._made_before(client, experiment) or self._make(client, experiment)
        self._uploaded(store, run_id, self.model_id)
        self.complete = True

    def _uploaded(self, store: Store, run_id: str, model_id: str) -> None:
        for last in (False, True):
            try:
                return self._upload(store, run_id, model_id)
            # As with any file, each cloud's library raises its own errors; and the disk may be full here.
            except Exception as error:  # noqa: BLE001
                with store.calling() as client:
                    client.get_run(run_id)
                    if last:
                        client.finalize_logged_model(model_id, "FAILED")
                if last:
                    raise Refused(store.scrub(f"{type(error).__name__}: {error}")) from None

    def _made_before(self, client: "MlflowClient", experiment: str) -> str | None:
        if not self.tried:
            return None
        found = client.search_logged_models([experiment], f"tags.`xraykit.key` = '{self.key}'", max_results=1)
        return str(found[0].model_id) if found else None

    def _make(self, client: "MlflowClient", experiment: str) -> str:
        from mlflow.exceptions import MlflowException

        self.tried = True
        tags = {"xraykit.key": self.key, "xraykit.version": VERSION}
        try:
            return str(client.create_logged_model(experiment, NAME, self.run.id, tags).model_id)
        except MlflowException as error:
            if error.error_code == "ENDPOINT_NOT_FOUND":
                raise Refused("the server is of an MLflow before 3, which keeps no models") from None
            raise

    def _upload(self, store: Store, run_id: str, model_id: str) -> None:
        from mlflow.entities import LoggedModelOutput

        with TemporaryDirectory(prefix="xraykit-model-") as folder:
            model = self.bundle
            if not (model / MLMODEL).is_file():
                model = Path(folder) / "model"
                save_served(self.bundle, model)
            with store.calling() as client:
                client.log_model_artifacts(model_id, str(model))
                client.finalize_logged_model(model_id, "READY")
                client.log_outputs(run_id, [LoggedModelOutput(model_id, step=0)])

    def __str__(self) -> str:
        return f"the model {self.bundle}"


def save_served(bundle: Path, folder: Path) -> None:
    """Write a model of MLflow that contains a bundle of an earlier version, which is no such model by itself.

    Args:
        bundle: The bundle.
        folder: Where the model goes; it must not be there yet.
    """
    about = read_json(bundle / "model.json", "what belongs to a network", {"labels": list})
    shutil.copytree(bundle, folder / _INSIDE)
    ensemble = bool(about.get("members"))
    write_model_files(folder, about["labels"], bundle / "golden.png", ensemble=ensemble, data=_INSIDE)
