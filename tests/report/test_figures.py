"""ROC curves, training curves and prevalence."""

import numpy as np
import pandas as pd
import pytest

from tests.report.drawn import outside, texts
from xraykit.errors import DataError, NonFiniteLossError
from xraykit.evaluation import roc_auc, roc_points
from xraykit.labels import FINDINGS
from xraykit.report.figures import draw_prevalence, draw_training_curves
from xraykit.report.figures_curves import draw_roc_curves

LONG_SPLIT = "by patient, 70/10/20, seed 7, of the 834 radiographs that are there"


class TestRocCurves:
    @staticmethod
    def cases(labels, n=60, seed=0):
        generator = np.random.default_rng(seed)
        targets = (generator.random((n, labels)) < 0.3).astype(float)
        targets[0], targets[1] = 1, 0
        return targets, generator.random((n, labels))

    @pytest.mark.parametrize("labels", [1, 2, 3, 5, 14])
    def test_each_label_has_its_plot_in_the_given_order_and_nothing_is_cut_off(self, labels):
        figure = draw_roc_curves(*self.cases(labels), FINDINGS[:labels], part="test", split=LONG_SPLIT)
        assert [plot.get_title(loc="left") for plot in figure.axes] == list(FINDINGS[:labels])
        assert outside(figure) == []

    def test_the_curve_its_area_and_the_numbers_of_cases_are_those_of_the_label(self):
        targets, probabilities = self.cases(2)
        targets[5:9, 1] = np.nan
        figure = draw_roc_curves(targets, probabilities, ["Mass", "Edema"], part="test", split="official")
        for column, plot in enumerate(figure.axes):
            y, p = targets[:, column], probabilities[:, column]
            np.testing.assert_allclose(plot.lines[1].get_data(), roc_points(y, p))
            (said,) = [text.get_text() for text in plot.texts]
            assert said.splitlines() == [
                f"ROC AUC {roc_auc(y, p):.3f}",
                f"{sum(y == 1)} positive",
                f"{sum(y == 0)} negative",
            ]

    def test_the_diagonal_of_chance_is_in_each_plot(self):
        figure = draw_roc_curves(*self.cases(3), FINDINGS[:3], part="test", split="official")
        assert all(np.array_equal(plot.lines[0].get_data(), [[0, 1], [0, 1]]) for plot in figure.axes)

    @pytest.mark.parametrize("labels", [1, 3])
    @pytest.mark.parametrize("value", [0.0, 1.0, np.nan])
    def test_a_label_without_both_classes_says_not_estimable_and_has_no_curve(self, labels, value):
        targets = np.full((4, labels), value)
        figure = draw_roc_curves(targets, targets * 0 + 0.5 if value == value else np.full_like(targets, 0.5),
                                 FINDINGS[:labels], part="test", split="official")  # fmt: skip
        for plot in figure.axes:
            assert len(plot.lines) == 1
            assert plot.texts[0].get_text().startswith("not estimable")

    def test_the_head_names_part_and_split(self):
        figure = draw_roc_curves(*self.cases(3), FINDINGS[:3], part="validation", split="official")
        assert "Validation part, split: official" in figure.get_suptitle()

    def test_refuses_what_cannot_be_scored(self):
        targets, probabilities = self.cases(2)
        with pytest.raises(DataError, match="one shape"):
            draw_roc_curves(targets, probabilities, ["Mass"], part="test", split="official")
        with pytest.raises(NonFiniteLossError):
            draw_roc_curves(targets, probabilities * np.nan, ["Mass", "Edema"], part="test", split="official")


