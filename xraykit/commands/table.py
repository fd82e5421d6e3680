"""All commands, in the order of the help page."""

import argparse
import importlib
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Command:
    """A command.

    Attributes:
        name: As it is typed.
        module: Has ``main(arguments) -> exit code`` and ``make_parser()``; ``python -m`` runs it too.
        summary: What it does, in a few words.
        group: The heading of the help page that it is under.
    """

    name: str
    module: str
    summary: str
    group: str

    def run(self, arguments: Sequence[str]) -> int:
        """Run it; this imports its module.

        Args:
            arguments: Those after its name.

        Returns:
            The exit code.
        """
        return int(importlib.import_module(self.module).main(arguments))

    def parser(self) -> argparse.ArgumentParser:
        """The parser of its arguments; this imports its module."""
        parser: argparse.ArgumentParser = importlib.import_module(self.module).make_parser()
        return parser


_TRAIN = "Experiments"
_USE = "Finished runs"
_PASS_ON = "Hand-over"
_OTHER = "Further"

COMMANDS = (
    Command("init", "xraykit.init.__main__", "write an experiment for a folder, or copy an example", _TRAIN),
    Command("check", "xraykit.check.__main__", "show an experiment and its data; train nothing", _TRAIN),
    Command("run", "xraykit.run", "train, tune, evaluate, explain and pack a classifier", _TRAIN),
    Command("predict", "xraykit.predict.__main__", "probabilities and calls of radiographs", _USE),
    Command("evaluate", "xraykit.evaluate.__main__", "external validation on another collection", _USE),
    Command("compare", "xraykit.compare.__main__", "paired differences of two runs", _USE),
    Command("report", "xraykit.report.__main__", "make the report of runs again", _USE),
    Command("recalibrate", "xraykit.recalibrate.__main__", "fit the decision rule to a local sample", _USE),
    Command("worklist", "xraykit.worklist.__main__", "cases where model and label disagree most", _USE),
    Command("export", "xraykit.export.__main__", "write the network for other runtimes, verified", _PASS_ON),
    Command("review", "xraykit.review.__main__", "review cases in a browser on this machine", _PASS_ON),
    Command("serve", "xraykit.serve.__main__", "answer requests over HTTP", _PASS_ON),
    Command("phantoms", "xraykit.phantoms.__main__", "write simulated radiographs", _OTHER),
    Command("completion", "xraykit.commands.__main__", "a script for the shell's TAB key", _OTHER),
)
"""The commands."""

COMMAND = {command.name: command for command in COMMANDS}
"""The same by their names."""
