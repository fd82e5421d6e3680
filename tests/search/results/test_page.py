import re
import warnings
from html.parser import HTMLParser

import pytest

from tests.search.records import SEVERAL, record, searched, study
from xraykit.config.search.space import Choices
from xraykit.errors import DataError
from xraykit.search import result_of, rule
from xraykit.search.results.page import write_page
from xraykit.search.results.pictures import draw_search


class _Page(HTMLParser):
    """What a browser would see: tags, the text, the sections and the contents."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.said, self.rows, self.ids, self.links = [], [], 0, [], []
        self._inside = None
        self.feed(text)
        self.text = " ".join(" ".join(self.said).split())

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.tags.append((tag, given))
        self.rows += tag == "tr"
        if tag == "section":
            self.ids.append(given["id"])
        if tag == "a":
            self.links.append(given["href"].removeprefix("#"))
        self._inside = tag if tag in ("script", "style") else self._inside

    def handle_endtag(self, tag):
        self._inside = None if tag == self._inside else self._inside

    def handle_data(self, data):
        if self._inside is None:
            self.said.append(data)


def _page(tmp_path, search, trials, title="Search: quickstart"):
    path = tmp_path / "search.html"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        write_page(search, trials, draw_search(search, trials, tmp_path), path, title=title)
    return _Page(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("more", "engine"),
    [({}, "Optuna, sampler tpe, pruner median"), ({"engine": "keras_tuner"}, "Keras Tuner, random_search")],
)
def test_the_head_says_what_was_searched_and_who_won(tmp_path, more, engine):
    search = searched(n_trials=20, **more)
    trials = study(search, 15)
    page = _page(tmp_path, search, trials)
    best = result_of(search, trials).best
    assert page.said.count("Search: quickstart") == 2
    assert engine in page.text
    assert "14 of 20 done: 10 complete, 2 pruned, 2 failed, 1 running." in page.text
    assert "All scores are measured on the validation part. The test part was not loaded." in page.text
    assert rule(search) in page.text
    assert f"Best so far Trial {best.number}: macro_roc_auc {best.scores['macro_roc_auc']:.4f}" in page.text
    assert f"model.dense_neurons: {best.values['model.dense_neurons']}" in page.text
    assert page.rows == 1 + len(trials)


def test_a_finished_study_has_a_winner_and_repeated_trials_are_reported(tmp_path):
    search = searched(n_trials=1)
    page = _page(tmp_path, search, (record(0, "failed", replaced=True), record(1, origin=0)))
    assert "Winner Trial 1: macro_roc_auc 0.5000" in page.text
    assert "1 of 1 done: 1 complete. 1 more were interrupted and repeated." in page.text


@pytest.mark.slow
def test_every_drawing_is_there_once_and_the_contents_name_it(tmp_path):
    search = searched(objectives=SEVERAL)
    page = _page(tmp_path, search, study(search, 25))
    expected = {"parallel-coordinates", "optimization-history", "parameter-importance"}
    kinds = [f"{name}_{other}" for name in ("optimization_history", "parameter_importance") for other in SEVERAL[1:]]
    kinds += [f"pareto_front_{other}" for other in SEVERAL[1:]]
    expected |= {kind.replace("_", "-") for kind in kinds}
    assert sorted(page.ids) == sorted([*expected, "overview", "trials"])
    assert page.links == page.ids
    pictures = [each["src"] for tag, each in page.tags if tag == "img"]
    assert len(pictures) == len(expected)
    assert all(re.match(r"data:image/(svg\+xml|webp);base64,", source) for source in pictures)


@pytest.mark.slow
def test_nothing_is_fetched_and_no_script_runs(tmp_path):
    search = searched()
    page = _page(tmp_path, search, study(search, 15))
    linked = [each.get(name) for _, each in page.tags for name in ("src", "href", "action", "srcset") if each.get(name)]
    assert all(each.startswith(("data:", "#")) for each in linked)
    assert not {"link", "iframe", "script", "object", "form", "base"} & {tag for tag, _ in page.tags}
    [policy] = [each["content"] for tag, each in page.tags if "http-equiv" in each]
    assert policy.startswith("default-src 'none';")
    assert not re.search(r"https?:|\*|unsafe-eval|script-src|connect-src", policy)
    assert ("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}) in page.tags


@pytest.mark.slow
def test_a_page_of_hundreds_of_trials_is_small(tmp_path):
    search = searched(n_trials=300)
    _page(tmp_path, search, study(search, 300))
    assert (tmp_path / "search.html").stat().st_size < 1_000_000


def test_everything_that_a_user_wrote_is_escaped(tmp_path):
    evil = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"
    search = searched(space={"model.weights": Choices(choices=(evil, "<b>", "$x$"))})
    values = [{"model.weights": choice} for choice in (evil, "<b>", "$x$")]
    trials = (
        *(record(number, scores=(number / 10,), values=each) for number, each in enumerate(values)),
        record(3, "failed", reason=f"ValueError: {evil}", values=values[0]),
    )
    page = _page(tmp_path, search, trials, title=evil)
    assert not {"script", "b"} & {tag for tag, _ in page.tags}
    assert not [each for tag, each in page.tags if "onerror" in each or each.get("src") == "x"]
    assert page.text.count(evil) >= 3


@pytest.mark.parametrize("count", [0, 1])
def test_what_cannot_be_drawn_is_reported_in_a_sentence(tmp_path, count):
    search = searched()
    page = _page(tmp_path, search, study(search, count))
    said = "there are none." if count == 0 else "there is 1."
    assert page.text.count(f"This needs at least 2 completed trials, but {said}") == 3
    assert ("No trial has completed yet." in page.text) == (count == 0)
    assert page.ids == ["overview", *(["trials"] if count else []), "not-shown"]
    assert page.links == page.ids


def test_a_study_of_failures_has_a_page(tmp_path):
    page = _page(tmp_path, searched(), tuple(record(number, "failed") for number in range(3)))
    assert "3 of 20 done: 3 failed." in page.text
    assert page.text.count("NonFiniteLossError: the loss became NaN") == 3


def test_a_library_that_fails_is_reported_in_a_sentence(tmp_path, monkeypatch):
    def fail(study, **options):
        raise ZeroDivisionError("float division by zero")

    monkeypatch.setattr("optuna.visualization.matplotlib.plot_optimization_history", fail)
    search = searched()
    page = _page(tmp_path, search, study(search, 25))
    assert "It could not be drawn: ZeroDivisionError: float division by zero" in page.text
    assert page.ids == ["overview", "parameter-importance", "parallel-coordinates", "trials", "not-shown"]


def test_the_winner_is_marked_in_the_table(tmp_path):
    search = searched()
    page = _page(tmp_path, search, study(search, 15))
    assert [each.get("class") for tag, each in page.tags if tag == "tr"].count("total") == 1
    assert f"{result_of(search, study(search, 15)).best.number} (best so far)" in page.text


def test_a_page_that_cannot_be_written_is_reported_and_the_old_one_stays(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="cannot be written"):
        write_page(searched(), (), (), tmp_path / "file" / "search.html", title="x")
