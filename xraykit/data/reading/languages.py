"""Words about patients and pictures in the exports of European hospitals, in lower case and without accents.

English, German, French, Spanish, Italian, Portuguese, Dutch, Polish, Czech, Danish, Norwegian, Swedish, Finnish and
Hungarian.
"""

import unicodedata


def bare(text: str) -> str:
    """A text in lower case, without accents, and with one blank between its words."""
    letters = (each for each in unicodedata.normalize("NFKD", text.strip()) if not unicodedata.combining(each))
    return " ".join("".join(letters).casefold().split())


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


MALE = _words(
    """m male man boy mann mannlich maennlich junge masculin homme masculino hombre varon maschio maschile uomo homem
    mannelijk mezczyzna meski muz mand mies ferfi"""
)
FEMALE = _words(
    """f female woman girl w weiblich frau madchen feminin feminine femme femenino mujer femminile femmina donna
    feminino mulher vrouw vrouwelijk kobieta zenski zena kvinde kvinne kvinna nainen"""
)
OTHER_SEX = _words("o other d divers diverse x i intersex non-binary autre otro otra altro outro anders annet andet")
"""Understood, and neither of the two that subgroups know."""

LETTERS_OF_SEX = {
    frozenset("hm"): {"h": "M", "m": "F"},  # hombre, mujer
    frozenset("hf"): {"h": "M", "f": "F"},  # homme, femme
    frozenset("mv"): {"m": "M", "v": "F"},  # man, vrouw
    frozenset("mk"): {"m": "M", "k": "F"},  # mand, kvinde
    frozenset("mz"): {"m": "M", "z": "F"},  # muz, zena
}
"""What a letter means by the letters of the whole column, where that differs between languages."""

UNKNOWN = _words(
    """unknown unk u n/a na n.a. n.d. nd #n/a #na nan none null - -- unbekannt ungeklart k.a. inconnu inconnue
    desconocido desconocida sconosciuto sconosciuta desconhecido onbekend nieznany neznamy ukendt ukjent okand
    tuntematon ismeretlen missing unspecified"""
) | {"", "k. a.", "keine angabe", "nicht angegeben", "not specified", "not available", "not known", "non precise"}

UNITS = {
    **dict.fromkeys(_words("y yr yrs year years yo j jahr jahre jahren a an ans ano anos anni anno jaar jaren"), 1.0),
    **dict.fromkeys(_words("lat rok roku let ar ev vuotta vuosi aar"), 1.0),
    **dict.fromkeys(_words("m mo mos mon mth mths month months monat monate monaten mois mes meses mese mesi"), 12.0),
    **dict.fromkeys(_words("maand maanden mnd maneder manader kk ho honap"), 12.0),
    **dict.fromkeys(_words("w wk wks week weeks wo woche wochen semaine semaines sem semana semanas"), 365.25 / 7),
    **dict.fromkeys(_words("settimana settimane weken uger uker veckor"), 365.25 / 7),
    **dict.fromkeys(
        _words("d day days t tag tage tagen jour jours dia dias giorno giorni dag dagen dage dager"), 365.25
    ),
}
"""Unit of an age to its number in a year."""

FRENCH_UNITS = _words("an ans mois semaine semaines jour jours")
"""Where they occur, ``j`` is a day and no year (German ``Jahr``)."""

LATERAL_WORDS = _words(
    """lateral lat ll rl l llat rlat laterale lateralis laterolateral seitlich seite seit seitbild seitenbild profil
    profile profilo perfil zijdelings boczne bocny bocna"""
)
FRONTAL_WORDS = {
    **dict.fromkeys(_words("pa posteroanterior posteroanteriore dorsoventral"), "PA"),
    **dict.fromkeys(_words("posteroanterieur posteroanterieure"), "PA"),
    **dict.fromkeys(_words("ap anteroposterior anteroposteriore ventrodorsal"), "AP"),
    **dict.fromkeys(_words("anteroposterieur anteroposterieure"), "AP"),
}
ANY_FRONTAL = _words("frontal front frontale face frente") | {"de face", "de frente"}
"""Words for a frontal view that do not say which: understood, and the view is unknown."""
