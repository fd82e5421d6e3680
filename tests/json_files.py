"""The JSON Schemas in the repository; ``python -m tests.json_files`` writes them again from the typed records."""

import json
from pathlib import Path

from tests.config.json_schema import valid
from xraykit.bundle.contents import ModelRecord
from xraykit.export.contents import ExportRecord
from xraykit.runs.contents import DataFacts, MetricsRecord, RunState
from xraykit.runs.environment import EnvironmentRecord
from xraykit.runs.evaluations.contents import EvaluationRecord
from xraykit.runs.reproduction import Reproduction
from xraykit.system.records import schema_of

PACKAGE = Path(__file__).resolve().parents[1] / "xraykit"
METRICS_SCHEMA = PACKAGE / "runs" / "schemas" / "metrics.schema.json"
EVALUATION_SCHEMA = PACKAGE / "runs" / "schemas" / "evaluation.schema.json"
RUN_SCHEMA = PACKAGE / "runs" / "schemas" / "run.schema.json"
DATA_SCHEMA = PACKAGE / "runs" / "schemas" / "data.schema.json"
EXPORT_SCHEMA = PACKAGE / "export" / "schemas" / "export.schema.json"
ENVIRONMENT_SCHEMA = PACKAGE / "runs" / "schemas" / "environment.schema.json"
REPRODUCTION_SCHEMA = PACKAGE / "runs" / "schemas" / "reproduction.schema.json"
MODEL_SCHEMA = PACKAGE / "bundle" / "schemas" / "model.schema.json"


def schemas():
    """Each file of the repository, and the schema that it must contain."""
    return {
        METRICS_SCHEMA: schema_of(MetricsRecord, "metrics.json of a run of xraykit"),
        EVALUATION_SCHEMA: schema_of(EvaluationRecord, "metrics.json of an external validation of xraykit"),
        RUN_SCHEMA: schema_of(RunState, "run.json of a run of xraykit"),
        DATA_SCHEMA: schema_of(DataFacts, "data.json of a run of xraykit"),
        EXPORT_SCHEMA: schema_of(ExportRecord, "export.json of an export of xraykit"),
        ENVIRONMENT_SCHEMA: schema_of(EnvironmentRecord, "environment.json of a run of xraykit"),
        REPRODUCTION_SCHEMA: schema_of(Reproduction, "reproduction.json of a run of xraykit"),
        MODEL_SCHEMA: schema_of(ModelRecord, "model.json of a bundle of xraykit"),
    }


def assert_valid(path, schema):
    """See that a JSON file is what a schema of the repository allows, and of its version."""
    values, allowed = json.loads(path.read_text()), json.loads(schema.read_text())
    assert valid(values, allowed, allowed), path
    assert values["version"] == 1


if __name__ == "__main__":
    for path, schema in schemas().items():
        path.write_text(json.dumps(schema, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
