from tests.bundle.runs import bundled, classifier, files

__all__ = ["bundled", "classifier", "files"]
