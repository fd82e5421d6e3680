"""Training curves and prevalence."""

import numpy as np
import pandas as pd
import pytest

from tests.report.drawn import outside, texts
from xraykit.data.formats.nih import FINDINGS
from xraykit.errors import DataError
from xraykit.report.figures.numbers import draw_prevalence, draw_training_curves

LONG_SPLIT = "by patient, 70/10/20, seed 7, of the 834 radiographs that are there"


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
        assert [text.strip() for text in texts(figure) if "stage" in text] == ["stage: whole from epoch 3"]
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

    @pytest.mark.parametrize("labels", [1, 14])
    @pytest.mark.parametrize(("parts", "positives"), [(["test"], 0), (["train", "validation", "test"], 12_345)])
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
