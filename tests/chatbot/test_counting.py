"""What a publication reads of many texts at once is what an answer reads of one."""

from collections import Counter

import numpy as np
import pytest

from services.chatbot.categories import fit_categories
from services.chatbot.counting import count_terms
from services.chatbot.lexical import build_lexical
from services.chatbot.terms import terms

TEXTS = (
    ("Hvad koster et pas, og hvad koster et pas til mit barn?", "da"),
    ("hvad må jeg smide i storskrald? aarhus/Ærø", "da"),
    ("Vad kostar ett nytt pass för mina barn?", "sv"),
    ("How do I park in my own street", "en"),
    ("og en det i", "da"),
    ("", "da"),
    ("zzz qqq", "sv"),
)
WORDS = [text for text, _ in TEXTS]
TONGUES = [language for _, language in TEXTS]


def test_every_text_is_counted_as_its_terms():
    names, counts = count_terms(WORDS, TONGUES)

    for row, (text, language) in zip(counts.toarray(), TEXTS, strict=True):
        found = {name: int(times) for name, times in zip(names, row, strict=True) if times}
        assert found == Counter(terms(text, language))


def test_scores_coverage_and_vectors_of_many_are_those_of_each():
    lexical = build_lexical(WORDS[:4], TONGUES[:4])
    counted = count_terms(WORDS, TONGUES)
    scores, coverage = lexical.scores_all(counted), lexical.coverage_all(counted)
    rows = lexical.vectors(WORDS, TONGUES).toarray()

    for number, one in enumerate(TEXTS):
        assert scores[number] == pytest.approx(lexical.scores(*one), abs=1e-6)
        assert coverage[number] == pytest.approx(lexical.coverage(*one), abs=1e-6)
        columns, values = lexical.vector(*one)
        alone = np.zeros(rows.shape[1])
        alone[columns] = values
        assert rows[number] == pytest.approx(alone, abs=1e-6)


def test_categories_read_many_as_they_read_one():
    texts, tongues = WORDS[:5] * 60, TONGUES[:5] * 60
    vectors = np.random.default_rng(1).normal(size=(300, 8)).astype(np.float32)
    learnt = fit_categories(texts, tongues, ["a", "b", "c", "-", "b"] * 60, vectors)
    many = learnt.read_all(count_terms(WORDS, TONGUES), vectors[:7])

    for row, one, vector in zip(many, TEXTS, vectors, strict=False):
        assert row == pytest.approx(learnt.read(*one, vector), abs=1e-4)
