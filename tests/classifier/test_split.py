"""Where one inquiry ends and the next begins."""

from itertools import pairwise

import numpy as np

from services.classifier.split import clauses, stretches

TEXT = "Mit pas er udløbet, og gadelygten på hjørnet er slukket. Hvad gør jeg?"


def of(*rows):
    return np.array(rows, dtype=np.float32)


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


def test_two_sure_clauses_are_two_parts() -> None:
    parts = stretches(
        clauses(TEXT), of([0.99, 0.0001, 0.009], [0.0001, 0.99, 0.009], [0.3, 0.4, 0.3]), [0, 1]
    )

    assert [(TEXT[p.start : p.start + 3], p.category) for p in parts] == [("Mit", 0), ("og ", 1)]


def test_what_the_whole_is_not_about_is_no_part() -> None:
    rows = of([0.99, 0.009, 0.0001], [0.0001, 0.009, 0.99], [0.3, 0.4, 0.3])

    assert stretches(clauses(TEXT), rows, [0, 1]) == ()
    assert len(stretches(clauses(TEXT), rows, [0, 2])) == 2


def test_a_doubtful_change_of_subject_is_none() -> None:
    rows = of([0.6, 0.4, 0], [0.4, 0.6, 0], [0.5, 0.5, 0])

    assert stretches(clauses(TEXT), rows, [0, 1]) == ()
