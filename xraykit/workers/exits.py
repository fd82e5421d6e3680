"""Exit statuses of a worker process."""

EXIT_DONE = 10
"""Its work is done. Not 0, because the code of a plug-in may end the process with 0 before its work is done."""

EXIT_ERROR = 2
"""An error, which the last line of the worker's log reports."""

EXIT_NOT_FINITE = 11
"""The same, where the loss became NaN or infinite: to continue would end in the same way."""

STOPPED = (129, 130, 143)
"""The worker was requested to stop, by SIGHUP, SIGINT or SIGTERM."""

STOP_SECONDS = 8.0
"""From a request to stop to the forced end of a worker."""
