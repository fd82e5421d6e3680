"""``methods.md``, ``checklist.md`` and ``checklist.csv`` of a run."""

from collections.abc import Iterator, Sequence

from xraykit.report.paper.answers import Answer, answers
from xraykit.report.paper.checklists import CHECKLISTS, Checklist
from xraykit.report.paper.facts import PaperFacts
from xraykit.report.paper.methods import Topic, methods
from xraykit.runs import FinishedRun
from xraykit.system import csv_text, write_atomically

_UTF8 = "\ufeff"  # as in tables/
_METHODS = (
    "Made by xraykit from the files of this run. Each sentence states a fact of the run; what the run does not know, "
    "such as ethics approval, the origin of the labels and the dates of the radiographs, is missing. Check every "
    "sentence before you publish it."
)
_CHECKLIST = (
    "Filled in by xraykit as far as the files of this run know. The items are short descriptions; read the full "
    "wording in the publication. An answer from the run is a starting point: the authors decide whether it "
    "answers the item."
)


def write_paper(run: FinishedRun) -> None:
    """Write the three files into the folder of a run.

    Raises:
        DataError: the folder cannot be written.
    """
    facts = PaperFacts(run)
    filled = [(checklist, answers(facts, checklist)) for checklist in CHECKLISTS]
    files = run.files
    write_atomically(files.methods, "\n".join(_methods(methods(facts))).encode(), durable=False)
    write_atomically(files.checklist, "\n".join(_checklists(filled)).encode(), durable=False)
    rows = [
        (checklist.name, each.item.number, each.item.section, each.item.text, each.text, each.found)
        for checklist, items in filled
        for each in items
    ]
    columns = ("Checklist", "Item", "Section", "Asks for", "Answer from the run", "Found in")
    write_atomically(files.checklist_table, (_UTF8 + csv_text(columns, rows)).encode(), durable=False)


def _methods(topics: Sequence[Topic]) -> Iterator[str]:
    yield "# Methods"
    yield ""
    yield _METHODS
    for topic in topics:
        yield ""
        yield f"**{topic.title}.** {_plain(topic.text)}"
    yield ""


def _checklists(filled: Sequence[tuple[Checklist, Sequence[Answer]]]) -> Iterator[str]:
    yield "# Reporting checklists"
    yield ""
    yield _CHECKLIST
    for checklist, items in filled:
        still_open = sum(each.is_open for each in items)
        yield ""
        yield f"## {checklist.name}"
        yield ""
        yield f"{checklist.source}"
        yield ""
        yield (
            f"{len(items) - still_open} of {len(items)} items have an answer from the run, or a part of one; "
            f"{still_open} are open."
        )
        yield ""
        yield "| item | section | asks for | answer from the run | found in |"
        yield "|---|---|---|---|---|"
        for each in items:
            cells = (each.item.number, each.item.section, each.item.text, each.text, each.found)
            yield f"| {' | '.join(_plain(cell).replace('|', chr(92) + '|') for cell in cells)} |"
    yield ""


def _plain(text: str) -> str:
    """Text in Markdown without markup: a label's name may contain any sign."""
    return "".join(f"\\{sign}" if sign in "\\`*_<>[]#" else sign for sign in " ".join(text.split()))
