"""Files, locks, signals, streams and redaction: what all commands share."""
