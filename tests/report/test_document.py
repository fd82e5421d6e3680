"""The report: its figures are those of the run, and what is missing is reported."""

import json
import re

import numpy as np
import pytest

from tests.report.conftest import HOSTILE
from tests.report.made_up_run import SPLIT
from tests.report.page import Page
from xraykit.errors import DataError
from xraykit.evaluation.metric_table import shown_in
from xraykit.report import write_report
from xraykit.report.__main__ import main
from xraykit.report.scores import scores_of
from xraykit.runs.finished import FinishedRun
from xraykit.runs.folder import RunFolder


def _metrics(run):
    return json.loads(run.metrics.read_text())


def _changed(run, **values):
    run.write_json(run.metrics, {**_metrics(run), **values})
    return run


@pytest.fixture
def without_metrics(monkeypatch):
    """Drawing takes longest, and is not the point of most tests."""
    names = ("roc_curves", "precision_recall", "reliability", "training_curves", "prevalence")
    monkeypatch.setattr("xraykit.report.document.draw_figures", lambda run: {})
    monkeypatch.setattr("xraykit.report.document.embedded_figures", lambda drawn: dict.fromkeys(names, "data:,"))


@pytest.mark.usefixtures("without_metrics")
class TestWhatIsSaid:
    def test_the_figures_of_each_finding_are_those_of_the_run(self, small_run):
        metrics, page = _metrics(small_run), Page(write_report(small_run))
        rows = page.rows("findings")
        assert list(rows)[1:] == [*HOSTILE, "Macro mean", "Macro mean, enough cases"]
        for label in HOSTILE[:2]:
            figures = metrics["labels"][label]
            low, high = figures["roc_auc_interval"]
            assert rows[label][0].startswith(f"{figures['roc_auc']:.3f} ({low:.3f}–{high:.3f})")
            assert rows[label][3].startswith(f"{figures['average_precision']:.3f} ")
            assert rows[label][5:] == [f"{figures['positives']:,}", f"{figures['negatives']:,}"]
        assert rows["Hernia"][0] == "not estimable"
        assert rows["Hernia"][5] == "0"
        assert rows["Macro mean"][0].startswith(f"{metrics['macro']['roc_auc']:.3f} ")

    def test_the_glance_gives_the_result_in_words_and_warns(self, small_run):
        run = _changed(small_run)
        metrics = _metrics(run)
        label = HOSTILE[0]
        metrics["labels"][label] |= {"roc_auc": 0.55, "roc_auc_interval": [0.49, 0.61]}
        metrics["labels"][HOSTILE[1]] |= {"roc_auc": 0.95, "roc_auc_interval": [0.91, 0.98]}
        metrics["shortcuts"][label]["verdict"] = "not_shown"
        run.write_json(run.metrics, metrics)
        said = Page(write_report(run)).text("glance")
        macro = metrics["macro"]
        assert f"{macro['roc_auc']:.3f} macro ROC AUC" in said
        assert "mean of 3 of 4 findings" in said
        assert f"best finding: {HOSTILE[1]}" in said
        assert f"in about {100 * macro['roc_auc']:.0f}" in said
        assert re.search(
            rf"Cannot be distinguished from chance \(the interval contains 0.5\): {re.escape(label)}", said
        )
        assert "Not estimable: Hernia, with 0 positives and 160 negatives" in said
        assert "evaluated on the test part 2 times" in said
        assert f"Shortcut: for {label}" in said
        assert f"so the metrics are imprecise: {HOSTILE[2]} (3 with, " in said
        assert "2 radiographs of the label file were not found" in said

    def test_a_finding_with_few_cases_is_never_the_best_and_the_headline_names_it(self, small_run):
        metrics = _metrics(small_run)
        rare = HOSTILE[2]
        assert metrics["macro"]["few_cases"] == [rare]
        metrics["labels"][rare] |= {"roc_auc": 1.0, "roc_auc_interval": [0.9, 1.0]}
        small_run.write_json(small_run.metrics, metrics)
        page = Page(write_report(small_run))
        said, enough = page.text("glance"), metrics["macro_enough_cases"]
        assert f"best finding: {rare}" not in said
        assert "best finding: " in said
        assert f"mean of 3 of 4 findings; includes {rare} with few cases" in said
        assert f"{enough['roc_auc']:.3f} macro ROC AUC of findings with enough cases" in said
        assert page.rows("findings")["Macro mean, enough cases"][0].startswith(f"{enough['roc_auc']:.3f} ")
        for label in HOSTILE[:2]:
            metrics["labels"][label] |= {"positive_patients": 9}
        small_run.write_json(small_run.metrics, metrics)
        assert "best finding" not in Page(write_report(small_run)).text("glance")

    def test_a_run_that_did_not_count_patients_is_reported_too(self, small_run):
        metrics = _metrics(small_run)
        del metrics["macro_enough_cases"], metrics["macro"]["few_cases"]
        for figures in metrics["labels"].values():
            for name in ("no_interval", "positive_patients", "negative_patients"):
                del figures[name]
        small_run.write_json(small_run.metrics, metrics)
        page = Page(write_report(small_run))
        assert "Macro mean, enough cases" not in page.rows("findings")
        assert f"best finding: {HOSTILE[2]}" not in page.text("glance")

    def test_labels_without_probability_calibration_threshold_or_verdict_are_named(self, small_run):
        metrics = _metrics(small_run)
        untrained, plain, undecided = list(metrics["labels"])[:3]
        metrics["labels"][untrained] |= {"trained": False, "not_trained_reason": "No positives.", "threshold": None}
        metrics["labels"][plain] |= {"calibrated": False, "threshold": None}
        metrics["shortcuts"][undecided] |= {
            "verdict": "not_judged",
            "not_judged_code": "no_interval",
            "not_judged_reason": "There is no interval.",
        }
        small_run.write_json(small_run.metrics, metrics)
        page = Page(write_report(small_run))
        said = page.text("glance")
        assert f"Not trained: {untrained}." in said
        assert re.search(rf"Not calibrated: [^.]*{re.escape(plain)}", said)
        assert re.search(rf"Without an operating point: [^.]*{re.escape(plain)}", said)
        assert re.search(rf"Not judged: whether the model outperforms [^.]*{re.escape(undecided)}", said)
        assert re.search(rf"Not judged: [^.]*{re.escape(undecided)}. There is no interval.", page.text("shortcuts"))
        card = page.text("model-card")
        assert f"None for {untrained}, which were not trained." in card
        assert re.search(rf"Not judged whether it outperforms .*{re.escape(undecided)}", card)

    def test_without_intervals_nothing_is_reported_to_be_better_than_chance(self, small_run):
        metrics = _metrics(small_run)
        for figures in (metrics["macro"], *metrics["labels"].values()):
            figures["roc_auc_interval"] = None
        small_run.write_json(small_run.metrics, metrics)
        page = Page(write_report(small_run))
        said = page.text("glance")
        assert "No finding with an interval reaches down to chance" not in said
        assert "Not judged against chance, because there is no interval" in said
        assert "The macro ROC AUC has no interval" in said
        assert "for lack of an interval" in page.text("model-card")

    def test_no_curve_is_drawn_of_the_noise_of_an_untrained_label(self, small_run):
        metrics = _metrics(small_run)
        label = list(metrics["labels"])[1]
        metrics["labels"][label]["trained"] = False
        small_run.write_json(small_run.metrics, metrics)
        targets, _ = scores_of(FinishedRun.open(small_run.path))
        assert np.isnan(targets[:, 1]).all()
        assert not np.isnan(targets[:, 2]).all()

    def test_what_was_not_divided_is_named(self, small_run):
        metrics = _metrics(small_run)
        metrics["subgroups_absent"] = ["scanner"]
        metrics["subgroups"]["view"] = {"unknown": metrics["subgroups"]["view"]["AP"]}
        small_run.write_json(small_run.metrics, metrics)
        said = Page(write_report(small_run)).text("subgroups")
        assert "Not divided by scanner: the table of predictions has no such column." in said
        assert "All radiographs are of one group by view (unknown): nothing is compared." in said

    def test_a_run_without_shortcuts_says_that_nothing_was_judged(self, small_run):
        small_run.write_json(small_run.metrics, {**_metrics(small_run), "shortcuts": None})
        page = Page(write_report(small_run))
        assert "Not judged: whether the model outperforms sex, age and view position" in page.text("glance")
        assert "Not judged whether it outperforms" in page.text("model-card")

    def test_heat_maps_are_warned_of_unless_the_interval_of_the_difference_is_above_0(self, small_run):
        metrics = _metrics(small_run)
        methods = metrics["localisation"]["methods"]
        methods["integrated_gradients"]["verdict"] = methods["grad_cam"]["verdict"] = "better"
        said = Page(write_report(_changed(small_run, **metrics))).text("glance")
        assert "The heat maps of" not in said
        # A better figure does not do: the difference may be chance.
        methods["grad_cam"]["verdict"] = "not_shown"
        page = Page(write_report(_changed(small_run, **metrics)))
        assert "The heat maps of Grad-CAM have not been shown to find the annotated findings better" in page.text(
            "glance"
        )
        assert "Grad-CAM: no evidence of being better than both baselines" in page.text("localisation")

    def test_boxes_of_few_patients_allow_no_conclusion(self, small_run):
        metrics = _metrics(small_run)
        metrics["localisation"]["patients"] = 3
        for name in ("grad_cam", "integrated_gradients"):
            metrics["localisation"]["methods"][name]["verdict"] = "few_patients"
        page = Page(write_report(_changed(small_run, **metrics)))
        assert "No conclusion is possible: the boxes are of 3 patients" in page.text("localisation")
        assert "Grad-CAM and Integrated gradients cannot be judged" in page.text("glance")

    def test_heat_maps_of_an_older_run_were_compared_without_intervals(self, small_run):
        run = _changed(small_run)
        metrics = _metrics(run)
        for method in metrics["localisation"]["methods"].values():
            for name in ("verdict", "above_baselines"):
                method.pop(name, None)
        run.write_json(run.metrics, metrics)
        page = Page(write_report(run))
        assert "compared with the baselines without intervals" in page.text("glance")
        assert "How much better" not in page.text("localisation")

    def test_differences_from_baselines_stand_with_their_paired_intervals(self, small_run):
        above = _metrics(small_run)["localisation"]["methods"]["grad_cam"]["above_baselines"]["centre_prior"]["macro"]
        row = Page(write_report(small_run)).rows("localisation")["Grad-CAM minus baseline: centre of the picture"]
        low, high = above["pointing_game_difference_interval"]
        sign = "+" if above["pointing_game_difference"] > 0 else "−"
        assert row[0].startswith(f"{sign}{abs(above['pointing_game_difference']):.3f} ")
        assert f"{abs(low):.3f}" in row[0]
        assert f"{abs(high):.3f}" in row[0]

    def test_a_model_no_better_than_chance_is_called_so(self, small_run):
        macro = {**_metrics(small_run)["macro"], "roc_auc": 0.52, "roc_auc_interval": [0.45, 0.58]}
        said = Page(write_report(_changed(small_run, macro=macro))).text("glance")
        assert "The model cannot be distinguished from chance" in said

    def test_a_finding_too_rare_for_an_interval_is_not_the_best_and_one_below_chance_is_called_so(self, small_run):
        run = _changed(small_run)
        metrics = _metrics(run)
        metrics["labels"][HOSTILE[0]] |= {"roc_auc": 0.99, "roc_auc_interval": None}
        metrics["labels"][HOSTILE[1]] |= {"roc_auc": 0.4, "roc_auc_interval": [0.3, 0.47]}
        run.write_json(run.metrics, metrics)
        said = Page(write_report(run)).text("glance")
        assert f"best finding: {HOSTILE[0]}" not in said
        assert f"weakest finding: {HOSTILE[1]}" in said
        assert f"Worse than chance (the interval lies below 0.5): {HOSTILE[1]}." in said

    @pytest.mark.parametrize("name", ["findings", "operating-points", "calibration", "subgroups", "shortcuts"])
    def test_every_table_and_figure_stands_with_its_part_and_split(self, small_run, name):
        said = Page(write_report(small_run)).text(name)
        assert said.count(f"Test part, split: {SPLIT}") >= 1

    def test_operating_points_have_rule_threshold_figures_and_the_readers_prevalence(self, small_run):
        metrics, page = _metrics(small_run), Page(write_report(small_run))
        first = metrics["labels"][HOSTILE[0]]
        rows = [row for row in page.sections["operating-points"]["rows"] if row[0] == HOSTILE[0]]
        assert rows[0][1] == "sensitivity ≥ 0.95"
        assert rows[0][2] == f"{first['threshold']:.3f}"
        for cell, metric in zip(rows[0][3:], shown_in("operating points"), strict=True):
            digits = 3 if metric.averaged else 2
            assert cell.startswith(f"{first[metric.name]:.{digits}f}")
        assert rows[1][3] == "3 %"
        assert rows[1][4].startswith(f"{first['reader']['precision']:.3f} ")
        said = page.text("operating-points")
        assert "How to read a probability: it is calibrated" in said
        assert "How to read a threshold" in said

    def test_without_calibration_a_probability_is_not_called_calibrated(self, small_run):
        metrics = _metrics(small_run)
        metrics["calibration"]["method"] = "none"
        page = Page(write_report(_changed(small_run, **metrics)))
        assert "it is not calibrated" in page.text("operating-points")
        assert "They are not calibrated" in page.text("calibration")

    def test_a_label_without_an_operating_point_says_why(self, small_run):
        metrics = _metrics(small_run)
        point = {"rule": "precision>=0.9", "reason": "No threshold has precision>=0.9."}
        nothing = dict.fromkeys(("threshold", "sensitivity", "specificity", "precision", "npv", "f1"))
        metrics["labels"][HOSTILE[1]] |= {**nothing, "operating_point": point}
        page = Page(write_report(_changed(small_run, **metrics)))
        assert page.rows("operating-points")[HOSTILE[1]][:3] == [
            "precision ≥ 0.9 No threshold has precision>=0.9.",
            "none",
            "–",
        ]

    def test_without_resamples_there_are_figures_and_no_intervals(self, small_run):
        def without(values):
            if isinstance(values, dict):
                return {key: None if key.endswith("_interval") else without(each) for key, each in values.items()}
            return values

        metrics = without(_metrics(small_run))
        page = Page(write_report(_changed(small_run, **metrics)))
        assert page.rows("findings")[HOSTILE[0]][0] == f"{metrics['labels'][HOSTILE[0]]['roc_auc']:.3f}"
        assert "–0." not in page.text("findings")
        assert "no interval; mean of 3 of 4 findings" in page.text("glance")
        assert not page.sections["subgroups"]["marks"]

    def test_calibration_stands_before_and_after(self, small_run):
        each = _metrics(small_run)["calibration"]["labels"][HOSTILE[1]]
        row = Page(write_report(small_run)).rows("calibration")[HOSTILE[1]]
        assert row[0] == "Platt scaling"
        for cell, when in zip(row[1:3], ("before", "after"), strict=True):
            low, high = each[when]["brier_interval"]
            assert cell == f"{each[when]['brier']:.3f} ({low:.3f}–{high:.3f})"
        for cell, when in zip(row[3:5], ("before", "after"), strict=True):
            error, limit = f"{each[when]['ece']:.3f}", f"{each[when]['ece_chance_limit']:.3f}"
            above = each[when]["ece"] > each[when]["ece_chance_limit"]
            assert cell == f"{error} above chance (up to {limit})" if above else f"{error} chance: up to {limit}"
        assert row[5] == f"{each['after']['ece_by_chance']:.3f}"

    def test_only_an_ece_above_chance_is_marked(self, small_run):
        metrics = _metrics(small_run)
        for number, label in enumerate(metrics["calibration"]["labels"]):
            for when in ("before", "after"):
                wrong = number == 1 and when == "after"
                metrics["calibration"]["labels"][label][when] |= {
                    "ece": 0.2 if wrong else 0.05,
                    "ece_chance_limit": 0.1,
                }
        page = Page(write_report(_changed(small_run, **metrics)))
        assert page.sections["calibration"]["marks"] == [HOSTILE[1]]
        assert "of 20 perfectly calibrated findings" in page.text("calibration")

    def test_the_invalid_interval_of_an_older_runs_ece_is_not_shown(self, small_run):
        metrics = _metrics(small_run)
        for each in metrics["calibration"]["labels"].values():
            for when in ("before", "after"):
                each[when].pop("ece_chance_limit")
                each[when]["ece_interval"] = [0.001, 0.987]
        assert "0.987" not in Page(write_report(_changed(small_run, **metrics))).text("calibration")

    def test_gaps_that_differ_after_adjustment_are_marked_and_only_those(self, small_run):
        metrics = _metrics(small_run)
        label = HOSTILE[0]
        for groups in metrics["subgroups"].values():
            for group in groups.values():
                for figures in group["labels"].values():
                    # Without 0, as one gap in twenty is by chance, but not after adjustment.
                    figures |= {"roc_auc_gap_interval": [-0.1, -0.01], "false_negative_rate_gap_interval": None}
                    figures |= {"roc_auc_gap_adjusted_p_value": 0.4, "false_negative_rate_gap_adjusted_p_value": None}
        metrics["subgroups"]["sex"]["F"]["labels"][label] |= {
            "roc_auc_gap": -0.2,
            "roc_auc_gap_interval": [-0.3, -0.1],
            "roc_auc_gap_adjusted_p_value": 0.01,
        }
        metrics["gaps_compared"] = 40
        page = Page(write_report(_changed(small_run, **metrics)))
        assert page.sections["subgroups"]["marks"] == [label]
        row = next(row for row in page.sections["subgroups"]["rows"] if row[0] == label)
        assert "gap −0.20* (−0.30 to −0.10)" in row[1]
        assert sum(cell.count("*") for row in page.sections["subgroups"]["rows"] for cell in row) == 1
        said = page.text("subgroups")
        assert "40 comparisons" in said
        assert "about 2 of 40 would exclude 0 by chance" in said
        assert "Holm's adjustment for all 40 are marked with *: 1." in said

    def test_the_number_of_comparisons_is_that_of_the_figures(self, small_run):
        compared = _metrics(small_run)["gaps_compared"]
        assert compared > 10
        assert f"There are {compared} comparisons" in Page(write_report(small_run)).text("subgroups")

    def test_gaps_of_an_older_run_are_not_marked(self, small_run):
        run = _changed(small_run)
        metrics = _metrics(run)
        metrics.pop("gaps_compared")
        for groups in metrics["subgroups"].values():
            for group in groups.values():
                for figures in group["labels"].values():
                    for name in [name for name in figures if "p_value" in name]:
                        figures.pop(name)
        run.write_json(run.metrics, metrics)
        page = Page(write_report(run))
        assert not page.sections["subgroups"]["marks"]
        assert "did not adjust gaps" in page.text("subgroups")

    def test_an_infinite_likelihood_ratio_has_its_lower_end(self, small_run):
        metrics = _metrics(small_run)
        metrics["labels"][HOSTILE[0]] |= {
            "likelihood_ratio_positive": None,
            "likelihood_ratio_positive_interval": [7.25, None],
        }
        page = Page(write_report(_changed(small_run, **metrics)))
        rows = page.sections["operating-points"]["rows"]
        row = next(row for row in rows if row[0] == HOSTILE[0])
        assert row[rows[0].index("LR+")] == "∞ (7.25–∞)"

    def test_localisation_stands_beside_its_baselines(self, small_run):
        methods = _metrics(small_run)["localisation"]["methods"]
        page = Page(write_report(small_run))
        first = page.sections["localisation"]["rows"][1]
        expected = [f"{each['labels'][HOSTILE[0]]['pointing_game']:.3f}" for each in methods.values()]
        assert [cell.split()[0] for cell in first[1:]] == expected
        assert "Baseline: centre of the picture" in page.text("localisation")
        assert "Grad-CAM: no evidence for the finding (an empty map) in 2 pairs" in page.text("localisation")
        assert "24 boxes" in page.text("localisation")

    def test_published_metrics_are_shown_only_if_the_run_has_them(self, small_run):
        page = Page(write_report(small_run))
        assert "published" not in page.sections
        assert "No published results are known" in page.text("not-shown")
        wang = {"name": "Wang", "split": "official NIH", "labels": {HOSTILE[0]: 0.701}, "macro": None}
        page = Page(write_report(_changed(small_run, published=[wang], published_why=None)))
        assert page.rows("published")[HOSTILE[0]][1] == "0.701"
        assert page.rows("published")[HOSTILE[1]][1] == "–", "not published, rather than not estimable"
        assert page.rows("published")["Macro mean"][1] == "–"

    def test_no_patient_is_named(self, small_run):
        assert "secret-" in small_run.predictions.read_text()
        assert "secret-" not in write_report(small_run).read_text()

    def test_the_data_and_what_was_left_out(self, small_run):
        page = Page(write_report(small_run))
        assert page.rows("data")["Radiographs"] == ["320", "160", "160"]
        assert "2 radiographs of the label file without a file" in page.text("data")


