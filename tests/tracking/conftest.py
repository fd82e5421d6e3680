"""One embedded store for all tests here, as making a new one takes seconds."""

import pytest

from xraykit.tracking import open_tracker


@pytest.fixture(scope="session")
def store_root(tmp_path_factory):
    root = tmp_path_factory.mktemp("runs")
    open_tracker("auto", root=root, experiment="first", run_name="first").finish("complete")
    return root


@pytest.fixture(scope="session")
def client(store_root):
    from mlflow.tracking import MlflowClient

    return MlflowClient(f"sqlite:///{store_root / 'mlflow.db'}")


@pytest.fixture
def begin(store_root, request):
    """Begin a run in the embedded store, in an experiment named after the test."""

    def open_run(**options):
        options = {"experiment": request.node.name, "run_name": "parent", **options}
        return open_tracker("auto", root=store_root, **options)

    return open_run
