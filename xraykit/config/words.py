"""The words of a command line that runs an experiment: its file and values that override the file's."""

from collections.abc import Sequence
from pathlib import Path

from xraykit.config.overrides import is_override
from xraykit.errors import XraykitError
from xraykit.system import shown


def experiment_words(words: Sequence[str]) -> tuple[str, list[str]]:
    """The experiment file and the overrides, which may come in any order.

    Raises:
        XraykitError: there is no file, or more than one.
    """
    files, overrides = sorted_words(words)
    if not files:
        raise XraykitError(
            "No experiment was given. Expected: a YAML file, such as experiments/quickstart.yaml. See --help."
        )
    return files[0], overrides


def sorted_words(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """The experiment file, if there is one, and the overrides.

    Raises:
        XraykitError: there is more than one file.
    """
    overrides = [word for word in words if is_override(word) and not Path(word).is_file()]
    files = [word for word in words if word not in overrides]
    if len(files) > 1:
        raise XraykitError(
            f"One experiment file is expected, and overrides contain no blanks: training.epochs=3. Received: "
            f"{', '.join(shown(word) for word in words)}."
        )
    return files, overrides
