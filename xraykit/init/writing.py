"""A commented experiment: its keys, what each means, and what was understood of the data."""

import re
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from xraykit.config import Data, Section, Split, Training, write_yaml
from xraykit.init.recognising import Match

_WIDTH = 100
_FURTHER = """\
# All other keys keep their defaults; xraykit check FILE --all shows them all. Often changed:
# model:
#   backbone: densenet121        # or mobilenet_v3_large, inception_resnet_v2
#   weights: imagenet            # start from trained weights, with training.trainer: fine_tune
# training:
#   epochs: {epochs}
"""


def commented_experiment(
    match: Match, name: str, file: str, *, others: Sequence[Match] = (), understood: Sequence[str] = ()
) -> str:
    """The text of an experiment file.

    Args:
        match: The format and the folder.
        name: The experiment's.
        file: How the commands in the comments call the file.
        others: Further formats that can read the folder.
        understood: Lines about what was understood of the label file.
    """
    head = [
        f"Data: {match.recognised.found} ({match.format.name}).",
        *(f"{other.format.name} can read this folder, too: {other.recognised.found}." for other in others),
        "",
        "Show what is understood of the data, and train nothing:",
        f"    xraykit check {file}",
        "Train, evaluate and report:",
        f"    xraykit run {file}",
    ]
    if understood:
        head += ["", "What was understood of the label file:", *understood]
    values = {"format": match.format.name, "root": str(match.folder), **match.recognised.data}
    section = "\n".join(_section(values, _models(match), 1))
    further = _FURTHER.format(epochs=Training.model_fields["epochs"].default)
    return f"{_comment(head, '')}\n\nname: {name}\n\ndata:\n{section}\n\n{further}"


def _models(match: Match) -> Mapping[str, type[Section]]:
    """The sections below ``data``, by their key."""
    own = {match.format.name: match.format.settings} if match.format.settings else {}
    return {"": Data, "split": Split, **own}


def _section(values: Mapping[str, Any], models: Mapping[str, type[Section]], depth: int, key: str = "") -> list[str]:
    fields = models[key].model_fields if key in models else {}
    indent = "  " * depth
    lines: list[str] = []
    for name, value in values.items():
        description = fields[name].description if name in fields else ""
        if description:
            lines += [] if depth > 1 and not lines else [""] if lines else []
            lines.append(_comment(textwrap.wrap(description, _WIDTH - 2 * depth - 2), indent))
        if isinstance(value, Mapping) and name in models:
            lines += [*([""] if lines and not description else []), f"{indent}{name}:"]
            lines += _section(value, models, depth + 1, name)
        else:
            lines += [f"{indent}{line}" for line in write_yaml({name: value}).splitlines()]
    return lines


def _comment(lines: Sequence[str], indent: str) -> str:
    return "\n".join(f"{indent}# {line}".rstrip() for line in lines)


def name_of(folder_name: str) -> str:
    """A name of an experiment, from that of a folder."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", folder_name).strip("-._")
    return name[:100] or "experiment"
