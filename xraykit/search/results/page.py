"""The page of a search: one HTML file with Optuna's interactive plots, which opens offline."""

import json
from html import escape
from pathlib import Path
from typing import Any

from xraykit.config import DIRECTIONS, Search
from xraykit.search.objective import TrialRecord
from xraykit.search.results.progress import count_states, score_text
from xraykit.search.results.table import trial_table
from xraykit.search.study import done
from xraykit.search.winner import choose, pareto_front, rule
from xraykit.system import write_atomically

# The page loads nothing and sends nothing.
_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; "
    "form-action 'none'; base-uri 'none'"
)
_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #222; max-width: 70rem; margin: 0 auto; padding: 0.5rem 1rem 3rem; }
h1 { font-size: 1.5rem; overflow-wrap: anywhere; } h2 { font-size: 1.15rem; margin-top: 2.5rem; }
dt { font-weight: 600; } dd { margin: 0 0 0.6rem; overflow-wrap: anywhere; }
.wide { overflow-x: auto; } .note { color: #555; font-size: 0.9rem; }
table { border-collapse: collapse; font-size: 0.85rem; }
th, td { border-bottom: 1px solid #e6e6e6; padding: 0.25rem 0.6rem; text-align: left; vertical-align: top; }
th { position: sticky; top: 0; background: #fff; } td { max-width: 24rem; overflow-wrap: break-word; }
td.number { text-align: right; white-space: nowrap; } tr.winner td { background: #e8f2fa; }
"""
_NOTES = {
    "plot_optimization_history": "Each point is a completed trial.",
    "plot_param_importances": "Optuna's estimate (PED-ANOVA) of how strongly each parameter determines whether a trial "
    "is among the best. With few trials it is only a hint.",
    "plot_parallel_coordinate": "Each line is a completed trial. None means that the trial has no such parameter.",
    "plot_pareto_front": "A trial is on the front if no other trial is at least as good in every objective and better "
    "in one. All objectives count, not only the two in the plot.",
}
_PIXELS_PER_COORDINATE = 95
_FEW = 12
# No buttons, one of which opens another site. On a touch screen, moving a finger over a plot scrolls the page.
_CONFIG = {"responsive": True, "displayModeBar": False, "scrollZoom": False}


def write_page(search: Search, trials: tuple[TrialRecord, ...], path: Path, title: str) -> None:
    """Write the page of a study.

    Args:
        search: The section that the trials are of.
        trials: All trials of the study, as they are now.
        path: The HTML file; it is replaced atomically. It contains plotly.js (about 5 MB).
        title: Its heading, such as the experiment's name.

    Raises:
        DataError: the file cannot be written; an existing one is unchanged.
    """
    from plotly.offline import get_plotlyjs

    text = (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n<script>{get_plotlyjs()}</script>\n</head>\n"
        f"<body>\n<h1>{escape(title)}</h1>\n{_summary(search, trials)}\n{_drawings(search, trials)}\n"
        f"{_all_trials(search, trials)}\n</body>\n</html>\n"
    )
    write_atomically(path, text.encode())


def _summary(search: Search, trials: tuple[TrialRecord, ...]) -> str:
    states = ", ".join(f"{count} {state}" for state, count in count_states(trials).items()) or "none has started"
    interrupted = sum(trial.replaced for trial in trials)
    repeated = f". {interrupted} more were interrupted and repeated" if interrupted else ""
    facts = {
        "Search engine": _engine(search),
        "Trials": f"{done(trials)} of {search.n_trials} done: {states}{repeated}.",
        "Objectives": ", ".join(f"{name} ({_direction(name)})" for name in search.objectives),
        "Scores": "All scores are measured on the validation part. The test part was not loaded.",
        "Rule": rule(search),
        **_winner(search, trials),
    }
    return (
        "<dl>\n"
        + "".join(f"<dt>{escape(term)}</dt><dd>{escape(text)}</dd>\n" for term, text in facts.items())
        + "</dl>"
    )


def _engine(search: Search) -> str:
    if search.engine == "keras_tuner":
        return f"Keras Tuner, {search.keras_tuner.method}"
    return f"Optuna, sampler {search.optuna.sampler}, pruner {search.pruner}"


def _direction(name: Any) -> str:
    return "higher is better" if DIRECTIONS[name] == "maximize" else "lower is better"


def _winner(search: Search, trials: tuple[TrialRecord, ...]) -> dict[str, str]:
    front = pareto_front(search, trials)
    if not front:
        return {"Best so far": "No trial has completed yet."}
    best = choose(search, front)
    scores = ", ".join(f"{name} {score_text(name, best.scores[name])}" for name in search.objectives)
    term = "Winner" if done(trials) >= search.n_trials else "Best so far"
    values = {f"Values of trial {best.number}": ", ".join(f"{key}: {_text(each)}" for key, each in best.values.items())}
    fronted = (
        {"Pareto front": "Trials " + ", ".join(str(each.number) for each in front)} if search.objectives[1:] else {}
    )
    return {term: f"Trial {best.number}: {scores}", **values, **fronted}


def _drawings(search: Search, trials: tuple[TrialRecord, ...]) -> str:
    from xraykit.search.results.drawn_study import drawn_study, silence
    from xraykit.search.results.views import drawn_or_reason, views

    with silence():
        # Plotly takes text between dollar signs for a formula.
        study = drawn_study(search, trials, escaped=lambda word: escape(word).replace("$", "&#36;"))
        sections = []
        for view in views(search, study):
            figure, reason = drawn_or_reason(view, lambda each: _figure(study, each.function, each.options))
            content = (
                f"<p>Not drawn. {escape(reason)}</p>" if figure is None else _embedded(figure, view.function, view.name)
            )
            sections.append(f"<section>\n<h2>{escape(view.title)}</h2>\n{content}\n</section>")
        return "\n".join(sections)


def _figure(study: Any, function: str, options: dict[str, Any]) -> Any:
    """One of Optuna's plots, as wide as the screen."""
    from optuna import visualization

    figure = getattr(visualization, function)(study, **options)
    figure.update_layout(
        template="plotly_white", title=None, autosize=True, margin={"l": 60, "r": 30, "t": 40, "b": 50}
    )
    figure.update_layout(legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"}, dragmode=False)
    if function == "plot_optimization_history" and len(study.trials) <= _FEW:
        figure.update_xaxes(dtick=1)
    if function == "plot_parallel_coordinate":
        # The palest lines are invisible on white.
        figure.update_layout(margin={"l": 60, "r": 60, "t": 30, "b": 30}, plot_bgcolor="#EBEBEB")
        figure.update_traces(opacity=0.9, selector={"mode": "lines"})
    if function == "plot_pareto_front":
        _plain_front(figure)
    return figure


def _embedded(figure: Any, function: str, name: str) -> str:
    """A plot with its note; on a narrow screen parallel coordinates scroll sideways."""
    coordinates = len(figure.layout.xaxis.tickvals) if function == "plot_parallel_coordinate" else 0
    width = f' style="min-width: {_PIXELS_PER_COORDINATE * coordinates + 150}px"' if coordinates else ""
    drawn = figure.to_html(full_html=False, include_plotlyjs=False, div_id=name, config=_CONFIG)
    return f'<p class="note">{escape(_NOTES[function])}</p>\n<div class="wide"><div{width}>{drawn}</div></div>'


def _plain_front(figure: Any) -> None:
    """One colour each for the front and the other trials, instead of Optuna's wide colour scales of trial numbers."""
    for trace in figure.data:
        front = trace.marker.colorbar.title.text == "Best Trial"
        name, color = ("Pareto front", "#D55E00") if front else ("other completed trials", "#0072B2")
        trace.update(name=name, marker={"color": color, "size": 9, "showscale": False, "line": None}, showlegend=True)


def _all_trials(search: Search, trials: tuple[TrialRecord, ...]) -> str:
    columns, rows = trial_table(search, trials)
    front = pareto_front(search, trials)
    best = choose(search, front).number if front else None
    head = "".join(f'<th scope="col">{escape(column)}</th>' for column in columns)
    marked = {best: ' class="winner"'}
    body = "\n".join(f"<tr{marked.get(row[0], '')}>{''.join(map(_cell, row))}</tr>" for row in rows)
    return (
        "<section>\n<h2>All trials</h2>\n"
        '<p class="note">again: number of the trial that this one repeats. For a pruned trial the last reported '
        'score is shown.</p>\n<div class="wide"><table>\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table></div>\n</section>"
    )


def _cell(value: Any) -> str:
    kind = ' class="number"' if isinstance(value, int | float) and not isinstance(value, bool) else ""
    return f"<td{kind}>{escape('' if value is None else _text(value))}</td>"


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if value.is_integer() and abs(value) >= 1000 else f"{value:.6g}"
    return value if isinstance(value, str) else json.dumps(value)
