"""The results of a search: progress in the log, table, pictures and page."""
