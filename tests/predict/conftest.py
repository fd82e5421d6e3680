from tests.bundle.runs import bundled, classifier, files, joined

__all__ = ["bundled", "classifier", "files", "joined"]
