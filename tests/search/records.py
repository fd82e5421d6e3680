"""Trials and search spaces without a strategy."""

import math
import random

from hypothesis import strategies as st

from xraykit.config.search.section import Search
from xraykit.config.search.space import SHIPPED_SPACE, Choices, Range
from xraykit.search import TrialRecord, suggest

SEVERAL = ("macro_roc_auc", "worst_label_roc_auc", "parameters")


class FairDraw:
    """Draws evenly, logarithmically where it is asked to, and on the grid where there is one."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def integer(self, name, low, high, *, step, log):
        return self.random.randrange(low, high + 1, step)

    def floating(self, name, low, high, *, step, log):
        if step is not None:
            return low + step * self.random.randint(0, round((high - low) / step))
        if log:
            return math.exp(self.random.uniform(math.log(low), math.log(high)))
        return self.random.uniform(low, high)

    def categorical(self, name, choices):
        return self.random.choice(choices)


def record(number, state="complete", *, scores=(0.5,), seconds=60.0, epochs=10, names=("macro_roc_auc",), **more):
    """A trial; of a completed one ``scores`` are the objectives', of another the first is the last reported."""
    complete = dict(zip(names, scores, strict=False)) if state == "complete" else {}
    reason = {"pruned": "pruned after epoch 3", "failed": "NonFiniteLossError: the loss became NaN"}.get(state)
    fields = {"values": {}, "score": None if state == "failed" else scores[0], "reason": reason, **more}
    return TrialRecord(number, state, epochs=epochs, seconds=seconds, scores=complete, **fields)


def study(search, count, *, mixed=True):
    """Trials of which the learning rate decides nearly alone; some are pruned, failed, and the last one runs."""
    trials = []
    for number in range(count):
        values = suggest(search.space, FairDraw(number))
        score = 0.7 - 0.05 * abs(math.log10(values.get("training.learning_rate", 1e-3)) + 3)
        size = 7e6 + 1024 * sum(values.get("model.dense_neurons", [0]))
        scores = {"macro_roc_auc": score, "worst_label_roc_auc": score**2, "loss": 1 - score, "parameters": size}
        state = "complete"
        if mixed:
            state = {3: "pruned", 5: "failed"}.get(number % 7, state)
            state = "running" if number == count - 1 and number > 1 else state
        asked = [scores[name] for name in search.objectives]
        trials.append(record(number, state, scores=asked, names=search.objectives, values=values))
    return tuple(trials)


def searched(*, space=None, **more):
    return Search(space=space or SHIPPED_SPACE, **more)


_SCALES = st.sampled_from(["plain", "log", "step"])


@st.composite
def ranges(draw, *, whole=None, low=None):
    """Any range without `per` and `when`."""
    is_whole = draw(st.booleans()) if whole is None else whole
    least = draw(st.integers(1, 40)) if low is None else low
    most = least + draw(st.integers(1, 60))
    scale = draw(_SCALES)
    step = draw(st.integers(1, 25)) if scale == "step" else None
    if is_whole:
        return Range(low=least, high=most, log=scale == "log", step=step)
    # Tenths, of which most are no binary fractions.
    return Range(low=least / 10, high=most / 10, log=scale == "log", step=None if step is None else step / 10)


@st.composite
def choices(draw):
    words = st.text(st.characters(codec="utf-8", exclude_categories=("C",)), min_size=1, max_size=6)
    kinds = draw(st.sampled_from([words, st.integers(-9, 99), st.booleans()]))
    return Choices(choices=tuple(draw(st.lists(kinds, min_size=1, max_size=4, unique=True))))


@st.composite
def spaces(draw):
    """Spaces with ranges, choices, a list and a key that depends on a choice, in any order."""
    space = {f"training.r{number}": draw(ranges()) for number in range(draw(st.integers(0, 2)))}
    space["training.choice"] = parent = draw(choices())
    if draw(st.booleans()):
        space["model.count"] = draw(ranges(whole=True, low=draw(st.integers(1, 3))))
        space["model.list"] = draw(ranges()).model_copy(update={"per": "model.count"})
    if draw(st.booleans()):
        when = {"training.choice": parent.choices[: draw(st.integers(1, len(parent.choices)))]}
        space["model.child"] = draw(st.one_of(ranges(), choices())).model_copy(update={"when": when})
    return {key: space[key] for key in draw(st.permutations(list(space)))}
