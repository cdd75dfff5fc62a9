"""Which examples are nearest: the same ones, whichever product finds them."""

import sys

import numpy as np
import pytest

from services.classifier.adapters.half_product import half_product
from services.classifier.nearest import MOST, Product, nearest, plain_product


@pytest.fixture(scope="module")
def rows():
    random = np.random.default_rng(3)
    drawn = random.normal(size=(2100, 40)).astype(np.float32)
    drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
    examples, texts = drawn[:2000], drawn[2000:]
    # Twins, and texts that are examples: where products of little precision go wrong.
    examples[500:520] = examples[3]
    texts[:4] = examples[[3, 1999, 0, 700]]
    texts[4] = 0
    return examples, texts


def test_the_nearest_are_those_that_a_sort_finds(rows) -> None:
    examples, texts = rows

    found = nearest(examples, texts)

    cosines = (texts.astype(np.float64) @ examples.T.astype(np.float64)).round(6)
    expected = np.argsort(-cosines, axis=1, kind="stable")[:, :MOST]
    assert (found.places == expected).all()


def test_a_text_finds_the_same_alone_and_among_others(rows) -> None:
    examples, texts = rows

    together = nearest(examples, texts)

    for n in range(len(texts)):
        alone = nearest(examples, texts[n : n + 1])
        assert (alone.places[0] == together.places[n]).all()
        assert (alone.cosines[0] == together.cosines[n]).all()


@pytest.mark.parametrize("error", [2**-7, 0.02])
def test_a_product_may_be_as_wrong_as_it_says(rows, error) -> None:
    examples, texts = rows
    random = np.random.default_rng(4)

    def wrong(dense):
        return dense @ examples.T + random.uniform(-error, error, (len(dense), 2000)).astype("f4")

    found, exact = nearest(examples, texts, [Product(wrong, error)]), nearest(examples, texts)

    assert (found.places == exact.places).all()
    assert (found.cosines == exact.cosines).all()


@pytest.mark.slow
def test_half_precision_is_never_more_wrong_than_it_says(rows) -> None:
    examples, texts = rows
    half = half_product(examples)
    if half is None:
        pytest.skip("this processor multiplies single precision as fast")

    assert np.abs(half.multiply(texts) - texts @ examples.T).max() <= half.error
    found = nearest(examples, texts, [half, plain_product(examples)])
    assert (found.places == nearest(examples, texts).places).all()


def test_half_precision_waits_until_torch_pays(rows, monkeypatch) -> None:
    examples, _ = rows
    half = half_product(examples, pays_after=50)
    if half is None:
        pytest.skip("this processor multiplies single precision as fast")
    monkeypatch.delitem(sys.modules, "torch", raising=False)

    assert [half.pays(n) for n in (20, 30, 1, 20, 1)] == [False, False, False, True, False]
    monkeypatch.setitem(sys.modules, "torch", sys)
    assert half_product(examples).pays(20)


def test_a_product_that_pays_for_many_is_not_asked_for_one(rows) -> None:
    examples, texts = rows

    def never(dense):
        raise AssertionError(dense)

    products = [Product(never, 0.0, lambda rows: rows >= 8), plain_product(examples)]

    assert nearest(examples, texts[:1], products).places.shape == (1, MOST)


def test_fewer_examples_than_are_asked_for_are_all_near(rows) -> None:
    examples, texts = rows

    assert nearest(examples[:3], texts[:2]).places.shape == (2, 3)
