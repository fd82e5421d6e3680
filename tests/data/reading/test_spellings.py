"""Sex, age and view in the exports of European hospitals."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xraykit.data.reading.listing import Listing
from xraykit.data.reading.spellings import (
    LATERAL,
    is_unknown,
    parse_age,
    parse_sex,
    parse_view,
    parse_years,
    sex_parser,
    years_parser,
)

MEN = "M m. Male MAN männlich Maennlich Homme masculino Uomo mężczyzna Muž mand férfi"
WOMEN = "F f. Female WOMAN w weiblich Frau Féminin Mujer donna vrouw kobieta Žena kvinna"


def test_words_for_men_and_women():
    assert {parse_sex(text) for text in MEN.split()} == {"M"}
    assert {parse_sex(text) for text in WOMEN.split()} == {"F"}


@pytest.mark.parametrize(
    ("column", "men", "women"),
    [
        ("HMHM", "HH", "MM"),
        ("hfhf", "hh", "ff"),
        ("MVVM", "MM", "VV"),
        ("MKKM", "MM", "KK"),
        ("MZMZ", "MM", "ZZ"),
        ("MFMF", "MM", "FF"),
        ("MWWM", "MM", "WW"),
        ("MFOM", "MM", "F"),
        ("HMHO", "HH", "M"),
    ],
)
def test_a_letter_means_what_the_others_of_its_column_say(column, men, women):
    parse = sex_parser(column)
    assert {parse(letter) for letter in men} == {"M"}
    assert {parse(letter) for letter in women} == {"F"}


def test_letters_that_no_language_has_together_are_not_guessed():
    parse = sex_parser(["H", "M", "F"])
    assert (parse("H"), parse("M"), parse("F")) == (None, "M", "F")
    assert sex_parser("12")("1") is None, "1 is a man in one coding and a woman in another"


YEARS = """58|058Y|58.0|58,0|58 years|58 Jahre|58 J.|58J|58a|58 ans|58 años|58 anni|58 anos|58 jaar|58 lat|58 år|58yo
58 y.o.|58 y/o|58-year-old|58 Jahre alt| 58 |58 YEARS OLD|58 let"""
MONTHS = "006M|6 Monate|6 Mon.|6 mois|6 meses|6 mesi|6 maanden|6 months"
FORTNIGHTS = "002W|2 Wochen|2 semanas|014D|14 Tage|14 jours|14 T"
COMPOUNDS = "1y 6m|1 Jahr, 6 Monate|01Y06M|1 an 6 mois"
CAPPED = "90+|90 +|>90|>= 90|über 90|90+ years"


@pytest.mark.parametrize(
    ("texts", "years"),
    [(YEARS, 58), (MONTHS, 0.5), (FORTNIGHTS, 14 / 365.25), (COMPOUNDS, 1.5), (CAPPED, 90)],
)
def test_ages_that_occur(texts, years):
    ages = {text: parse_age(text) for text in texts.replace("\n", "|").split("|")}
    assert ages == pytest.approx(dict.fromkeys(ages, years))


NO_AGES = "|old|58 m/s|58x|19660412|12.04.1966|58-60|-3|130|1m75|years|1e1|\u0665"


@pytest.mark.parametrize("text", [*NO_AGES.split("|"), "5" * 50])
def test_what_is_no_age_is_unknown(text):
    assert math.isnan(parse_age(text))


def test_j_is_a_day_among_french_ages_and_a_year_among_german_ones():
    french, german = years_parser(["3 ans", "2 mois", "3 j"]), years_parser(["3 J", "60 J", "3 Monate"])
    assert french("3 j") == french("3j") == pytest.approx(3 / 365.25)
    assert french("3 ans") == german("3 J") == 3


@given(st.text(max_size=60))
def test_no_text_is_a_mistake(text):
    for parse in (parse_sex, parse_view, parse_age, parse_years, sex_parser([text]), years_parser([text])):
        parse(text)
    years = parse_years(text)
    assert years is None or 0 <= years <= 120


VIEWS = {
    "PA": "p.a.|PA im Stehen|postéro-antérieur|Postero anteriore|dorso-ventral",
    "AP": "a.p.|AP im Liegen|AP_horizontal|antero-posterior|AP supine|AP PORTABLE",
    LATERAL: "seitlich|Profil|latéral|LL|RL|latero-lateral|Thorax lateral|perfil",
    None: "COSTAL|de face|PA + lateral|pa/seitlich|Thorax",
}


@pytest.mark.parametrize(("view", "texts"), VIEWS.items())
def test_views_that_occur(view, texts):
    assert {parse_view(text) for text in texts.split("|")} == {view}


def test_what_says_that_nothing_is_known_is_understood():
    for text in ("", "Unknown", "n/a", "unbekannt", "Keine Angabe", "inconnu", "#N/A", "-"):
        assert is_unknown(text)
    assert is_unknown("divers", "sex")
    assert not is_unknown("divers", "age")
    assert is_unknown("Frontal", "view")
    assert not is_unknown("oblique", "view")
    assert not is_unknown("?")


def test_what_was_not_understood_is_counted_once_for_each_cell_and_column(tmp_path):
    (tmp_path / "t.csv").write_text("")
    listing = Listing(
        tmp_path / "t.csv",
        range(2, 7),
        [f"{n}.png" for n in range(5)],
        list("abcde"),
        {"Mass": np.zeros(5)},
        sexes=["H", "M", "divers", "neutrum", "Unknown"],
        ages=["3 j", "2 ans", "alt", "alt", "n/a"],
        views=["de face", "PA", "schräg", "LL", "frontal"],
    )
    catalog = listing.catalog([f"/{n}.png" for n in range(5)])
    assert catalog.table["sex"].fillna("?").tolist() == ["M", "F", "?", "?", "?"]
    assert catalog.table["age"].round(3).tolist()[:2] == [0.008, 2]
    assert catalog.not_understood == {
        "sex": {"neutrum": 1},
        "age": {"alt": 2},
        "view": {"schräg": 1},
    }
