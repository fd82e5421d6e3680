from tests.bundle.runs import bundled, classifier

__all__ = ["bundled", "classifier"]
