"""The metrics as plain text and as Markdown."""

import numpy as np
import pytest

from xraykit.evaluation import evaluate, format_metrics, markdown_table


@pytest.fixture
def metrics():
    targets = np.array([[1, 0], [0, 0], [1, 0], [0, 0], [0, 0]])
    probabilities = np.array([[0.9, 0.1], [0.8, 0.1], [0.7, 0.2], [0.3, 0.1], [0.2, 0.1]])
    return evaluate(
        targets,
        probabilities,
        ["p", "p", "q", "r", "s"],
        ["Mass", "Hernia"],
        {"Mass": 0.95, "Hernia": None},
        part="test",
        split="official",
        resamples=200,
        seed=0,
    )


@pytest.mark.parametrize("table", [format_metrics, markdown_table])
class TestBoth:
    def test_name_part_split_images_and_patients_first(self, table, metrics):
        first = table(metrics).splitlines()[0]
        assert "Test part, split: official, 5 radiographs of 4 patients" in first

    def test_show_the_interval_of_each_metric(self, table, metrics):
        low, high = metrics["labels"]["Mass"]["roc_auc_interval"]
        row = next(line for line in table(metrics).splitlines() if "Mass" in line)
        assert f"0.833 ({low:.3f}-{high:.3f})" in row

    def test_say_not_estimable_in_words_and_never_zero_or_one_half(self, table, metrics):
        row = next(line for line in table(metrics).splitlines() if "Hernia" in line)
        assert row.count("not estimable") == 2
        assert "0." not in row
        assert "Hernia" in table(metrics).split("not estimable without both")[1]

    def test_mark_precision_without_a_positive_call_as_not_estimable(self, table, metrics):
        rows = [line for line in table(metrics).splitlines() if line.lstrip("| ").startswith("Mass")]
        cells = " ".join(rows).replace("|", " ").replace("Mass", "").split()
        assert cells[-6:] == ["0.000", "1.000", "-", "0.000", "2", "3"]
        assert "-: not estimable" in table(metrics)

    def test_say_over_how_many_labels_the_mean_is(self, table, metrics):
        assert "The macro mean is that of 1 of 2 labels" in table(metrics)


def test_rows_of_the_plain_text_are_aligned(metrics):
    lines = format_metrics(metrics).splitlines()
    first, second = lines[2:5], lines[8:11]
    assert len({len(line) for line in first}) == len({len(line) for line in second}) == 1
    assert max(map(len, [*first, *second])) <= 80
    assert format_metrics(metrics).isascii()


def test_rows_of_the_markdown_table_have_the_columns_of_its_header(metrics):
    rows = [line for line in markdown_table(metrics).splitlines() if line.startswith("|")]
    assert len(rows) == 6
    assert len({row.count("|") for row in rows}) == 1


@pytest.mark.parametrize("table", [format_metrics, markdown_table])
def test_labels_with_few_patients_are_named_and_left_out_of_a_second_mean(table, metrics):
    text = table(metrics)
    assert "Fewer than 10 patients with a positive or with a negative" in text
    assert "Mass (2 with, 3 without). The macro mean contains them; 'macro, enough cases' is the mean without" in text
    assert "not estimable" in next(line for line in text.splitlines() if "macro, enough cases" in line)
    metrics["macro"]["few_cases"] = []
    assert "enough cases" not in table(metrics)


@pytest.mark.parametrize("table", [format_metrics, markdown_table])
def test_the_metrics_of_an_older_run_have_a_table_too(table, metrics):
    del metrics["macro_enough_cases"], metrics["macro"]["few_cases"]
    for values in metrics["labels"].values():
        del values["no_interval"], values["positive_patients"]
    assert "macro mean" in table(metrics)


def test_too_few_resamples_are_reported(metrics):
    assert "needs 200 resamples" not in format_metrics(metrics)
    metrics["labels"]["Mass"]["no_interval"]["average_precision"] = "few_resamples"
    assert "The average precision has no interval: it needs 200 resamples" in format_metrics(metrics)


def test_without_anything_estimable_there_is_still_a_table():
    arguments = {"part": "test", "split": "official", "resamples": 10, "seed": 0}
    metrics = evaluate([[1], [1]], [[0.2], [0.3]], ["p", "q"], ["Mass"], {"Mass": 0.1}, **arguments)
    assert format_metrics(metrics).count("not estimable") > 4
    assert "0 of 1 labels" in markdown_table(metrics)


def test_no_thresholds_are_claimed_where_no_label_has_one(metrics):
    for values in metrics["labels"].values():
        values["threshold"] = None
    text = format_metrics(metrics)
    assert "Thresholds were chosen" not in text
    assert "No label has a threshold." in text


def test_they_say_by_which_rules_and_on_which_probabilities(metrics):
    assert "Thresholds were chosen on the validation part." in format_metrics(metrics)
    for label, rule in (("Mass", "youden"), ("Hernia", "sensitivity>=0.9")):
        metrics["labels"][label]["operating_point"] = {"rule": rule, "reason": None}
    metrics["calibration"] = {"method": "platt"}
    text = "(youden: Mass; sensitivity>=0.9: Hernia), on probabilities that were calibrated on it (platt)."
    assert text in format_metrics(metrics)
    metrics["labels"]["Hernia"]["operating_point"]["rule"] = "youden"
    assert "validation part (youden), on" in markdown_table(metrics)


def test_chance_and_shortcuts_are_reported(metrics):
    assert "cannot be distinguished from chance: the interval contains 0.5" not in format_metrics(
        {**metrics, "macro": metrics["macro"] | CERTAIN}
    )
    assert "cannot be distinguished from chance: the interval contains 0.5" in format_metrics(
        {**metrics, "macro": metrics["macro"] | UNCERTAIN}
    )
    metrics["shortcuts"] = {
        "Mass": {"verdict": "not_shown", "metadata": ["sex", "age"]},
        "Hernia": {"verdict": "not_judged", "not_judged_reason": "Too few."},
    }
    text = format_metrics(metrics)
    assert "No evidence that the model outperforms sex and age, possibly for lack of cases: Mass." in text
    assert "Not compared with sex, age and view position: Hernia. Too few." in text


def test_labels_without_probability_calibration_or_operating_point_are_named(metrics):
    point = {"rule": "youden", "reason": None}
    metrics["calibration"] = {"method": "platt"}
    metrics["labels"]["Mass"] |= {"trained": True, "calibrated": False, "operating_point": point, "threshold": None}
    metrics["labels"]["Hernia"] |= {"trained": False, "calibrated": False, "operating_point": point}
    text = format_metrics(metrics)
    assert "no probabilities: Hernia." in text
    assert "Not calibrated: Mass." in text
    assert "Without a threshold: Mass." in text


CERTAIN, UNCERTAIN = {"roc_auc_interval": [0.6, 0.8]}, {"roc_auc_interval": [0.45, 0.6]}
