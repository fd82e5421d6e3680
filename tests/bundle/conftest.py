from tests.bundle.runs import bundle, bundled, classifier, ensemble, files, joined

__all__ = ["bundle", "bundled", "classifier", "ensemble", "files", "joined"]
