"""The evaluation as one HTML file: no script, nothing loaded from anywhere; every chart has its table."""

from collections.abc import Sequence
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
_READ_AS = {
    "category_accuracy": "Right category",
    "category_macro_f1": "Right category, each category counting the same (macro F1)",
    "department_accuracy": "Right department",
    "ece": "Confidence differs from the truth by (ECE)",
    "confident_share": "Called confident",
    "confident_precision": "Right category among those called confident",
    "coverage_at_95": "Could be called confident with 95 % of categories right",
    "department_coverage_at_95": "Could be called confident with 95 % of departments right",
    "right_in_top_3": "Right category among the three offered",
    "outside_auroc": "Tells what fits nobody from what fits (AUROC)",
    "outside_called_outside": "Fits nobody and is called so",
    "ours_called_outside": "Fits a category and is called fitting nobody",
    "outside_called_confident": "Fits nobody and is called confident",
    "urgent_recall": "Urgent inquiries found",
    "urgent_precision": "Truly urgent among those called urgent",
    "sensitive_recall": "Sensitive inquiries found",
    "sensitive_precision": "Truly sensitive among those called sensitive",
    "paired_flips": "Same request, another way to say it: best guess in another department",
    "paired_person_flips": "Same request, another person: best guess in another department",
    "paired_sure_flips": "Same request: sent to another department without a person",
    "mixed_noticed": "Two requests in one, noticed",
    "mixed_exact": "Two requests in one, both categories right",
    "single_called_mixed": "One request, called two",
}
_SIDE, _LEFT, _TOP = 260, 62, 14
_STEPS = (0, 0.25, 0.5, 0.75, 1)
_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:56rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a}
h1,h2,p{overflow-wrap:anywhere}table{border-collapse:collapse;margin:1rem 0}
td,th{padding:.25rem .5rem;text-align:left;border-bottom:1px solid #ccc;vertical-align:top}
tbody th{font-weight:normal}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
.met{color:#006400}.missed{color:#8b0000;font-weight:bold}
.bar svg{width:18rem;height:1.25rem;display:block}
.aim{min-width:4.5em}.chart{max-width:100%;height:auto}.chart text{font:12px system-ui,sans-serif}
.key{display:inline-block;width:.8rem;height:.8rem;margin:0 .3rem 0 .8rem}
@media(max-width:40rem){.bar{display:none}body{font-size:14px;padding:0 .5rem}td,th{padding:.25rem .2rem}
thead th{font-size:.85em}}
"""
_DEPARTMENT, _CATEGORY = "#0059b3", "#8fb8de"
_DOTS = (
    "<p>Each dot is a group of inquiries of similar confidence; the larger, the more inquiries. "
    "On the line, confidence is true; above it, the model is too modest.</p>"
)
_KEY = (
    f'<p>Right <span class="key" style="background:{_DEPARTMENT}"></span>department '
    f'<span class="key" style="background:{_CATEGORY}"></span>category</p>'
)


def to_html(evaluation: Evaluation, model: str, digest: str) -> str:
    """A page that can be kept, mailed and read offline."""
    parts = (
        f"<h1>Evaluation of {escape(model)}</h1>",
        f"<p>Model <code>{escape(digest[:12])}</code>, {evaluation.rows} inquiries it has never seen.</p>",
        "<h2>Figures</h2>",
        _figures(evaluation),
        "<h2>Does it know when it is right?</h2>",
        _DOTS,
        _reliability(evaluation.reliability),
        "<h2>Languages and lengths</h2>",
        _KEY + _bars("Of", evaluation.slices),
        "<h2>Departments</h2>",
        _KEY + _bars("Department", evaluation.departments),
        "<h2>Most frequent mistakes</h2>",
        _confusions(evaluation),
    )
    body = "\n".join(parts)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>Evaluation of {escape(model)}</title><style>{_STYLE}</style></head>"
        f"<body><main>{body}</main></body></html>\n"
    )


def verdict_on(name: str, value: float) -> str:
    """`met`, `missed by ...`, or nothing when there is no aim."""
    if name not in AIMS:
        return ""
    aim, sense = AIMS[name]
    gap = aim - value if sense == "at least" else value - aim
    return "met" if gap <= 0 else f"missed by {100 * gap:.1f} points"


def _figures(evaluation: Evaluation) -> str:
    rows = []
    for name, value in evaluation.figures.items():
        verdict = verdict_on(name, value)
        aim = f"{AIMS[name][1]} {AIMS[name][0]:.0%}" if name in AIMS else ""
        mark = "met" if verdict == "met" else "missed"
        rows.append(
            f'<tr><th scope="row">{escape(_READ_AS.get(name, name))}</th><td class="n">{value:.1%}</td>'
            f'<td class="aim">{aim}</td><td class="{mark}">{verdict}</td></tr>'
        )
    return _table(("Figure", "#Value", "Aim", "Verdict"), rows)


def _reliability(bins: Sequence[Bin]) -> str:
    most = max((one.rows for one in bins), default=1)
    dots = "".join(
        f'<circle cx="{_x(one.confidence)}" cy="{_y(one.accuracy)}" r="{3 + 9 * one.rows / most:.1f}" '
        f'fill="{_DEPARTMENT}" fill-opacity=".7"/>'
        for one in bins
    )
    marks = "".join(
        f'<text x="{_x(at)}" y="{_TOP + _SIDE + 18}" text-anchor="middle">{at:.0%}</text>'
        f'<text x="{_LEFT - 6}" y="{_y(at) + 4}" text-anchor="end">{at:.0%}</text>'
        for at in _STEPS
    )
    axis = (
        f'<path d="M{_LEFT} {_TOP}v{_SIDE}h{_SIDE}" fill="none" stroke="#666"/>'
        f'<path d="M{_x(0)} {_y(0)}L{_x(1)} {_y(1)}" stroke="#767676" stroke-dasharray="4"/>'
        f'<text x="{_x(0.5)}" y="{_TOP + _SIDE + 38}" text-anchor="middle">confidence</text>'
        f'<text x="12" y="{_y(0.5)}" text-anchor="middle" transform="rotate(-90 12 {_y(0.5)})">right</text>'
    )
    rows = [
        f'<tr><th scope="row" class="n">{one.confidence:.0%}</th><td class="n">{one.accuracy:.0%}</td>'
        f'<td class="n">{one.rows}</td></tr>'
        for one in bins
    ]
    size = f"{_LEFT + _SIDE + 25} {_TOP + _SIDE + 46}"
    width, height = size.split()
    return (
        f'<svg class="chart" role="img" aria-label="Reliability curve; its figures are in the table below" '
        f'viewBox="0 0 {size}" width="{width}" height="{height}">{axis}{marks}{dots}</svg>'
        + _table(("#Mean confidence", "#Right", "#Inquiries"), rows)
    )


def _bars(of: str, slices: Sequence[Slice]) -> str:
    rows = [
        f'<tr><th scope="row">{escape(one.name)}</th><td class="n">{one.rows}</td>'
        f'<td class="n">{one.department:.0%}</td><td class="n">{one.category:.0%}</td>'
        f'<td class="bar">{_bar(one)}</td></tr>'
        for one in slices
    ]
    return _table((of, "#Inquiries", "#Department", "#Category", "|Both"), rows)


def _bar(one: Slice) -> str:
    return (
        '<svg aria-hidden="true" viewBox="0 0 100 20" preserveAspectRatio="none">'
        f'<rect y="2" width="{100 * one.department:.1f}" height="9" fill="{_DEPARTMENT}"/>'
        f'<rect y="11" width="{100 * one.category:.1f}" height="7" fill="{_CATEGORY}"/></svg>'
    )


def _confusions(evaluation: Evaluation) -> str:
    rows = [
        f'<tr><td>{_broken(was)}</td><td>{_broken(said)}</td><td class="n">{count}</td></tr>'
        for was, said, count in evaluation.confusions
    ]
    return _table(("It was", "Best guess", "#Times"), rows)


def _broken(category: str) -> str:
    """May be broken after its department, so that a narrow screen holds it."""
    return escape(category).replace(".", ".<wbr>")


def _table(heads: Sequence[str], rows: Sequence[str]) -> str:
    """A head that begins with # stands over numbers, one that begins with | over bars."""
    kinds = {"#": ' class="n"', "|": ' class="bar"'}
    cells = "".join(
        f'<th scope="col"{kinds.get(head[0], "")}>{head.lstrip("#|")}</th>' for head in heads
    )
    return f"<table><thead><tr>{cells}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _x(value: float) -> float:
    return round(_LEFT + _SIDE * value, 1)


def _y(value: float) -> float:
    return round(_TOP + _SIDE * (1 - value), 1)
