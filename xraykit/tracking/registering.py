"""A finished run's network in MLflow's model registry, with an alias."""

import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from xraykit.config import RegisteredModel
from xraykit.tracking.entries import Entry, Run
from xraykit.tracking.models import LogModel
from xraykit.tracking.store import Refused, Store, Unreachable

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion
    from mlflow.tracking import MlflowClient

_KEY = "xraykit.key"


@dataclass
class RegisterModel(Entry):
    """A version of a registered model, made of a model that was logged before, and the alias moved to it.

    The variable MLFLOW_REGISTRY_URI may name another registry than the store's.
    """

    run: Run
    logged: LogModel
    registered: RegisteredModel
    key: str = field(default_factory=lambda: uuid.uuid4().hex)

    def deliver(self, store: Store) -> None:
        """Make the version, unless an earlier attempt has made it."""
        run_id = self.run.known_id()
        if not self.logged.complete:
            raise Refused("the model itself was not recorded")
        try:
            self._register(store, run_id)
        except Unreachable as error:
            # What only the registry does not do must not keep the store from the end of the run.
            with store.calling() as client:
                client.get_run(run_id)
            raise Refused(str(error)) from None

    def _register(self, store: Store, run_id: str) -> None:
        _make_model(store, self.registered.name)
        with store.calling() as client:
            version = self._made_before(client) or self._make_version(client, run_id)
            if self.registered.alias is not None:
                client.set_registered_model_alias(self.registered.name, self.registered.alias, version.version)

    def _make_version(self, client: "MlflowClient", run_id: str) -> "ModelVersion":
        model_id = str(self.logged.model_id)
        # Not models:/ID, which MLflow looks up in the store of its own variables.
        source = client.get_logged_model(model_id).artifact_location
        return client.create_model_version(
            self.registered.name, source, run_id, {_KEY: self.key}, await_creation_for=0, model_id=model_id
        )

    def _made_before(self, client: "MlflowClient") -> "ModelVersion | None":
        found = client.search_model_versions(f"name = '{self.registered.name}'")
        return next((version for version in found if version.tags.get(_KEY) == self.key), None)

    def __str__(self) -> str:
        return f"the registered model {self.registered.name!r}"


def _make_model(store: Store, name: str) -> None:
    try:
        with store.calling() as client:
            client.create_registered_model(name)
    except Refused:
        # It is there already, perhaps by another process; otherwise this says what is wrong.
        with store.calling() as client:
            client.get_registered_model(name)
