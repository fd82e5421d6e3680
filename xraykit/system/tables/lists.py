"""Lists of names, one to a line."""

from pathlib import Path

from xraykit.system.tables.content import read_content


def read_list(path: Path) -> tuple[str, ...]:
    """The lines of a list without blanks around them; blank lines are left out; names may contain blanks.

    Raises:
        DataError: It cannot be read as text; see :func:`.read_content`.
    """
    lines = read_content(path).text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return tuple(name for name in map(_bare, lines) if name)


def _bare(line: str) -> str:
    """The name alone: a spreadsheet puts one with a comma in double quotes."""
    name = line.strip()
    quoted = len(name) > 1 and name[0] == name[-1] == '"'
    return name[1:-1].replace('""', '"') if quoted else name
