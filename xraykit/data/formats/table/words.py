"""What the cells of a table mean: findings and parts in European languages, and a user's own words for sex and view."""

from collections.abc import Collection, Mapping, Sequence

from xraykit.data.reading.spellings import sex_parser


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


PRESENT = _words(
    """1 1.0 1,0 true yes y positive pos present wahr ja j positiv vorhanden nachgewiesen auffällig pathologisch oui
    vrai positif positive présent présente sí si s positivo positiva presente verdadero sì vero sim verdadeiro positief
    aanwezig tak dodatni ano kyllä da igen evet abnormal detected"""
)
ABSENT = _words(
    """0 0.0 0,0 false no n negative neg absent falsch nein negativ keine kein non faux négatif négative absente
    negativo negativa ausente falso nessuno não nao nee negatief afwezig nie ujemny ne nej nei ei nem hayır hayir
    unauffällig o.b. ob normal"""
) | {"ohne befund", "kein befund", "nicht vorhanden", "nicht nachgewiesen", "not present", "not detected", "o. b."}
MARKS = _words("x + ✓ ✔ ☑ • ×")
UNCERTAIN = _words(
    """-1 -1.0 -1,0 u uncertain ? fraglich unklar unsicher verdacht v.a. zweifelhaft suspected possible equivocal
    doubtful incertain douteux possible suspect dudoso incierto posible incerto dubbio possibile twijfelachtig"""
) | {"v. a.", "verdacht auf"}
BLANK = _words("nan na n/a null #n/a #nv #na <na> none") | {""}
NEVER_KNOWN = _words(
    """unknown unbekannt inconnu inconnue desconocido desconocida sconosciuto desconhecido onbekend k.a. n.b. nd n.d."""
) | {"k. a.", "keine angabe", "nicht beurteilbar", "nicht beurteilt", "not assessed", "not evaluable"}
MINUS = frozenset({"-", "–", "−"})

PART_OF = {
    **dict.fromkeys(("train", "training", "trainingset", "trainset", "entrainement", "entrenamiento"), "train_val"),
    **dict.fromkeys(("trainval", "trainingsdaten", "addestramento", "treino"), "train_val"),
    **dict.fromkeys(("validation", "val", "valid", "validate", "dev", "validierung", "validacion"), "validation"),
    **dict.fromkeys(("validazione", "validacao", "validationset", "valset", "tuning"), "validation"),
    **dict.fromkeys(("test", "testing", "testset", "testdaten", "prueba", "teste", "holdout"), "test"),
}
"""In the form of :func:`.plain`, to the part of the official split."""


def meaning(cell: str, present: Collection[str] = (), absent: Collection[str] = ()) -> str | None:
    """``present``, ``absent``, ``mark``, ``uncertain``, ``blank``, ``unknown`` or ``minus``; None: it means nothing.

    Args:
        cell: Of a label.
        present: Further words, in lower case, before all others.
        absent: Likewise.
    """
    text = " ".join(cell.casefold().split())
    short = text.removesuffix(".")
    known: tuple[tuple[Collection[str], str], ...] = (
        (present, "present"),
        (absent, "absent"),
        (PRESENT, "present"),
        (ABSENT, "absent"),
        (MARKS, "mark"),
        (UNCERTAIN, "uncertain"),
        (BLANK, "blank"),
        (NEVER_KNOWN, "unknown"),
        (MINUS, "minus"),
    )
    return next((name for words, name in known if text in words or short in words), None)


def sex_cells(cells: Sequence[str], words: Mapping[str, str]) -> list[str]:
    """The cells of the sex, ``M`` or ``F`` where they are understood, else as they are.

    Args:
        cells: Of the whole column: what ``M`` means depends on the other letters.
        words: The user's own, before all others.
    """
    own = {word.casefold(): sex for word, sex in words.items()}
    distinct = set(cells)
    parse = sex_parser(cell for cell in distinct if cell.casefold() not in own)
    meaning = {cell: own.get(cell.casefold()) or parse(cell) or cell for cell in distinct}
    return [meaning[cell] for cell in cells]


def view_cells(cells: Sequence[str], words: Mapping[str, str]) -> list[str]:
    """The cells of the view, those that the user has words for as these words say.

    Args:
        cells: Of the column.
        words: The user's own.
    """
    own = {word.casefold(): view for word, view in words.items()}
    return [own.get(cell.casefold(), cell) for cell in cells]
