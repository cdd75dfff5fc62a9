"""The citizen's text with the phrases marked that spoke for the decision."""

from hypothesis import given
from hypothesis import strategies as st

from contracts.inquiry import Phrase
from services.router.read import Piece, pieces


def phrase(start, end):
    return Phrase(start=start, end=end, weight=1.0)


def test_without_phrases_nothing_is_marked():
    assert pieces("Hul i vejen", []) == [Piece("Hul i vejen", marked=False)]


def test_a_phrase_is_marked_where_it_stands():
    assert pieces("Hul i vejen", [phrase(6, 11)]) == [
        Piece("Hul i ", marked=False),
        Piece("vejen", marked=True),
    ]


def test_overlapping_phrases_do_not_repeat_text():
    assert pieces("abcdef", [phrase(2, 5), phrase(1, 3)]) == [
        Piece("a", marked=False),
        Piece("bc", marked=True),
        Piece("de", marked=True),
        Piece("f", marked=False),
    ]


def test_a_phrase_beyond_the_end_is_cut():
    assert pieces("abc", [phrase(2, 99), phrase(50, 60)]) == [
        Piece("ab", marked=False),
        Piece("c", marked=True),
    ]


def test_an_empty_text_has_no_pieces():
    assert pieces("", [phrase(0, 3)]) == []


@given(
    st.text(max_size=60),
    st.lists(st.tuples(st.integers(0, 80), st.integers(0, 80)), max_size=8),
)
def test_the_pieces_are_always_the_whole_text(text, spans):
    phrases = [phrase(start, end) for start, end in spans]

    assert "".join(piece.text for piece in pieces(text, phrases)) == text
