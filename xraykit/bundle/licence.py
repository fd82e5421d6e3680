"""Under which terms a trained network may be used: those of the data and of the initial weights come with it."""

from xraykit.config import Experiment
from xraykit.registry import FORMATS

INTENDED_USE = "research only; not a medical device, and not to be used to diagnose or treat patients"

_UNKNOWN_DATA = """\
The network was trained on data in the format "{format}". xraykit does not know their terms: whoever hands the network
on must keep to them."""
_ALL_APPLY = "The network was trained on several collections; the terms of all of them apply."
_WEIGHTS = """\
Its training began with the weights {weights!r}; the terms of those weights, and of what they were trained on, apply as
well."""


def known_terms(name: str) -> str:
    """The terms of the data in a format; blank where xraykit does not know them."""
    return FORMATS.get(name).licence if name in FORMATS else ""


def _terms(name: str) -> str:
    return known_terms(name) or _UNKNOWN_DATA.format(format=name)


def licence_note(experiment: Experiment) -> str:
    """The text of ``LICENSE.md`` in a bundle, in Markdown; its first line is the summary."""
    formats = experiment.data.formats
    about_data = dict.fromkeys(map(_terms, formats))
    weights = experiment.model.weights
    parts = [
        f"# Weights: the terms of the data ({' and '.join(formats)}) apply; xraykit, which made them, is under the MIT "
        "License",
        *([_ALL_APPLY] if len(about_data) > 1 else []),
        *about_data,
        *([_WEIGHTS.format(weights=weights)] if weights else []),
        f"Intended use: {INTENDED_USE}.",
        'THE NETWORK IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED.',
    ]
    return "\n\n".join(parts) + "\n"
