"""A bundle as a model of MLflow: what ``mlflow models serve`` serves."""

import base64
import json
import logging
import uuid
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

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
        """Make the model, unless an earlier attempt has made it, and upload its files."""
        from mlflow.entities import LoggedModelOutput

        run_id, experiment = self.run.known_id(), store.experiment_id()
        with store.calling() as client:
            self.model_id = self.model_id or self._made_before(client, experiment) or self._make(client, experiment)
            client.log_outputs(run_id, [LoggedModelOutput(self.model_id, step=0)])
        with TemporaryDirectory(prefix="xraykit-model-") as folder:
            self._save(store, Path(folder) / "model")
            with store.calling() as client:
                client.log_model_artifacts(self.model_id, str(Path(folder) / "model"))
                client.finalize_logged_model(self.model_id, "READY")

    def _made_before(self, client: "MlflowClient", experiment: str) -> str | None:
        if not self.tried:
            return None
        found = client.search_logged_models([experiment], f"tags.`xraykit.key` = '{self.key}'", max_results=1)
        return str(found[0].model_id) if found else None

    def _make(self, client: "MlflowClient", experiment: str) -> str:
        self.tried = True
        tags = {"xraykit.key": self.key, "xraykit.version": VERSION}
        return str(client.create_logged_model(experiment, NAME, self.run.id, tags).model_id)

    def _save(self, store: Store, folder: Path) -> None:
        try:
            save_served(self.bundle, folder, run_id=self.run.id, model_id=self.model_id)
        # A full disk, a bundle that is gone: the same attempt would fail again.
        except Exception as error:  # noqa: BLE001
            raise Refused(store.scrub(f"{type(error).__name__}: {error}")) from None

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

    labels = json.loads((bundle / "model.json").read_text(encoding="utf-8"))["labels"]
    golden = base64.b64encode((bundle / "golden.png").read_bytes()).decode()
    logging.getLogger("mlflow.pyfunc").setLevel(logging.ERROR)
    mlflow.pyfunc.save_model(
        path=str(folder),
        loader_module=LOADER,
        data_path=str(bundle),
        mlflow_model=Model(run_id=run_id, model_id=model_id, model_uuid=model_id, metadata={"xraykit": VERSION}),
        signature=_signature(labels),
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


def _signature(labels: list[str]) -> "ModelSignature":
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, Schema
    from mlflow.types.schema import AnyType

    answers = [ColSpec(DataType.string, "image")]
    for label in labels:
        answers.append(ColSpec(DataType.double, f"{label}_probability", required=False))
        answers.append(ColSpec(DataType.boolean, f"{label}_call", required=False))
    answers += [ColSpec(DataType.string, name) for name in ("flags", "flag_reasons", "error")]
    # Bytes, base64, a file's name or pixels: MLflow has no type for one of several.
    return ModelSignature(Schema([ColSpec(AnyType())]), Schema(answers))
