"""The same export as :mod:`xraykit.phantoms.layouts.hospital`, with its table as an Excel workbook."""

import io
import re
import zipfile
from collections.abc import Sequence

from xraykit.phantoms.layouts.hospital import DATA, encode, picture, table_rows
from xraykit.phantoms.layouts.layout import Drawn, Layout

TABLE = "Befunde.xlsx"

_DAY = (2020, 1, 1, 0, 0, 0)


def tables(drawn: Sequence[Drawn]) -> dict[str, bytes]:
    """The workbook: one sheet whose ages are numbers and whose header is bold."""
    from openpyxl import Workbook
    from openpyxl.styles import Font

    book = Workbook()
    book.remove(book.worksheets[0])
    sheet = book.create_sheet("Befunde")
    for row in table_rows(drawn):
        sheet.append([int(cell) if cell.isdecimal() else cell or None for cell in row])
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    content = io.BytesIO()
    book.save(content)
    return {TABLE: _without_time(content.getvalue())}


def _without_time(content: bytes) -> bytes:
    """The same workbook without the time of its writing, so that the same settings give the same bytes."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            part = old.read(name)
            if name == "docProps/core.xml":
                part = re.sub(rb"\d{4}-\d\d-\d\dT[\d:]+Z", b"2020-01-01T00:00:00Z", part)
            new.writestr(zipfile.ZipInfo(name, _DAY), part, zipfile.ZIP_DEFLATED)
    return target.getvalue()


LAYOUT = Layout(
    "hospital_xlsx",
    "the same export with its table as an Excel workbook",
    picture,
    tables,
    encode,
    data=DATA,
)
