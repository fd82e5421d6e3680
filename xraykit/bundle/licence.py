"""Under which terms a trained network may be used: those of the data and of the initial weights come with it."""

from xraykit.config import Experiment

INTENDED_USE = "research only; not a medical device, and not to be used to diagnose or treat patients"

_DATA = {
    "nih": """\
The network was trained on radiographs of the NIH Clinical Center (ChestX-ray14). The NIH asks those who use them to
link to the place of the data, to cite Wang et al., "ChestX-ray8: Hospital-scale chest X-ray database and benchmarks on
weakly-supervised classification and localization of common thorax diseases", CVPR 2017, and to acknowledge the NIH
Clinical Center as the data provider. Read the terms that came with your copy of the data.""",
    "phantom": """\
The network was trained on made-up radiographs that xraykit draws itself. No terms come with them; and it knows nothing
of patients.""",
}
_UNKNOWN_DATA = """\
The network was trained on data in the format "{format}". xraykit does not know their terms: whoever hands the network
on must keep to them."""
_WEIGHTS = """\
Its training began with the weights {weights!r}; the terms of those weights, and of what they were trained on, hold as
well."""


def licence_note(experiment: Experiment) -> str:
    """The text of ``LICENSE.md`` in a bundle, in Markdown; its first line says it in short."""
    source = experiment.data.format
    about_data = _DATA.get(source, _UNKNOWN_DATA.format(format=source))
    weights = experiment.model.weights
    parts = [
        f"# Weights: the terms of the data ({source}) hold; xraykit, which made them, is under the MIT License",
        about_data,
        *([_WEIGHTS.format(weights=weights)] if weights else []),
        f"Intended use: {INTENDED_USE}.",
        'THE NETWORK IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED.',
    ]
    return "\n\n".join(parts) + "\n"
