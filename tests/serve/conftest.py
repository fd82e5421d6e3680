from tests.bundle.runs import bundled, classifier, files, joined
from tests.serve.fakes import answering

__all__ = ["answering", "bundled", "classifier", "files", "joined"]
"""Runs with a bundle, and a server in this process with a network that only pretends."""
