"""Trees hear what signs say together, never turn evidence round, and say the same alone and among others."""

import numpy as np
import pytest

from services.chatbot.trees import INNER, LEAVES, MANY, NO_TREES, RATE, STEP, fit_trees

SIGNS = 4


@pytest.fixture(scope="module")
def asked():
    """Right only where the first two signs are both high: a line cannot say that."""
    random = np.random.default_rng(7)
    rows = random.uniform(-1, 1, (3000, SIGNS)).astype(np.float32)
    right = (rows[:, 0] > 0.2) & (rows[:, 1] > 0.2)
    return rows, right


@pytest.fixture(scope="module")
def trees(asked):
    rows, right = asked
    return fit_trees(rows, right, np.ones(len(rows)), np.zeros(len(rows)), [1, 1, 1, -1])


def test_what_only_holds_together_is_heard(asked, trees):
    rows, right = asked
    said = trees.score(rows)
    assert said[right].min() > said[~right].max()


def test_a_tree_is_full_and_says_no_more_than_it_may(trees):
    assert trees.signs.shape == trees.bounds.shape == (MANY, INNER)
    assert trees.values.shape == (MANY, LEAVES)
    assert np.abs(trees.values).max() <= RATE * STEP


def test_more_evidence_never_speaks_the_other_way(asked):
    """Though what came says the opposite: the first sign must lower what it really raises."""
    rows, right = asked
    against = fit_trees(rows, right, np.ones(len(rows)), np.zeros(len(rows)), [-1, 1, 1, -1])
    random = np.random.default_rng(11)
    for row in random.uniform(-1, 1, (50, SIGNS)):
        asked_more = np.tile(row, (41, 1)).astype(np.float32)
        asked_more[:, 0] = np.linspace(-1, 1, 41)
        assert np.diff(against.score(asked_more)).max() <= 1e-9


def test_one_question_is_judged_as_among_many(asked, trees):
    rows, _ = asked
    together = trees.score(rows[:200])
    assert [trees.score(row[None, :])[0] for row in rows[:200]] == list(together)


def test_the_same_questions_give_the_same_trees(asked, trees):
    rows, right = asked
    again = fit_trees(rows, right, np.ones(len(rows)), np.zeros(len(rows)), [1, 1, 1, -1])
    for name in ("signs", "bounds", "values"):
        assert np.array_equal(getattr(again, name), getattr(trees, name))


def test_what_weighs_nothing_teaches_nothing(asked, trees):
    rows, right = asked
    importance = np.concatenate([np.ones(len(rows)), np.zeros(500)])
    more = np.concatenate([rows, rows[:500]])
    wrong = np.concatenate([right, ~right[:500]])
    again = fit_trees(more, wrong, importance, np.zeros(len(more)), [1, 1, 1, -1])
    assert np.array_equal(again.values, trees.values)


def test_no_trees_say_nothing(asked):
    rows, _ = asked
    assert not NO_TREES.score(rows[:5]).any()
