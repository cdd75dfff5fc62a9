"""Where one inquiry ends and the next begins."""

from itertools import pairwise

from services.classifier.split import clauses

TEXT = "Mit pas er udløbet, og gadelygten på hjørnet er slukket. Hvad gør jeg?"


def test_clauses_begin_at_sentences_commas_and_conjunctions() -> None:
    found = [TEXT[c.start : c.end].strip() for c in clauses(TEXT)]

    assert found == [
        "Mit pas er udløbet,",
        "og gadelygten på hjørnet er slukket.",
        "Hvad gør jeg?",
    ]
    assert [c.opens for c in clauses(TEXT)] == [True, False, True]


def test_a_word_alone_is_no_clause() -> None:
    assert len(clauses("Hej, mit pas er udløbet")) == 1
    assert clauses("") == []


def test_clauses_cover_all_words_once() -> None:
    found = clauses(TEXT)

    assert all(a.end <= b.start for a, b in pairwise(found))
    assert " ".join(TEXT[c.start : c.end] for c in found).split() == TEXT.split()
