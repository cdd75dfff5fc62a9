"""Sentences as vectors: near when they mean the same, whatever their words."""

from zlib import crc32

import numpy as np
import pytest

from infra.text.sentence_encoder import LONGEST, load_sentence_encoder, pieces_of, words_of

TEXTS = ("hvad koster et pas", "Var anmäler jag flytt?", "ord zzxqy kender", "pas", "!", "a b c d")


@pytest.fixture(scope="module")
def encoder():
    return load_sentence_encoder()


def cosine(encoder, one, other):
    first, second = encoder.embed([one, other])
    return float(first @ second)


def test_every_text_with_a_word_has_length_one_and_the_others_none(encoder):
    rows = encoder.embed([*TEXTS, "", "👍 ...", "   "])

    assert rows.shape == (9, encoder.dimensions)
    assert np.allclose(np.linalg.norm(rows, axis=1), [1] * 6 + [0] * 3, atol=1e-5)


def test_a_text_has_the_same_vector_alone_and_among_others(encoder):
    together = encoder.embed(TEXTS)

    for text, row in zip(TEXTS, together, strict=True):
        assert np.allclose(encoder.embed([text])[0], row, atol=1e-5)


def test_no_texts_give_no_rows(encoder):
    assert encoder.embed([]).shape == (0, encoder.dimensions)


def test_a_long_text_is_known_by_its_beginning(encoder):
    words = [f"ord{number}" for number in range(LONGEST + 30)]

    assert cosine(encoder, " ".join(words), " ".join(words[:LONGEST])) == pytest.approx(1, abs=1e-5)
    assert cosine(encoder, " ".join(words), " ".join(words[::-1])) < 0.99


@pytest.mark.parametrize(
    ("one", "same", "other"),
    [
        (
            "jeg har mistet mit pas",
            "jag har tappat bort mitt pass",
            "jag har tappat bort min hund",
        ),
        (
            "hvordan får mit barn plads i vuggestue",
            "jag vill skriva in mitt barn på förskola",
            "jag vill skriva in mig på gymmet",
        ),
        (
            "hvordan klager jeg over en afgørelse",
            "can I appeal the decision",
            "can I apply for the permit",
        ),
    ],
)
def test_the_same_question_in_another_language_is_nearer_than_another_question_there(
    encoder, one, same, other
):
    assert cosine(encoder, one, same) > cosine(encoder, one, other) + 0.05


def test_a_misspelt_word_is_read_by_its_letters(encoder):
    right, wrong = "hvornår henter I storskrald", "hvornår henter I storskarld"

    assert "storskarld" not in encoder.vocabulary
    assert cosine(encoder, right, wrong) > cosine(encoder, right, "hvornår henter I")
    assert cosine(encoder, right, wrong) > 0.8


def test_pieces_are_those_of_the_framed_word():
    framed = ("<by", "by>", "<by>", "<by>")
    assert pieces_of("by", 1 << 14) == [crc32(piece.encode()) % (1 << 14) for piece in framed]
    assert words_of("Må JEG det?!") == ["må", "jeg", "det", "?", "!"]


@pytest.mark.slow
def test_what_is_taught_is_what_is_computed(tmp_path, monkeypatch):
    """The pupil in torch, stored and read again, says the same (but for eight-bit tables)."""
    from services.chatbot import make_sentence_encoder as maker

    chance = np.random.default_rng(2)
    # So few texts have no more directions.
    monkeypatch.setattr(maker, "DIMENSIONS", 5)
    texts = ["hvad koster et pas", "hvornår lukker I", "et pas koster hvad", "Hvad er det?", "pas"]
    vocabulary = maker.words_twice(texts)
    assert vocabulary == ["?", "et", "hvad", "koster", "pas"][1:]
    taught = maker._unit(chance.normal(size=(len(texts), maker.TEACHER)).astype(np.float32))
    words = maker._unit(chance.normal(size=(len(vocabulary), maker.TEACHER)).astype(np.float32))
    pupil, says = maker.teach(texts, taught, vocabulary, words)
    maker.store(pupil, vocabulary, words, tmp_path)

    read = load_sentence_encoder(tmp_path).embed(texts)

    assert ((read * says(texts)).sum(axis=1) > 0.999).all()
    assert not np.allclose(read[0], read[2], atol=0.01)
