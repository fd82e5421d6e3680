from tests.bundle.runs import bundle, bundled, classifier, files

__all__ = ["bundle", "bundled", "classifier", "files"]
