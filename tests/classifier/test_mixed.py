"""When one inquiry is two, and where the second begins."""

from collections.abc import Sequence

import numpy as np

from services.classifier.features import Floats
from services.classifier.mixed import (
    BY_CLAUSES,
    Span,
    Stretch,
    Whole,
    is_announced,
    likeliest_places,
    places_of,
    stretches,
    weighed,
)
from services.classifier.split import clauses

TEXT = "Hvordan får jeg nyt pas? Gadelygten på hjørnet er slukket, kan I skifte den?"
DEPARTMENTS = ["citizens", "streets", "streets"]


def of(*rows: Sequence[float]) -> Floats:
    return np.array(rows, dtype=np.float32)


PASSPORT, LAMP, HALF_AND_HALF = [0.999, 0.0005, 0.0005], [0.0005, 0.999, 0.0005], [0.49, 0.5, 0.01]


def whole(
    *alone: Sequence[float], text: str = TEXT, together: Sequence[float] = HALF_AND_HALF
) -> Whole:
    return Whole(text, clauses(text), of(together)[0], of(*alone))


def parts_of(one: Whole, halves: Floats) -> tuple[Stretch, ...]:
    def read(spans: Sequence[Span]) -> Floats:
        assert [number for number, _, _ in spans] == [7, 7]
        return halves

    return stretches({7: one}, read, DEPARTMENTS).get(7, ())


def test_two_questions_of_two_categories_are_two_parts() -> None:
    one = whole(PASSPORT, LAMP, LAMP)

    found = parts_of(one, of(PASSPORT, LAMP))

    assert [(TEXT[p.start : p.end].strip(), p.category) for p in found] == [
        ("Hvordan får jeg nyt pas?", 0),
        ("Gadelygten på hjørnet er slukket, kan I skifte den?", 1),
    ]
    assert found[0].confidence == 0.999


def test_one_matter_told_in_three_clauses_is_one() -> None:
    assert likeliest_places({7: whole(LAMP, LAMP, LAMP, together=LAMP)}, DEPARTMENTS) == {}


def test_what_the_whole_is_not_about_is_no_part() -> None:
    stray = whole(PASSPORT, LAMP, LAMP, together=[0.9999, 0.00005, 0.00005])

    assert parts_of(stray, of(PASSPORT, LAMP)) == ()


def test_halves_that_turn_out_alike_are_one_inquiry() -> None:
    assert parts_of(whole(PASSPORT, LAMP, LAMP), of(LAMP, LAMP)) == ()


def test_halves_always_differ_in_category() -> None:
    places = places_of(whole(HALF_AND_HALF, HALF_AND_HALF, HALF_AND_HALF))

    first, second = weighed(places, DEPARTMENTS, BY_CLAUSES).categories.T

    assert len(places) == 2
    assert (first != second).all()


def test_a_second_matter_can_be_announced() -> None:
    plain = "Hvordan får jeg nyt pas? Lygten på hjørnet er slukket, kan I skifte den?"
    announced = plain.replace("Lygten", "Desuden er lygten").replace(" er slukket", " slukket")
    doubtful = of([0.7, 0.3, 0.0], [0.3, 0.6, 0.1])
    rows = ([0.7, 0.3, 0.0], [0.4, 0.5, 0.1], [0.4, 0.5, 0.1])

    assert is_announced(announced)
    assert not is_announced(plain)
    assert not parts_of(whole(*rows, text=plain), doubtful)
    assert parts_of(whole(*rows, text=announced), doubtful)


def test_nothing_to_read_reads_nothing() -> None:
    def never(spans: Sequence[Span]) -> Floats:
        raise AssertionError(spans)

    assert stretches({}, never, DEPARTMENTS) == {}
