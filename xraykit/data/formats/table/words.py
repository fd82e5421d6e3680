"""What the cells of a table mean: findings, sex, age, view and part, in English and other European languages."""

import re
from collections.abc import Collection, Mapping, Sequence

from xraykit.data.reading.spellings import LATERAL, parse_sex


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


PRESENT = _words(
    """1 1.0 1,0 true yes y positive pos present wahr ja j positiv vorhanden nachgewiesen auffällig pathologisch oui
    vrai positif positive présent présente sí si s positivo positiva presente verdadero sì vero sim verdadeiro positief
    aanwezig tak dodatni ano kyllä da igen evet abnormal detected"""
)
ABSENT = _words(
    """0 0.0 0,0 false no n negative neg absent falsch nein negativ keine kein non faux négatif négative absente
    negativo negativa ausente falso nessuno não nao nee negatief afwezig nie ujemny ne nej nei ei nem hayır
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

_SEX = {
    **dict.fromkeys(_words("m male man mann männlich maennlich masculin homme masculino hombre varón varon"), "M"),
    **dict.fromkeys(_words("maschio uomo masculino homem mannelijk mężczyzna mezczyzna muž muz mies férfi"), "M"),
    **dict.fromkeys(_words("f female woman w weiblich frau féminin feminin femme femenino mujer femminile"), "F"),
    **dict.fromkeys(_words("femmina donna feminino mulher vrouw vrouwelijk kobieta žena zena nainen nő kvinna"), "F"),
    "maschile": "M",
    "kvinne": "F",
    "kvinde": "F",
}
# Languages in which a letter means another sex, by the letters of the column: Spanish H and M, French H and F, ...
_LETTERS: Mapping[frozenset[str], Mapping[str, str]] = {
    frozenset("hm"): {"h": "M", "m": "F"},
    frozenset("hf"): {"h": "M", "f": "F"},
    frozenset("mv"): {"m": "M", "v": "F"},
    frozenset("mk"): {"m": "M", "k": "F"},
    frozenset("mz"): {"m": "M", "z": "F"},
    frozenset("mž"): {"m": "M", "ž": "F"},
}
_UNIT = re.compile(r"(\d+(?:[.,]\d+)?)\s*([^\W\d_]+)\.?", re.IGNORECASE)
_UNITS = {
    **dict.fromkeys(_words("j jahr jahre jahren an ans año años ano anos anni anno jaar lat rok let år év"), "Y"),
    **dict.fromkeys(_words("mon monat monate monaten mois mes meses mese mesi maand maanden"), "M"),
    **dict.fromkeys(_words("wo woche wochen semaine semaines semana semanas settimana settimane weken"), "W"),
    **dict.fromkeys(_words("t tag tage tagen jour jours día días dia dias giorno giorni dag dagen"), "D"),
}
_LATERALS = _words("seitlich seite seit seitbild seitenbild profil profilo perfil laterale zijdelings boczne bočná")
_WORD = re.compile(r"[^\W\d_]+")


def meaning(cell: str, present: Collection[str] = (), absent: Collection[str] = ()) -> str | None:
    """``present``, ``absent``, ``mark``, ``uncertain``, ``blank``, ``unknown`` or ``minus``; None: it means nothing.

    Args:
        cell: Of a label.
        present: Further words, in lower case, before all others.
        absent: Likewise.
    """
    text = " ".join(cell.casefold().split())
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
    return next((name for words, name in known if text in words), None)


def sex_cells(cells: Sequence[str], words: Mapping[str, str]) -> list[str]:
    """The cells of the sex, ``M`` or ``F`` where they are understood in any of the languages, else as they are.

    Args:
        cells: Of the whole column: what ``M`` means depends on the other letters.
        words: The user's own, before all others.
    """
    own = {word.casefold(): sex for word, sex in words.items()}
    letters = frozenset({cell.casefold() for cell in cells if len(cell) == 1 and cell.isalpha()} - own.keys())
    known = {**_SEX, **_LETTERS.get(letters, {}), **own}
    return [known.get(cell.casefold()) or parse_sex(cell) or cell for cell in cells]


def age_cells(cells: Sequence[str]) -> list[str]:
    """The cells of the age, with units in other languages written as ``Y``, ``M``, ``W`` or ``D``."""
    return [_age(cell) for cell in cells]


def _age(cell: str) -> str:
    match = _UNIT.fullmatch(cell)
    unit = _UNITS.get(match[2].casefold()) if match else None
    return f"{match[1]}{unit}" if match and unit else cell


def view_cells(cells: Sequence[str], words: Mapping[str, str]) -> list[str]:
    """The cells of the view; a lateral one in other languages is :data:`LATERAL`.

    Args:
        cells: Of the column.
        words: The user's own, before all others.
    """
    own = {word.casefold(): view for word, view in words.items()}
    return [own.get(cell.casefold()) or _view(cell) for cell in cells]


def _view(cell: str) -> str:
    return _WORD.sub(lambda word: LATERAL if word[0].casefold() in _LATERALS else word[0], cell)