class TestOlderRuns:
    def test_a_verdict_that_an_older_run_gave_without_evidence_is_not_repeated(self, small_run):
        metrics = _metrics(small_run)
        for each, shortcut in zip(metrics["shortcuts"].values(), (True, False, None, False), strict=True):
            for name in ("verdict", "metadata", "not_judged_code", "not_judged_reason"):
                del each[name]
            each["shortcut"] = shortcut
        small_run.write_json(small_run.metrics, metrics)
        said = Page(write_report(small_run)).text("shortcuts")
        assert "outperforms metadata" not in said
        assert said.count("not judged") == 3
        assert said.count("not shown") == 1
        assert "without checking that sex, age and view position were known" in said

    def test_what_an_older_run_lacks_is_left_out_and_one_section_says_why(self, small_run, tmp_path):
        metrics = _metrics(small_run)
        kept = ("part", "split", "images", "patients", "macro", "validation", "data_fingerprint")
        old = {name: metrics[name] for name in kept}
        new = ("operating_point", "reader", "likelihood_ratio_positive_interval", "likelihood_ratio_negative_interval")
        old["labels"] = {
            label: {name: value for name, value in figures.items() if name not in new}
            for label, figures in metrics["labels"].items()
        }
        folder = RunFolder(tmp_path / "old")
        folder.path.mkdir()
        folder.write_json(folder.metrics, old)
        page = Page(write_report(folder))
        for name, said in {
            "findings": "The curves are missing: old has no predictions.csv",
            "operating-points": "does not record by which rule",
            "data": "no data.json",
            "model-card": "no model.json",
            "methods": "Metrics are of the test part",
        }.items():
            assert said in page.text(name), name
        reasons = {
            "calibration": "did not measure calibration",
            "decision-curves": "need calibrated probabilities",
            "subgroups": "no metrics by sex, age or view",
            "shortcuts": "no baseline",
            "localisation": "not scored",
            "heat-maps": "no gallery",
            "published": "no published results",
            "training": "no history.csv",
            "search": "did not search",
            "experiment": "no experiment.yaml",
        }
        assert not set(reasons) & set(page.sections)
        assert all(said in page.text("not-shown") for said in reasons.values())
        assert "view position (see Not shown)" in page.text("glance")
        linked = re.findall(r'<a href="#([a-z-]+)"', folder.report.read_text())
        assert linked == list(page.sections)
        assert page.rows("findings")[HOSTILE[0]][0].startswith(f"{metrics['labels'][HOSTILE[0]]['roc_auc']:.3f}")

    def test_a_folder_without_figures_is_no_finished_run(self, tmp_path):
        with pytest.raises(DataError, match=r"not the folder of a finished run: it has no metrics\.json"):
            write_report(RunFolder(tmp_path))

    @pytest.mark.parametrize("name", ["metrics.json", "data.json", "predictions.csv", "gradcam/gallery.csv"])
    def test_a_damaged_file_is_named(self, small_run, name):
        (small_run.path / name).write_bytes(b"\xff\xfe{")
        with pytest.raises(DataError, match=f"{name} cannot be read"):
            write_report(small_run)

    def test_a_table_of_predictions_without_a_label_is_reported(self, small_run):
        table = small_run.predictions.read_text().replace("Hernia_", "Hernie_")
        small_run.predictions.write_text(table)
        with pytest.raises(DataError, match="lacks Hernia"):
            write_report(small_run)


