"""The chat's evaluation as one HTML file: no script, nothing loaded; charts are SVG beside their tables."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from html import escape
from typing import NamedTuple

from services.chatbot.evaluate import GOALS, Outcome, figures, misses

WIDTH, ROW, THICK = 300, 38, 16
"""Those of a phone, so that the letters stay readable there; on a wide page the drawing grows."""
SIDE, MARGIN = 260, 44
BINS = 10
FEWEST = 3
"""A dot of fewer says nothing; the table beside it has it."""
_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:64rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a}
table{border-collapse:collapse}caption{text-align:start;font-weight:600;padding:.25rem 0}
.scroll{overflow-x:auto;margin:1rem 0}.scroll:focus-visible{outline:3px solid #0059b3}
td,th{padding:.25rem .75rem;text-align:left;border-bottom:1px solid #ccc;vertical-align:top}
td.n{text-align:right;font-variant-numeric:tabular-nums}
.reached{color:#006400}.missed{color:#8b0000}
.text{min-width:14rem;overflow-wrap:anywhere}td.n,.goal{white-space:nowrap}
svg{max-width:100%;height:auto}svg.bars{width:100%;max-width:40rem}svg text{font:12px system-ui,sans-serif}
.s0{fill:#1b5e20}.s1{fill:#66a36a}.s2{fill:#c9c9c9}.s3{fill:#8f8f8f}.s4{fill:#a4262c}
.axis{stroke:#767676}.ideal{stroke:#767676;stroke-dasharray:4 4}.dot{fill:#0059b3;fill-opacity:.75}
"""
_TAKEN = ("right answer", "right among buttons", "other buttons", "no answer", "wrong answer")
"""How a question to an article was taken, best first; the order of the parts of a bar."""
_HELD = ("no article", "another authority named", "", "", "answered")


class Bar(NamedTuple):
    name: str
    counts: tuple[int, ...]


class Bin(NamedTuple):
    confidence: float
    right: float
    questions: int


def report(outcomes: Sequence[Outcome], fitted: Mapping[str, float], day: date) -> str:
    asked = [o for o in outcomes if o.case.kind == "topic"]
    spoken = [o for o in outcomes if o.case.kind == "dialogue" and o.expected]
    silent = [o for o in outcomes if o.case.kind == "must-not"]
    taken = [*_bars(asked, _language, _taken), *_bars(spoken, lambda _: "dialogues", _taken)]
    held = _bars(silent, lambda o: o.case.group or "other", _refused)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<title>Chat evaluation</title>"
        f"<style>{_STYLE}</style></head><body><h1>Chat evaluation</h1>"
        f"<p>{day}. Texts written in a separate pass; nothing was fitted to them.</p>"
        f"<h2>Figures</h2>{_figures(outcomes)}"
        "<h2>How questions to the articles were taken</h2>"
        f"{_stacked('By language, and the turns of dialogues', _TAKEN, taken)}"
        "<h2>How questions no article may answer were taken</h2>"
        f"{_stacked('By kind', _HELD, held)}"
        "<h2>Does it know when it is right?</h2>"
        "<p>Each dot is a group of questions of similar confidence, those that nothing answers "
        "among them; on the line, confidence is true.</p>"
        f"{_reliability(bins(outcomes))}"
        f"<h2>What the fit measured on its own held-out questions</h2>{_fitted(fitted)}"
        f"<h2>Wrong answers by topic</h2>{_confused(outcomes)}"
        f"<h2>Misses</h2>{_misses(outcomes)}</body></html>\n"
    )


def bins(outcomes: Sequence[Outcome]) -> list[Bin]:
    """By confidence: how often what stood first was right. Empty ones are left out."""
    judged = [
        (o.confidence, bool(first) and first in o.expected)
        for o in outcomes
        if o.case.kind in ("topic", "must-not") and o.verdict in _GUESSED
        for first in [o.topic or next(iter(o.offered), "")]
    ]
    found: list[Bin] = []
    for number in range(BINS):
        here = [one for one in judged if min(BINS - 1, int(one[0] * BINS)) == number]
        if here:
            confidence = sum(one[0] for one in here) / len(here)
            found.append(Bin(confidence, sum(one[1] for one in here) / len(here), len(here)))
    return found


