"""What a table must contain."""

HINTS = (
    "A table (.csv, .tsv or .xlsx) has a first line of column names and a row for each radiograph: its path or file "
    "name, the patient's id, and each finding as a column with 1 and 0 (or yes and no), or all findings in one column. "
    "Sex, age and view are optional."
)