class TestFiles:
    def test_the_page_holds_its_figures_and_they_lie_beside_it_as_png(self, small_run):
        page = write_report(small_run)
        assert page.read_text().count("data:image/svg+xml;base64,") == 6
        assert page.stat().st_size < 3_000_000
        names = {"roc_curves", "precision_recall", "reliability", "decision_curves", "training_curves", "prevalence"}
        assert {path.stem for path in small_run.figures.iterdir()} == names
        assert all(path.read_bytes()[:4] == b"\x89PNG" for path in small_run.figures.iterdir())

    @pytest.mark.usefixtures("without_metrics")
    def test_the_page_is_the_same_when_made_again(self, small_run):
        first = write_report(small_run).read_bytes()
        assert write_report(small_run).read_bytes() == first

    @pytest.mark.usefixtures("without_metrics")
    def test_a_page_that_cannot_be_written_leaves_the_old_one(self, small_run, monkeypatch):
        page = write_report(small_run)
        before = page.read_bytes()

        def full(*_):
            raise OSError(28, "disk full")

        monkeypatch.setattr("os.replace", full)
        with pytest.raises(DataError, match="cannot be written: disk full"):
            write_report(small_run)
        assert page.read_bytes() == before
        assert not list(small_run.path.glob(".report*"))


@pytest.mark.usefixtures("without_metrics")
class TestCommand:
    def test_the_report_is_made_again_and_its_path_is_printed(self, small_run, capsys):
        assert main([str(small_run.path)]) == 0
        assert capsys.readouterr().out.strip() == str(small_run.report)
        assert small_run.report.is_file()

    def test_to_another_place_nothing_is_written_into_the_run(self, small_run, tmp_path, capsys):
        before = sorted(small_run.path.rglob("*"))
        page = tmp_path / "new" / "page.html"
        assert main([str(small_run.path), "--to", str(page)]) == 0
        assert Page(page).sections["glance"]
        assert sorted(small_run.path.rglob("*")) == before

    def test_several_runs_stand_side_by_side(self, small_run, tmp_path, capsys):
        page = tmp_path / "both.html"
        assert main([str(small_run.path), str(small_run.path), "--to", str(page)]) == 0
        assert "2 runs" in "".join(Page(page).head)

    def test_a_folder_that_is_no_run_is_reported_without_a_traceback(self, tmp_path, capsys):
        assert main([str(tmp_path)]) == 2
        said = capsys.readouterr().err
        assert said.startswith("xraykit: ")
        assert "not the folder of a finished run" in said