_GUESSED = ("answered", "other-authority", "clarified")


def _language(outcome: Outcome) -> str:
    return outcome.case.language or "da"


def _taken(outcome: Outcome) -> int:
    if outcome.given:
        return 0 if outcome.right else 4
    if outcome.verdict == "clarified":
        return 1 if outcome.reached else 2
    return 3


def _refused(outcome: Outcome) -> int:
    return {"answered": 4, "other-authority": 1}.get(outcome.verdict, 0)


def _bars(
    outcomes: Sequence[Outcome], name: Callable[[Outcome], str], part: Callable[[Outcome], int]
) -> list[Bar]:
    counted: dict[str, Counter[int]] = {}
    for outcome in outcomes:
        counted.setdefault(name(outcome), Counter())[part(outcome)] += 1
    return [
        Bar(key, tuple(counts[n] for n in range(len(_TAKEN))))
        for key, counts in sorted(counted.items())
    ]


def _stacked(title: str, parts: Sequence[str], bars: Sequence[Bar]) -> str:
    """Bars of shares, and the same as a table of counts."""
    if not bars:
        return "<p>Nothing of the kind was asked.</p>"
    shown = [n for n, part in enumerate(parts) if part]
    drawn = "".join(_bar(number, bar) for number, bar in enumerate(bars))
    rows = "".join(
        f'<tr><th scope="row">{escape(bar.name)}</th>'
        + "".join(f'<td class="n">{_of(bar.counts[n], sum(bar.counts))}</td>' for n in shown)
        + "</tr>"
        for bar in bars
    )
    legend = "".join(
        f'<svg width="14" height="14" aria-hidden="true"><rect class="s{n}" width="14" height="14"/>'
        f"</svg> {parts[n]} &#160; "
        for n in shown
    )
    return (
        f'<svg role="img" aria-label="{escape(title)}; the table below has the figures" '
        f'class="bars" viewBox="0 0 {WIDTH} {ROW * len(bars)}">{drawn}</svg><p>{legend}</p>'
        f"{_table(title, ('', *(part for part in parts if part)), rows)}"
    )


def _bar(number: int, bar: Bar) -> str:
    """Its name above it: long names fit a phone that way."""
    whole, x, y = max(1, sum(bar.counts)), 0.0, number * ROW
    drawn = [f'<text x="0" y="{y + 13}">{escape(bar.name)}</text>']
    for part, count in enumerate(bar.counts):
        width = WIDTH * count / whole
        drawn.append(
            f'<rect class="s{part}" x="{x:.1f}" y="{y + 18}" width="{width:.1f}" height="{THICK}"/>'
        )
        x += width
    return "".join(drawn)


def _table(name: str, head: Sequence[str], rows: str) -> str:
    """In a frame of its own that scrolls, so that the page does not; reached by the keyboard."""
    cells = "".join(f'<th scope="col">{escape(one)}</th>' if one else "<td></td>" for one in head)
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(name)}"><table>'
        f"<caption>{escape(name)}</caption><tr>{cells}</tr>{rows}</table></div>"
    )


