"""What was understood of a table, as facts: for ``--check``, ``xraykit.init`` and the log of a run."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from xraykit.data.formats.table.columns import Columns
from xraykit.data.formats.table.labels import Label, is_other_fact, looks_like_label
from xraykit.data.formats.table.lists import LIST_TEXT, Lists
from xraykit.data.formats.table.names import NO_FINDING, plain_column
from xraykit.data.formats.table.words import PART_OF, sex_cells, view_cells
from xraykit.data.reading.spellings import parse_sex, parse_view, years_parser
from xraykit.data.understood import Understood, UnderstoodColumn

if TYPE_CHECKING:
    from xraykit.data.catalog import Catalog
    from xraykit.data.formats.table import TableColumns
    from xraykit.data.formats.table.pictures import Located
    from xraykit.system.tables import Table

_MOST_VALUES = 6
_FEW_WORDS, _MANY = 3, 5  # A word is a category if it is of so many patients; others may be of one, such as a name.


def understood(
    table: "Table",
    settings: "TableColumns",
    columns: Columns,
    labels: Sequence[Label],
    lists: Lists | None,
    located: "Located",
    catalog: "Catalog",
) -> Understood:
    """Each column and what it means; cells of patients, pictures and unused columns are never copied."""
    of_column = {column: meaning for meaning, column in columns.of.items() if column}
    found = sum(path is not None for path in located.matches.paths)
    pictures = {"picture found": found, "no such file": len(table) - found}
    counts = {"image": {name: count for name, count in pictures.items() if count}}
    patients = "patients" if catalog.patients_known else "radiographs, each counted as a patient"
    counts["patient"] = {patients: int(catalog.table["patient"].nunique())}
    of_patient = table.column(columns.of["patient"]) if columns.of["patient"] else located.images
    labelled = {column: label for label in labels for column in label.columns}
    rows = []
    for name in filter(None, table.columns):
        if name in of_column:
            meaning = of_column[name]
            known = counts.get(meaning) or _counts(table, name, meaning, settings)
            rows.append(UnderstoodColumn(name, meaning, "", meaning in columns.guessed, known))
        elif lists and name == lists.column:
            rows.append(_list_column(lists, labels, settings.findings is None))
        elif name in labelled:
            rows.append(_label_column(name, labelled[name], settings))
        elif name in catalog.columns:
            rows.append(UnderstoodColumn(name, "further column", guessed=False))
        else:
            rows.append(UnderstoodColumn(name, note=_why_not(table, name, settings, of_patient)))
    warnings = [*columns.warnings, *_layout_warnings(table, located)]
    warnings += [f"{label.name}: {label.note}." for label in labels if label.note]
    return Understood(table.path.name, len(table), _layout(table), tuple(rows), tuple(warnings))


def _layout(table: "Table") -> tuple[str, ...]:
    if table.sheet:
        of = f" of {len(table.sheets)}" if len(table.sheets) > 1 else ""
        layout = [f"sheet {table.sheet}{of}"]
    else:
        layout = [f"separator {'tab' if table.separator == chr(9) else table.separator}", table.encoding]
    return (*layout, f"columns named in line {table.header}") if table.header > 1 else tuple(layout)


def _layout_warnings(table: "Table", located: "Located") -> list[str]:
    warnings = []
    if len(table.sheets) > 1:
        others = ", ".join(name for name in table.sheets if name != table.sheet)
        warnings.append(f"The workbook has other sheets, which are not read: {others} (data.table.sheet).")
    if located.cut:
        warnings.append("The pictures' paths are absolute: their beginning, which all of them share, is left out.")
    return warnings


def _counts(table: "Table", name: str, meaning: str, settings: "TableColumns") -> Mapping[str, int]:
    cells = table.column(name)
    if meaning == "sex":
        values: list[str | None] = [parse_sex(cell) for cell in sex_cells(cells, settings.sex_words)]
    elif meaning == "view":
        values = [parse_view(cell) for cell in view_cells(cells, settings.view_words)]
    elif meaning == "age":
        parse, distinct = years_parser(cells), set(cells)
        years = {cell: parse(cell) for cell in distinct}
        return _ages([years[cell] for cell in cells])
    elif meaning == "split":
        values = [PART_OF.get(plain_column(cell)) for cell in cells]
    else:
        return {"different ones": len(set(cells) - {""})}
    counted = Counter(value or "unknown" for value in values)
    return dict(counted.most_common(_MOST_VALUES))


def _ages(years: Sequence[float | None]) -> Mapping[str, int]:
    known = [each for each in years if each is not None]
    span = f"{min(known):.0f} to {max(known):.0f} years" if known else ""
    counts = {span: len(known), "unknown": len(years) - len(known)}
    return {name: count for name, count in counts.items() if name and count}


def _list_column(lists: Lists, labels: Sequence[Label], guessed: bool) -> UnderstoodColumn:
    counts = {label.name: int((label.targets == 1).sum()) for label in labels}
    blank = sum(each is None for each in lists.findings)
    known = {name for label in labels for name in label.words.get("present", ())}
    others = len(set(lists.with_findings()) - known)
    separator = {LIST_TEXT: "lists such as ['a', 'b']", "\n": "separated by line breaks"}
    note = separator.get(lists.separator, f"separated by {lists.separator}")
    more = f", {others} other findings are not learnt" if others else ""
    counts |= {"blank": blank} if blank else {}
    return UnderstoodColumn(lists.column, "list of findings", "", guessed, counts, note=f"{note}{more}")


def _label_column(name: str, label: Label, settings: "TableColumns") -> UnderstoodColumn:
    counts = {meaning: sum(words.values()) for meaning, words in label.words.items() if words}
    words = {meaning: tuple(words) for meaning, words in label.words.items()}
    guessed = label.name not in settings.label_columns
    return UnderstoodColumn(name, "label", label.name, guessed, counts, words)


def _why_not(table: "Table", name: str, settings: "TableColumns", patients: Sequence[str]) -> str:
    if plain_column(name) in NO_FINDING:
        return "says that there is no finding"
    if is_other_fact(name):
        return "is no finding by its name"
    if looks_like_label(table.column(name), settings):
        return "may be a label: name it in data.labels to learn it"
    words = set(table.column(name)) - {""}
    if 2 <= len(words) <= _FEW_WORDS and _of_many(table.column(name), patients):
        # Which words is not shown: a remark and a radiologist's name are as frequent as a category.
        return (
            f"{len(words)} different words: a label if data.table.present and absent name these, and data.labels the "
            f"column"
        )
    return ""


def _of_many(cells: Sequence[str], patients: Sequence[str]) -> bool:
    """Whether each word is of several patients."""
    of_word: dict[str, set[str]] = {}
    for cell, patient in zip(cells, patients, strict=True):
        of_word.setdefault(cell, set()).add(patient)
    return all(len(each) >= _MANY for cell, each in of_word.items() if cell)
