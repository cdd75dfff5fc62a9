"""The evaluation as one HTML file: no script, nothing loaded from anywhere; charts are SVG."""

from collections.abc import Iterator, Sequence
from html import escape

from services.classifier.evaluate import Bin, Evaluation, Slice

AIMS = {
    "department_accuracy": (0.92, "at least"),
    "category_accuracy": (0.82, "at least"),
    "ece": (0.03, "at most"),
    "coverage_at_95": (0.70, "at least"),
    "outside_auroc": (0.95, "at least"),
    "urgent_recall": (0.95, "at least"),
    "paired_flips": (0.02, "at most"),
}
_SIDE = 260
_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a}
table{border-collapse:collapse;margin:1rem 0}td,th{padding:.25rem .75rem;text-align:left;border-bottom:1px solid #ccc}
td.n{text-align:right;font-variant-numeric:tabular-nums}.met{color:#006400}.missed{color:#8b0000}
svg text{font:12px system-ui,sans-serif}
"""


def to_html(evaluation: Evaluation, model: str, digest: str) -> str:
    """A page that can be kept, mailed and read offline."""
    parts = (
        f"<h1>Evaluation of {escape(model)}</h1>",
        f"<p>Model {escape(digest)}, {evaluation.rows} inquiries it has never seen.</p>",
        "<h2>Figures</h2>",
        _figures(evaluation),
        "<h2>Does it know when it is right?</h2>",
        "<p>Each dot is a group of inquiries of similar confidence; on the line, confidence is true.</p>",
        _reliability(evaluation.reliability),
        "<h2>Languages and lengths</h2>",
        _bars(evaluation.slices),
        "<h2>Departments</h2>",
        _bars(evaluation.departments),
        "<h2>Most frequent mistakes</h2>",
        _confusions(evaluation),
    )
    body = "\n".join(parts)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Evaluation</title>'
        f"<style>{_STYLE}</style></head><body>{body}</body></html>\n"
    )


def verdict_on(name: str, value: float) -> str:
    """`met`, `missed by ...`, or nothing when there is no aim."""
    if name not in AIMS:
        return ""
    aim, sense = AIMS[name]
    gap = aim - value if sense == "at least" else value - aim
    return "met" if gap <= 0 else f"missed by {gap:.1%}"


def _figures(evaluation: Evaluation) -> str:
    rows = []
    for name, value in evaluation.figures.items():
        verdict = verdict_on(name, value)
        aim = f"{AIMS[name][1]} {AIMS[name][0]:.0%}" if name in AIMS else ""
        mark = "met" if verdict == "met" else "missed"
        rows.append(
            f'<tr><th scope="row">{name.replace("_", " ")}</th><td class="n">{value:.1%}</td>'
            f'<td>{aim}</td><td class="{mark}">{verdict}</td></tr>'
        )
    head = "<tr><th>figure</th><th>value</th><th>aim</th><th></th></tr>"
    return f"<table>{head}{''.join(rows)}</table>"


def _reliability(bins: Sequence[Bin]) -> str:
    most = max((one.rows for one in bins), default=1)
    dots = "".join(
        f'<circle cx="{_x(one.confidence)}" cy="{_y(one.accuracy)}" r="{3 + 9 * one.rows / most:.1f}" '
        f'fill="#0059b3" fill-opacity=".7"><title>{one.rows} inquiries: confidence '
        f"{one.confidence:.0%}, right {one.accuracy:.0%}</title></circle>"
        for one in bins
    )
    axis = (
        f'<path d="M40 10V{_SIDE + 10}H{_SIDE + 40}" fill="none" stroke="#666"/>'
        f'<path d="M{_x(0)} {_y(0)}L{_x(1)} {_y(1)}" stroke="#999" stroke-dasharray="4"/>'
        f'<text x="{_SIDE / 2}" y="{_SIDE + 40}">confidence</text>'
        f'<text x="12" y="{_SIDE / 2}" transform="rotate(-90 12 {_SIDE / 2})">right</text>'
    )
    return (
        f'<svg role="img" aria-label="Reliability" width="{_SIDE + 60}" height="{_SIDE + 50}">'
        f"{axis}{dots}</svg>"
    )


def _bars(slices: Sequence[Slice]) -> str:
    height = 26
    rows = "".join(_bar(one, number * height) for number, one in enumerate(slices))
    return (
        '<svg role="img" aria-label="Right department and category" width="700" '
        f'height="{len(slices) * height + 10}">{rows}</svg>'
    )


def _bar(one: Slice, top: int) -> str:
    return (
        f'<text x="0" y="{top + 16}">{escape(one.name)} ({one.rows})</text>'
        f'<rect x="170" y="{top + 3}" width="{400 * one.department:.0f}" height="9" fill="#0059b3"/>'
        f'<rect x="170" y="{top + 13}" width="{400 * one.category:.0f}" height="7" fill="#8fb8de"/>'
        f'<text x="580" y="{top + 16}">{one.department:.0%} / {one.category:.0%}</text>'
    )


def _confusions(evaluation: Evaluation) -> str:
    rows = "".join(_confusion_rows(evaluation))
    return f"<table><tr><th>was</th><th>said</th><th>times</th></tr>{rows}</table>"


def _confusion_rows(evaluation: Evaluation) -> Iterator[str]:
    for was, said, count in evaluation.confusions:
        yield f"<tr><td>{escape(was)}</td><td>{escape(said)}</td><td class='n'>{count}</td></tr>"


def _x(value: float) -> float:
    return round(40 + _SIDE * value, 1)


def _y(value: float) -> float:
    return round(10 + _SIDE * (1 - value), 1)
