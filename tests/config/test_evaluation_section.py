"""How an experiment says how it is scored: rules, prevalence, subgroups."""

import pytest

from xraykit.config import Rule, load_experiment
from xraykit.errors import ExperimentError

LABELS = {"labels": ["Mass", "Edema", "Hernia"]}


def experiment(evaluation, **data):
    return load_experiment({"data": {**LABELS, **data}, "evaluation": evaluation})


def test_each_label_has_the_common_rule_or_its_own():
    settings = experiment(
        {"operating_point": "f1", "operating_points": {"Edema": "sensitivity >= 0.95", "Hernia": "precision≥0.5"}}
    ).evaluation
    assert settings.rule_of("Mass") == Rule("f1")
    assert settings.rule_of("Edema") == Rule("sensitivity", 0.95)
    assert settings.rule_of("Hernia") == Rule("precision", 0.5)
    assert settings.operating_points["Edema"] == "sensitivity>=0.95"


def test_a_rule_can_be_given_as_an_override_and_survives_the_resolved_file(tmp_path):
    path = tmp_path / "e.yaml"
    path.write_text("data: {labels: [Mass, Edema]}\n")
    first = load_experiment(path, ["evaluation.operating_points.Edema=specificity>=0.9"])
    path.write_text(first.to_yaml())
    assert load_experiment(path) == first


@pytest.mark.parametrize(
    ("evaluation", "message"),
    [
        ({"operating_point": "yuden"}, "Allowed: youden, f1, or a target"),
        ({"operating_point": "sensitivity>=1.2"}, "Received: 'sensitivity>=1.2'"),
        ({"operating_points": {"Edema": "npv>=0.9"}}, "Received: 'npv>=0.9'"),
        ({"operating_points": {"Edma": "f1"}}, "Unknown label of this experiment 'Edma'. Did you mean 'Edema'?"),
        ({"prevalence": {"Nodule": 0.1}}, "Unknown label of this experiment 'Nodule'"),
        ({"prevalence": {"Mass": 3}}, "evaluation.prevalence.Mass: expected less than 1. Received: 3."),
        ({"prevalence": {"Mass": 0.0}}, "expected greater than 0"),
        ({"subgroups": ["sex", "scanner"]}, "Unknown column 'scanner'. Known: sex, age, view. Name further ones in"),
        ({"age_bands": [40, 18]}, "age_bands must rise. Received: 40, 18"),
        ({"calibration": "plat"}, "Did you mean 'platt'?"),
    ],
)
def test_what_cannot_be_is_reported_with_what_can(evaluation, message):
    with pytest.raises(ExperimentError) as caught:
        experiment(evaluation)
    assert message in str(caught.value)


def test_further_columns_of_the_label_file_can_be_subgroups():
    made = experiment({"subgroups": ["sex", "Follow-up #"]}, columns=["Follow-up #"])
    assert made.evaluation.subgroups == ("sex", "Follow-up #")
