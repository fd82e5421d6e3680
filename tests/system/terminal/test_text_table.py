"""Tables of plain text: within 80 columns, whatever they contain."""

from hypothesis import given
from hypothesis import strategies as st

from xraykit.system import named_rows, text_table

_WORD = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=12)


def test_cells_are_right_aligned_below_their_heading():
    assert text_table(["label", "pos.", "ROC AUC"], [["Effusion", "12", "0.8"], ["Edema", "3", "0.75"]]) == [
        "label     pos.  ROC AUC",
        "Effusion    12      0.8",
        "Edema        3     0.75",
    ]


def test_further_columns_follow_below_with_the_names_again():
    lines = text_table(["", "first" * 8, "second" * 8], [["Edema", "1", "2"]])
    assert [line.split() for line in lines] == [["first" * 8], ["Edema", "1"], [], ["second" * 8], ["Edema", "2"]]


def test_a_long_name_is_continued_and_its_cells_stand_at_its_end():
    lines = text_table(["", "A"], [["Enlarged cardiac silhouette of any cause", "0.5"]])
    assert lines[1:] == ["Enlarged cardiac", "silhouette of any cause   0.5"] or lines[-1].endswith(" 0.5")
    assert max(map(len, lines)) <= 80


@given(
    columns=st.integers(1, 12),
    names=st.lists(st.lists(_WORD, min_size=1, max_size=6).map(" ".join), min_size=1, max_size=6, unique=True),
    cell=_WORD,
)
def test_every_cell_is_shown_once_within_80_columns(columns, names, cell):
    rows = {name: {f"column {at}": f"{cell}{at}" for at in range(columns)} for name in names}
    lines = named_rows(rows)
    assert max(map(len, lines)) <= 80
    words = " ".join(lines).split()
    for at in range(columns):
        assert words.count(f"{cell}{at}") >= len(names)
