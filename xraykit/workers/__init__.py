"""Worker processes on this machine, as a search and an ensemble use them: each with its share of the cores."""

from typing import TYPE_CHECKING

from xraykit.system import lazy_names

if TYPE_CHECKING:
    from xraykit.workers.cores import Share as Share
    from xraykit.workers.cores import shares as shares
    from xraykit.workers.crew import POLL_SECONDS as POLL_SECONDS
    from xraykit.workers.crew import Crew as Crew
    from xraykit.workers.crew import Worker as Worker
    from xraykit.workers.importable import check_importable as check_importable
    from xraykit.workers.process import work_as_process as work_as_process
else:
    __getattr__, __dir__, __all__ = lazy_names(__name__)
