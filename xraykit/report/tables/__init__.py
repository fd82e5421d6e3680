"""Tables of a report as files: CSV for spreadsheets, LaTeX for papers."""

from xraykit.report.tables.latex import latex_tables, latex_text
from xraykit.report.tables.plain import PlainTable, plain_table
from xraykit.report.tables.writing import named_tables, write_tables

__all__ = ["PlainTable", "latex_tables", "latex_text", "named_tables", "plain_table", "write_tables"]
