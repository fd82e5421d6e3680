"""Opening a study, without importing Optuna before one is opened."""

from contextlib import AbstractContextManager

from xraykit.search.study import Study, StudyPlan


def open_study(plan: StudyPlan) -> AbstractContextManager[Study]:
    """Open the study of a plan, new or continued.

    Raises:
        ExperimentError: ``search.storage`` is no address that a study can be kept at, the strategy's settings cannot
            be used, or a package is missing.
        XraykitError: the database cannot be used, or the study is one of an earlier version that cannot be continued.
    """
    from xraykit.search.storage.driver import open_study as opened

    return opened(plan)