class TestTrainingCurves:
    @staticmethod
    def history(scores, **columns):
        epochs = np.arange(1, len(scores) + 1)
        table = {
            "epoch": epochs,
            "loss": 1 / epochs,
            "val_loss": 2 / epochs,
            "val_roc_auc": scores,
            "learning_rate": 1e-3,
            "seconds": 3.0,
        }
        return pd.DataFrame(table | columns)

    @pytest.mark.parametrize(
        ("scores", "best"),
        [([0.6], 1), ([0.5, 0.7, 0.6], 2), ([0.5, 0.7, 0.7], 2), ([np.nan, 0.4, 0.3], 2), ([None, 0.4, 0.5], 3)],
    )
    def test_the_first_epoch_with_the_highest_score_is_marked_whatever_the_index(self, scores, best):
        history = self.history(scores).set_index(np.zeros(len(scores), int))
        figure = draw_training_curves(history, split="official")
        assert f"best epoch: {best} ({scores[best - 1]:.3f})" in texts(figure)
        assert all(best in plot.lines[2 if plot is figure.axes[0] else 1].get_xdata() for plot in figure.axes[:2])
        assert outside(figure) == []

    def test_without_any_score_it_says_not_estimable(self):
        figure = draw_training_curves(self.history([None, None]), split="official")
        assert "not estimable" in texts(figure)
        assert not any("best epoch" in text for text in texts(figure))

    def test_the_curves_are_those_of_the_history(self):
        history = self.history([0.5, 0.6, 0.55], learning_rate=[1e-3, 1e-3, 3e-4])
        loss, score, rate = draw_training_curves(history, split="official").axes
        drawn = [loss.lines[0], loss.lines[1], score.lines[0], rate.lines[0]]
        for line, column in zip(drawn, ["loss", "val_loss", "val_roc_auc", "learning_rate"], strict=True):
            np.testing.assert_array_equal(line.get_xdata(), history["epoch"])
            np.testing.assert_array_equal(line.get_ydata(), history[column])
        assert [text.get_text() for text in loss.get_legend().get_texts()] == ["training", "validation"]

    def test_each_new_stage_is_marked_where_it_begins(self):
        history = self.history([0.5] * 5, stage=["frozen", "frozen", "whole", "whole", "whole"])
        figure = draw_training_curves(history, split="official")
        assert [text.strip() for text in texts(figure) if "stage" in text] == ["stage: whole"]
        assert all(any(list(line.get_xdata()) == [2.5, 2.5] for line in plot.lines) for plot in figure.axes)

    def test_one_stage_has_no_mark(self):
        figure = draw_training_curves(self.history([0.5] * 3, stage="all"), split="official")
        assert not any("stage" in text for text in texts(figure))

    def test_epochs_are_whole_numbers(self):
        figure = draw_training_curves(self.history([0.5]), split="official")
        low, high = figure.axes[-1].get_xlim()
        assert [tick for tick in figure.axes[-1].get_xticks() if low <= tick <= high] == [1]

    def test_the_head_names_parts_and_split(self):
        figure = draw_training_curves(self.history([0.5]), split="official")
        assert "Training and validation parts, split: official" in figure.get_suptitle()

    def test_refuses_a_history_that_lacks_columns(self):
        with pytest.raises(DataError, match=r"val_loss, val_roc_auc.*Received: epoch"):
            draw_training_curves(self.history([0.5])[["epoch", "loss", "learning_rate", "seconds"]], split="official")


class TestPrevalence:
    @staticmethod
    def counts(rows):
        return pd.DataFrame(rows, columns=["label", "part", "positives", "negatives", "unknown"])

    def test_bars_are_the_share_of_the_known_and_the_numbers_stand_beside(self):
        rows = [("Mass", "train", 30, 70, 0), ("Edema", "train", 5, 15, 80), ("Mass", "test", 1, 3, 0)]
        figure = draw_prevalence(self.counts([*rows, ("Edema", "test", 0, 0, 4)]), split="official")
        train, test = figure.axes
        assert [bar.get_width() for bar in train.patches] == [0.3, 0.25]
        assert [bar.get_width() for bar in test.patches] == [0.25, 0]
        assert [text.get_text().strip() for text in train.texts] == ["30 of 100", "5 of 20, 80 unknown"]
        assert [text.get_text().strip() for text in test.texts] == ["1 of 4", "none known, 4 unknown"]

    def test_labels_and_parts_keep_their_order_even_if_the_rows_of_a_part_do_not(self):
        rows = [("Mass", "train", 1, 1, 0), ("Edema", "train", 1, 3, 0)]
        figure = draw_prevalence(
            self.counts([*rows, ("Edema", "test", 3, 1, 0), ("Mass", "test", 0, 9, 0)]), split="official"
        )
        assert [plot.get_title(loc="left") for plot in figure.axes] == ["train", "test"]
        assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["Mass", "Edema"]
        assert [bar.get_width() for bar in figure.axes[1].patches] == [0, 0.75]
        assert figure.axes[0].get_ylim()[0] > figure.axes[0].get_ylim()[1]

    @pytest.mark.parametrize("labels", [1, 3, 14])
    @pytest.mark.parametrize("parts", [["test"], ["train", "validation", "test"]])
    @pytest.mark.parametrize("positives", [0, 12_345])
    def test_nothing_is_cut_off(self, labels, parts, positives):
        rows = [(label, part, positives, 50_000, 1234) for part in parts for label in FINDINGS[:labels]]
        figure = draw_prevalence(self.counts(rows), split=LONG_SPLIT)
        assert outside(figure) == []

    def test_the_head_names_parts_and_split(self):
        rows = [("Mass", part, 1, 1, 0) for part in ("train", "validation", "test")]
        figure = draw_prevalence(self.counts(rows), split="official")
        assert "Train, validation and test parts, split: official" in figure.get_suptitle()

    def test_refuses_a_table_that_lacks_columns(self):
        with pytest.raises(DataError, match="lacks the columns unknown"):
            draw_prevalence(self.counts([("Mass", "train", 1, 1, 0)]).drop(columns="unknown"), split="official")