def _reliability(found: Sequence[Bin]) -> str:
    dots = "".join(
        f'<circle class="dot" cx="{_x(one.confidence):.1f}" cy="{_y(one.right):.1f}" '
        f'r="{min(12.0, 3 + one.questions**0.5):.1f}"/>'
        for one in found
        if one.questions >= FEWEST
    )
    ticks = "".join(
        f'<text x="{_x(t):.0f}" y="{_y(0) + 16:.0f}" text-anchor="middle">{t:.0%}</text>'
        f'<text x="{_x(0) - 6:.0f}" y="{_y(t) + 4:.0f}" text-anchor="end">{t:.0%}</text>'
        for t in (0.0, 0.5, 1.0)
    )
    lines = "".join(
        f'<line class="{kind}" x1="{_x(a)}" y1="{_y(b)}" x2="{_x(c)}" y2="{_y(d)}"/>'
        for kind, a, b, c, d in (
            ("axis", 0, 0, 1, 0),
            ("axis", 0, 0, 0, 1),
            ("ideal", 0, 0, 1, 1),
        )
    )
    rows = "".join(
        f'<tr><td class="n">{one.confidence:.0%}</td><td class="n">{one.right:.0%}</td>'
        f'<td class="n">{one.questions}</td></tr>'
        for one in found
    )
    return (
        '<svg role="img" aria-label="Confidence against the share that was right; the table below '
        f'has the figures" viewBox="0 0 {SIDE + 2 * MARGIN} {SIDE + 2 * MARGIN}" '
        f'width="{SIDE + 2 * MARGIN}">{lines}{ticks}{dots}</svg>'
        f"{_table('Confidence', ('mean confidence', 'right', 'questions'), rows)}"
    )


def _x(value: float) -> float:
    return MARGIN + SIDE * value


def _y(value: float) -> float:
    return 12 + SIDE * (1 - value)


def _figures(outcomes: Sequence[Outcome]) -> str:
    marks = {True: "reached", False: "missed", None: ""}
    rows = "".join(
        f'<tr><th scope="row">{escape(f.name)}</th><td class="n">{f.share:.1%}</td>'
        f'<td class="n">{f.hits} / {f.of}</td><td class="goal">{_goal(f.name)}</td>'
        f'<td class="{marks[f.reached]}">{marks[f.reached]}</td></tr>'
        for f in figures(outcomes)
    )
    return _table("All figures", ("figure", "share", "count", "goal", "reached?"), rows)


def _fitted(fitted: Mapping[str, float]) -> str:
    rows = "".join(
        f'<tr><th scope="row">{escape(k)}</th><td class="n">{v:.1%}</td></tr>'
        for k, v in fitted.items()
    )
    return _table("Held-out questions", ("figure", "share"), rows)


def _confused(outcomes: Sequence[Outcome]) -> str:
    wrong = [o for o in outcomes if o.given and o.expected and not o.right]
    pairs = Counter((", ".join(o.expected), str(o.topic)) for o in wrong)
    rows = "".join(
        f'<tr><td>{escape(asked)}</td><td>{escape(given)}</td><td class="n">{times}</td></tr>'
        for (asked, given), times in pairs.most_common(30)
    )
    return _table("Most frequent first", ("asked", "given", "times"), rows)


def _misses(outcomes: Sequence[Outcome]) -> str:
    rows = "".join(
        f"<tr><td>{escape(o.case.id)}{f'/{o.turn}' if o.case.turns else ''}</td>"
        f'<td>{o.case.kind}</td><td class="text" lang="{_language(o)}">{escape(_text(o))}</td>'
        f"<td>{escape(', '.join(o.expected) or 'no answer')}</td><td>{o.verdict}</td>"
        f'<td>{escape(o.topic or ", ".join(o.offered))}</td><td class="n">{o.confidence:.2f}</td></tr>'
        for o in misses(outcomes)
    )
    head = ("id", "kind", "text", "expected", "verdict", "given", "confidence")
    return _table("Each question that was not taken as it should be", head, rows)


def _goal(name: str) -> str:
    sign, goal = GOALS.get(name, ("", 0.0))
    return f"{escape(sign)} {goal:.0%}" if sign else ""


def _of(count: int, whole: int) -> str:
    return f"{count} ({count / whole:.0%})" if whole else "0"


def _text(outcome: Outcome) -> str:
    return outcome.case.turns[outcome.turn] if outcome.case.turns else outcome.case.text or ""
