"""What a paper needs of a run: a paragraph of methods and reporting checklists, from the facts of the run alone."""

from xraykit.report.paper.answers import Answer, answers
from xraykit.report.paper.checklists import CHECKLISTS, Checklist, Item
from xraykit.report.paper.facts import PaperFacts
from xraykit.report.paper.methods import Topic, methods
from xraykit.report.paper.writing import write_paper

__all__ = ["CHECKLISTS", "Answer", "Checklist", "Item", "PaperFacts", "Topic", "answers", "methods", "write_paper"]
