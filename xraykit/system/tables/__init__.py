"""The one reader of tables and lists that a person or a program left: label files, samples, worklists, predictions.

Every cell is text, exactly as in the file except for blanks around it: ids such as ``0013``, ``7.0`` or ``NA``
are never taken as numbers or as missing. A number is read from a cell only where one is expected (:func:`number`).
"""

from xraykit.system.tables.cells import mark, number, shown_cell
from xraykit.system.tables.content import Content, read_content
from xraykit.system.tables.lists import read_list
from xraykit.system.tables.reading import columns_of, parse_table, read_records, read_table
from xraykit.system.tables.table import Row, Table, wrong_cell

__all__ = [
    "Content",
    "Row",
    "Table",
    "columns_of",
    "mark",
    "number",
    "parse_table",
    "read_content",
    "read_list",
    "read_records",
    "read_table",
    "shown_cell",
    "wrong_cell",
]
