import pytest

from tests.search.records import SEVERAL, record, searched
from xraykit.search.results.progress import ended_line, progress_line, seconds_left, time_text


def test_a_progress_line_says_what_is_done_the_best_and_the_time_left():
    trials = (
        *(record(number, scores=(0.6 + number / 100,), seconds=90) for number in range(5)),
        *(record(number, "pruned", seconds=60) for number in (5, 6)),
        record(7, "failed", seconds=30),
        *(record(number, "running", seconds=None) for number in (8, 9)),
    )
    # (5 x 90 + 2 x 60 + 30) / 8 = 75 seconds; twelve trials by two workers.
    assert progress_line(searched(n_trials=20, workers=2), trials) == (
        "8 of 20 trials done: 5 complete, 2 pruned, 1 failed, 2 running; best macro_roc_auc 0.6400 (trial 4); "
        "about 8 min left"
    )


def test_nothing_is_claimed_before_anything_ended():
    search = searched(n_trials=20)
    assert progress_line(search, ()) == "0 of 20 trials done"
    assert progress_line(search, (record(0, "running", seconds=None),)) == "0 of 20 trials done: 1 running"
    killed = record(0, "failed", seconds=None)
    assert progress_line(search, (killed,)) == "1 of 20 trials done: 1 failed"


def test_a_complete_study_has_no_time_left():
    assert progress_line(searched(n_trials=1), (record(0),)).endswith("best macro_roc_auc 0.5000 (trial 0)")
    assert seconds_left(searched(n_trials=1), (record(0),)) == 0


def test_with_several_objectives_the_front_stands_in_place_of_the_best():
    search = searched(objectives=SEVERAL)
    trials = (
        record(0, scores=(0.6, 0.5, 9e6), names=SEVERAL),
        record(1, scores=(0.5, 0.5, 7e6), names=SEVERAL),
        record(2, scores=(0.5, 0.4, 8e6), names=SEVERAL),
    )
    assert "; 2 trials on the Pareto front; " in progress_line(search, trials)
    assert "; 1 trial on the Pareto front; " in progress_line(search, trials[:1])


def test_a_trial_that_is_done_again_counts_once():
    trials = (record(0, "failed", replaced=True, seconds=600), record(1, origin=0, seconds=10))
    line = progress_line(searched(n_trials=2), trials)
    assert line.startswith("1 of 2 trials done: 1 complete;")
    assert line.endswith("about 10 s left")


def test_the_last_trial_takes_its_time_however_many_work():
    assert seconds_left(searched(n_trials=2), (record(0, seconds=100),), workers=8) == 100


def test_trials_that_run_on_other_machines_shorten_the_wait():
    running = tuple(record(number, "running", seconds=None) for number in range(1, 5))
    assert seconds_left(searched(n_trials=9), (record(0, seconds=100), *running)) == 200


def test_no_more_time_is_claimed_than_the_timeout_leaves():
    search = searched(n_trials=100, timeout=130)
    assert seconds_left(search, (record(0, seconds=100),)) == 30
    assert seconds_left(search, (record(0, seconds=200),)) == 0


@pytest.mark.parametrize(
    ("trial", "said"),
    [
        (record(7, "pruned", scores=(0.512,), epochs=3), "trial 7: pruned after epoch 3, macro_roc_auc 0.5120"),
        (record(3, scores=(0.6312,), seconds=240), "trial 3: complete after 10 epochs in 4 min, macro_roc_auc 0.6312"),
        (record(3, epochs=1, seconds=None), "trial 3: complete after 1 epoch, macro_roc_auc 0.5000"),
        (record(5, "failed", reason="OutOfMemoryError: 2 GiB\nmore"), "trial 5: failed: OutOfMemoryError: 2 GiB"),
        (record(5, "failed", reason=None), "trial 5: failed: reason unknown"),
        (record(6, "failed", origin=5), "trial 6 (trial 5 again): failed: NonFiniteLossError: the loss became NaN"),
        (record(5, "failed", reason="interrupted", replaced=True), "trial 5: interrupted; it is repeated"),
    ],
)
def test_an_ended_trial_is_reported_in_a_line(trial, said):
    assert ended_line(searched(), trial) == said


def test_all_objectives_of_an_ended_trial_are_reported():
    trial = record(0, scores=(0.6, 0.5, 7_037_504.0), names=SEVERAL)
    assert ended_line(searched(objectives=SEVERAL), trial).endswith(
        "macro_roc_auc 0.6000, worst_label_roc_auc 0.5000, parameters 7,037,504"
    )


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.4, "0 s"), (119, "119 s"), (120, "2 min"), (7199, "120 min"), (7200, "2.0 h"), (9 * 86_400, "9.0 days")],
)
def test_durations_are_reported_in_a_fitting_unit(seconds, said):
    assert time_text(seconds) == said
