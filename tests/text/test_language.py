"""The language of short and long texts, with what the channel knows."""

import pytest

from infra.text.language import guess_language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Hvornår åbner biblioteket på søndag?", "da"),
        ("Var ligger biblioteket?", "sv"),
        ("when do you open", "en"),
        ("Ich möchte einen Termin für meinen Pass", "other"),
        ("dzień dobry, chciałbym się umówić", "other"),
        ("مرحبا اريد موعد", "other"),
    ],
)
def test_a_sentence_shows_its_language(text: str, language: str) -> None:
    assert guess_language(text).language == language


def test_a_single_word_takes_the_language_of_the_channel() -> None:
    assert guess_language("parkering", "sv").language == "sv"
    assert guess_language("parkering", "da").language == "da"


def test_a_clear_sentence_outweighs_the_channel() -> None:
    guess = guess_language("Hvornår kan jeg få en tid til at forny mit pas?", "sv")

    assert guess.language == "da"


def test_a_text_without_letters_takes_the_hint() -> None:
    assert guess_language("???", "en").language == "en"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Your clerk hung up on me twice.", "en"),
        ("What is this rykkergebyr of 250 kroner for?", "en"),
        ("Der Bus kam nicht und die Kinder warten", "other"),
        ("Ik heb de brief niet gekregen en de man in het kantoor is er niet", "other"),
    ],
)
def test_everyday_words_settle_what_is_plain_and_nothing_else(text: str, language: str) -> None:
    assert guess_language(text).language == language


def test_plain_words_outweigh_any_hint() -> None:
    for hint in ("da", "sv", None):
        assert (
            guess_language("How do I pay the bill for my daughter's school?", hint).language == "en"
        )
