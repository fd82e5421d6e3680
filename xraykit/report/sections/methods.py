"""The methods in sentences, to copy into a paper."""

from xraykit.report.blocks import Block, Facts, Section, Text
from xraykit.report.paper import PaperFacts
from xraykit.report.paper import methods as topics_of
from xraykit.runs import FinishedRun


def methods(run: FinishedRun) -> Section:
    """What the run's files say of data, network, training and statistics; and where tables and checklists are."""
    topics = topics_of(PaperFacts(run))
    files = run.files
    words = (
        f"Each sentence states a fact of this run. The same text is in {files.methods.name}; the tables of this page "
        f"are in {files.tables.name}/ as CSV and LaTeX; {files.checklist.name} has the items of TRIPOD+AI and CLAIM, "
        f"filled in as far as the run knows."
    )
    blocks: list[Block] = [Text(words), Facts(tuple((topic.title, topic.text) for topic in topics))]
    return Section("methods", "Methods for a paper", blocks)
