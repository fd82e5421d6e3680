"""A report from files that were changed by hand somewhere deep inside: a sentence, not a traceback."""

import json
import shutil

import pytest

from tests.test_earlier_versions import FIXTURES
from xraykit.report.__main__ import main


def _changed(file, change):
    values = json.loads(file.read_text())
    change(values)
    file.write_text(json.dumps(values))


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("metrics.json", lambda it: it["labels"]["Effusion"].pop("positives"), "labels.Effusion.positives is missing"),
        (
            "metrics.json",
            lambda it: it["macro"].update(roc_auc="high"),
            "macro.roc_auc: input should be a valid",
        ),
        ("metrics.json", lambda it: it["subgroups"]["sex"]["F"].pop("labels"), "KeyError: 'labels'"),
        ("metrics.json", lambda it: it["subgroups"]["sex"].update(F=3), "TypeError"),
        (
            "data.json",
            lambda it: it["parts"]["test"].update(patients=None),
            "test.patients: input should be",
        ),
        ("data.json", lambda it: it["parts"]["train"].pop("age"), "KeyError: 'age'"),
    ],
)
def test_whatever_was_changed_is_reported_in_a_sentence(tmp_path, capsys, name, change, said):
    run = shutil.copytree(FIXTURES / "run_0_1_0", tmp_path / "run")
    _changed(run / name, change)
    assert main([str(run)]) == 2
    sentence = capsys.readouterr().err
    assert said in sentence
    assert str(run) in sentence
    assert "Traceback" not in sentence
