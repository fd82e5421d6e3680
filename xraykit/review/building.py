"""A review from the arguments of the command: of a run, or of other radiographs."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from xraykit.input_check import Screen
from xraykit.review.cases import random_order
from xraykit.review.flags import Flags
from xraykit.review.of_files import cases_of_files
from xraykit.review.of_run import cases_of_run
from xraykit.review.pictures import HeatMapCache
from xraykit.review.readings import Readings
from xraykit.review.session import Session
from xraykit.review.tables import default_folder
from xraykit.runs import FinishedRun, recorded_bit_depth

if TYPE_CHECKING:
    from xraykit.bundle import Classifier


@dataclass(frozen=True)
class ReviewSettings:
    """How cases are reviewed.

    Attributes:
        to: Where the readings go; None: ``RUN/review``, of other radiographs a folder in it.
        blind: Label first, model afterwards.
        limit: In blind mode, a random sample of so many radiographs; None: all.
        plugins: Modules or ``.py`` files to import, which run as code.
        data_roots: See :func:`xraykit.worklist.radiographs_of`.
        reader: Proposed as the reader's name.
    """

    to: Path | None = None
    blind: bool = False
    limit: int | None = None
    plugins: Sequence[str] = ()
    data_roots: Sequence[str] = ()
    reader: str = ""


def session_of_run(run: FinishedRun, settings: ReviewSettings) -> Session:
    """A review of the radiographs that a run was tested on.

    The page can be opened at once: the network is loaded when the first heat map is asked for, and the input check is
    done in a thread of its own.

    Raises:
        DataError: the radiographs are not available, or a file of the run is damaged.
    """
    cases, experiment = cases_of_run(run, settings.plugins, settings.data_roots)
    if settings.blind:
        cases = cases.take(random_order(cases, settings.limit))
    readings = Readings(settings.to or default_folder(run.folder, None))

    def load() -> "Classifier":
        from xraykit.bundle import load_model

        return load_model(run.folder, plugins=settings.plugins)

    maps = HeatMapCache(load)
    most, depth = experiment.data.max_megapixels, recorded_bit_depth(run.state())
    session = Session(cases, readings, Flags(), maps, settings.blind, most, depth, settings.reader)
    about = run.about() or {}
    if about.get("screen"):
        screen = Screen.from_values(about["screen"])
        session.flags.begin(screen, [cases.pictures[case.picture].path for case in cases.cases], most, depth)
    return session


def session_of_files(run: FinishedRun, source: str, settings: ReviewSettings) -> Session:
    """A review of other radiographs, which are predicted first.

    Raises:
        XraykitError: there are none, or the network is damaged.
    """
    from xraykit.bundle import load_model

    readings = Readings(settings.to or default_folder(run.folder, source))
    classifier = load_model(run.folder, plugins=settings.plugins)
    cases, flags = cases_of_files(classifier, source)
    if settings.blind:
        order = random_order(cases, settings.limit)
        cases, flags = cases.take(order), [flags[number] for number in order]
    maps, most = HeatMapCache(lambda: classifier), classifier.max_megapixels
    return Session(cases, readings, Flags(flags), maps, settings.blind, most, classifier.bit_depth, settings.reader)
