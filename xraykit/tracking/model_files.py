"""The files that make a folder a model of MLflow: ``MLmodel``, signature, example and requirements; never a pickle.

They are written without MLflow: the format is MLflow's documented one, and a bundle has these files whether its
run was tracked or not. The only code that they name is the loader of xraykit, :data:`LOADER`.
"""

import base64
import json
import platform
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import yaml

from xraykit.errors import ModelError
from xraykit.system import json_text
from xraykit.version import VERSION

LOADER = "xraykit.bundle.served"
"""The module that MLflow imports; its function ``_load_pyfunc`` gets the folder of the bundle."""

MLMODEL = "MLmodel"

FILES = (
    MLMODEL,
    "conda.yaml",
    "python_env.yaml",
    "requirements.txt",
    "input_example.json",
    "serving_input_example.json",
)
"""All that are written."""

_FLAVOR = "python_function"
_FLAVOR_KEYS = {"loader_module", "python_version", "env", "data"}

# What the loader imports, by the names of the distributions; one of two names for OpenCV and for the backend.
_REQUIRED = (
    "mlflow",
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


def write_model_files(
    folder: Path, labels: Sequence[str], golden: Path, *, ensemble: bool, data: str | None = None
) -> None:
    """Make a folder a model of MLflow.

    Args:
        folder: The bundle, or a folder that contains it.
        labels: Of the network, in the order of its outputs.
        golden: The golden picture, which becomes the example of a request.
        ensemble: Whether the answers have the spread of the members.
        data: The bundle relative to ``folder``; None: ``folder`` is the bundle.
    """
    request = {"columns": ["image"], "data": [[base64.b64encode(golden.read_bytes()).decode()]]}
    environment = requirements()
    conda = ["python=" + platform.python_version(), "pip", {"pip": environment}]
    texts = {
        MLMODEL: _yaml(_mlmodel(labels, ensemble=ensemble, data=data)),
        "conda.yaml": _yaml({"name": "mlflow-env", "channels": ["conda-forge"], "dependencies": conda}),
        "python_env.yaml": _yaml(
            {
                "python": platform.python_version(),
                "build_dependencies": ["pip", "setuptools", "wheel"],
                "dependencies": ["-r requirements.txt"],
            }
        ),
        "requirements.txt": "\n".join(environment) + "\n",
        "input_example.json": json_text(request),
        "serving_input_example.json": json_text({"dataframe_split": request}),
    }
    for name in FILES:
        (folder / name).write_text(texts[name], encoding="utf-8")


def check_mlmodel(path: Path) -> None:
    """Refuse an ``MLmodel`` that names other code than xraykit's loader, which MLflow would run.

    Args:
        path: The file; a bundle of an earlier version has none.

    Raises:
        ModelError: it cannot be read, or names another flavor, another loader, or code to import.
    """
    if not path.exists():
        return
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
        flavors = dict(values["flavors"])
        flavor = dict(flavors[_FLAVOR])
    except (OSError, ValueError, KeyError, TypeError, RecursionError, yaml.YAMLError) as error:
        raise ModelError(
            f"{path} is not the MLmodel of a bundle: {type(error).__name__}. Copy the bundle again from its source."
        ) from error
    if set(flavors) != {_FLAVOR} or flavor.get("loader_module") != LOADER or not set(flavor) <= _FLAVOR_KEYS:
        raise ModelError(
            f"{path} makes MLflow run other code than xraykit's loader. Expected: one flavor, {_FLAVOR}, with "
            f"loader_module {LOADER} and nothing but {', '.join(sorted(_FLAVOR_KEYS))}. Received: "
            f"{', '.join(map(str, flavors))} with loader_module {flavor.get('loader_module')} and "
            f"{', '.join(sorted(map(str, flavor)))}. Do not serve it; ask its sender."
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


def _mlmodel(labels: Sequence[str], *, ensemble: bool, data: str | None) -> dict[str, Any]:
    inputs, outputs = _signature(labels, ensemble=ensemble)
    pinned = dict(line.split("==") for line in requirements())
    return {
        "flavors": {
            _FLAVOR: {
                "loader_module": LOADER,
                "python_version": platform.python_version(),
                "env": {"conda": "conda.yaml", "virtualenv": "python_env.yaml"},
                **({} if data is None else {"data": data}),
            }
        },
        **({"mlflow_version": pinned["mlflow"]} if "mlflow" in pinned else {}),
        "metadata": {"xraykit": VERSION},
        "saved_input_example_info": {
            "artifact_path": "input_example.json",
            "serving_input_path": "serving_input_example.json",
            "type": "dataframe",
            "pandas_orient": "split",
        },
        "signature": {"inputs": json.dumps(inputs), "outputs": json.dumps(outputs), "params": None},
    }


def _signature(labels: Sequence[str], *, ensemble: bool) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Inputs and outputs; bytes, base64, a file's name or pixels: MLflow has no type for one of several but ``any``."""
    outputs = [_column("image", "string")]
    for label in labels:
        outputs.append(_column(f"{label}_probability", "double", required=False))
        outputs.append(_column(f"{label}_call", "boolean", required=False))
        if ensemble:
            outputs.append(_column(f"{label}_spread", "double", required=False))
    texts = ("uncalibrated", "untrained", "label_notes", "flags", "flag_reasons", "error")
    return [{"type": "any", "required": True}], outputs + [_column(name, "string") for name in texts]


def _column(name: str, kind: str, *, required: bool = True) -> dict[str, Any]:
    return {"type": kind, "name": name, "required": required}


def _yaml(values: dict[str, Any]) -> str:
    return str(yaml.safe_dump(values, sort_keys=False, allow_unicode=True))
