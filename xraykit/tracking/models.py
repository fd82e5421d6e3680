"""A bundle as a model of MLflow: what ``mlflow models serve`` serves."""

import base64
import logging
import uuid
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from xraykit.system import read_json
from xraykit.tracking.entries import Entry, Run
from xraykit.tracking.store import Refused, Store
from xraykit.version import VERSION

if TYPE_CHECKING:
    from mlflow.models import ModelSignature
    from mlflow.tracking import MlflowClient

NAME = "classifier"
"""Of the model in its run: ``runs:/RUN_ID/classifier``."""

LOADER = "xraykit.bundle.served"

# What the loader imports, by the names of the distributions; one of two names for OpenCV and for the backend.
_REQUIRED = (
    "keras",
    "tensorflow",
    "jax",
    "numpy",
    "pandas",
    "scikit-learn",
    "scipy",
    "opencv-python-headless",
    "opencv-python",
    "pydantic",
    "pyyaml",
    "tqdm",
)


@dataclass
class LogModel(Entry):
    """A bundle that becomes a model of MLflow."""

    run: Run
    bundle: Path
    key: str = field(default_factory=lambda: uuid.uuid4().hex)
    model_id: str | None = None
    tried: bool = False

    def deliver(self, store: Store) -> None:
        """Create the model, unless an earlier attempt has created it, and upload its files."""
        run_id, experiment = self.run.known_id(), store.experiment_id()
        with store.calling() as client:
            self.model_id = self.model_id or self._made_before(client, experiment) or self._make(client, experiment)
        for last in (False, True):
            try:
                return self._upload(store, run_id, self.model_id)
            # As with any file, each cloud's library raises its own errors; and the disk may be full here.
            except Exception as error:  # noqa: BLE001
                with store.calling() as client:
                    client.get_run(run_id)
                    if last:
                        client.finalize_logged_model(self.model_id, "FAILED")
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
            model = Path(folder) / "model"
            save_served(self.bundle, model, run_id, model_id)
            with store.calling() as client:
                client.log_model_artifacts(model_id, str(model))
                client.finalize_logged_model(model_id, "READY")
                client.log_outputs(run_id, [LoggedModelOutput(model_id, step=0)])

    def __str__(self) -> str:
        return f"the model {self.bundle}"


def save_served(bundle: Path, folder: Path, run_id: str | None = None, model_id: str | None = None) -> None:
    """Write a bundle as a model of MLflow, with signature, example and requirements, and without any pickle.

    Args:
        bundle: The bundle.
        folder: Where the model goes; it must not be there yet.
        run_id: The run that made it.
        model_id: MLflow's name for it.
    """
    import mlflow.pyfunc
    import pandas as pd
    from mlflow.models import Model

    about = read_json(bundle / "model.json", "what belongs to a network", {"labels": list})
    # It would log a message about the example at every training.
    logging.getLogger("mlflow.pyfunc").setLevel(logging.WARNING)
    golden = base64.b64encode((bundle / "golden.png").read_bytes()).decode()
    mlflow.pyfunc.save_model(
        path=str(folder),
        loader_module=LOADER,
        data_path=str(bundle),
        mlflow_model=Model(run_id=run_id, model_id=model_id, model_uuid=model_id, metadata={"xraykit": VERSION}),
        signature=_signature(about["labels"], ensemble=bool(about.get("members"))),
        input_example=pd.DataFrame({"image": [golden]}),
        pip_requirements=requirements(),
    )


def requirements() -> list[str]:
    """The packages that the served model needs, in the versions that are installed here.

    xraykit itself is not among them: nothing but its own source may be taken for it, so whoever serves the model
    installs it first.
    """
    found = []
    for name in _REQUIRED:
        try:
            found.append(f"{name}=={version(name)}")
        except PackageNotFoundError:
            continue
    return found


def _signature(labels: list[str], *, ensemble: bool) -> "ModelSignature":
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, Schema
    from mlflow.types.schema import AnyType

    texts = ("uncalibrated", "untrained", "label_notes", "flags", "flag_reasons", "error")
    answers = [ColSpec(DataType.string, "image")]
    for label in labels:
        answers.append(ColSpec(DataType.double, f"{label}_probability", required=False))
        answers.append(ColSpec(DataType.boolean, f"{label}_call", required=False))
        if ensemble:
            answers.append(ColSpec(DataType.double, f"{label}_spread", required=False))
    answers += [ColSpec(DataType.string, name) for name in texts]
    # Bytes, base64, a file's name or pixels: MLflow has no type for one of several.
    return ModelSignature(Schema([ColSpec(AnyType())]), Schema(answers))
