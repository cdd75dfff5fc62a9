"""The chat's evaluation as a page: charts that say the same as their tables, and every miss."""

import re
from datetime import date

import pytest

from services.chatbot.evaluate import Case, Outcome
from services.chatbot.report import bins, report

DAY = date(2026, 11, 22)


def _three():
    case = {"topic": "rotter"}
    right = _with_case(1, "answered", "rotter", case)
    wrong = _with_case(2, "answered", "storskrald", case)
    button = _with_case(3, "clarified", None, case, offered=("rotter", "storskrald"), sure=0.4)
    must_not = {"expect": "declined", "kind": "near-miss"}
    return [right, wrong, button, _with_case(4, "answered", "rotter", must_not)]


def _with_case(number, verdict, given, case, *, offered=(), sure=0.95):
    one = Case.model_validate({
        "id": f"q{number}",
        "language": "da",
        "text": f"hvad <{number}>",
        **case,
    })
    return Outcome(one, 0, one.expected(0), verdict, given, offered, sure)


def test_the_bars_and_their_table_count_the_same():
    page = report(_three(), {}, DAY)
    row = re.search(r'<tr><th scope="row">da</th>(.*?)</tr>', page)
    assert row is not None
    assert re.findall(r">(\d+) ?\(?", row[1]) == ["1", "1", "0", "0", "1"]
    assert '<tr><th scope="row">near-miss</th>' in page


def test_what_nothing_answers_counts_against_the_confidence():
    low, high = bins(_three())
    assert (low.questions, low.right) == (1, 1.0)
    assert high.questions == 3
    assert high.right == pytest.approx(1 / 3)


def test_each_miss_is_listed_and_nothing_in_it_is_markup():
    page = report(_three(), {}, DAY)
    for number in (2, 3, 4):
        assert f"hvad &lt;{number}&gt;" in page
    assert "hvad &lt;1&gt;" not in page
    assert "<script" not in page
    assert "http" not in page


def test_without_dialogues_or_refusals_the_page_still_stands():
    assert "Nothing of the kind was asked" in report(_three()[:1], {}, DAY)


def test_a_turn_that_asks_two_things_is_right_with_both_answers_only():
    two = Case.model_validate({"id": "d", "turns": ["x"], "expect": ["rotter+storskrald"]})
    both = frozenset({"rotter", "storskrald"})
    half = Outcome(two, 0, two.expected(0), "answered", "rotter", (), 0.9, frozenset({"rotter"}))
    assert (half.right, half.reached, half.wrong) == (False, False, False)
    assert half._replace(offered=("storskrald",)).reached
    assert half._replace(shown=both).right
    assert half._replace(topic="pas-pris").wrong


def test_wide_tables_scroll_in_frames_the_keyboard_reaches_and_the_page_fits_a_phone():
    page = report(_three(), {"share": 0.5}, DAY)

    assert 'content="width=device-width' in page
    assert page.count("<table>") == page.count('<div class="scroll" tabindex="0" role="region"')
    assert page.count("<caption>") == page.count("<table>")
