"""How a worker process ends: what it and the search that started it agree on."""

EXIT_DONE = 10
"""No trial is left. Not 0, with which the code of a plug-in may end a process before its work is done."""

EXIT_ERROR = 2
"""An error, which the last line of the worker's log reports."""

STOPPED = (129, 130, 143)
"""The worker was requested to stop, by SIGHUP, SIGINT or SIGTERM."""

STOP_SECONDS = 8.0
"""From a request to stop to the forced end of a worker."""
