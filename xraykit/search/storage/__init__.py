"""Where a study is kept: one database for any number of processes and machines."""
