"""Charts drawn on the server as SVG: classes instead of styles, a title and a description, no script.

A page puts a table with the same figures beside each; the sizes are those of a phone, so that the
letters stay readable at 320 px, and on a wide page the whole drawing grows.
"""

from collections.abc import Callable, Iterable, Sequence
from math import sqrt

from markupsafe import Markup

from services.router.measures import Share
from services.router.monitor import Bin, Column

WIDTH, HEIGHT = 300, 220
LEFT, RIGHT, TOP, BOTTOM = 40, 292, 10, 182
TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)
BAR_WIDTH, BAR_HEIGHT = 160, 20
FEWEST = 5
"""A dot of fewer would be all interval; the table beside it has it."""
Written = Callable[[float], str]
"""How a share is written in the page's language."""


def reliability_chart(
    bins: Sequence[Bin], *, key: str, title: str, about: str, across: str, up: str, written: Written
) -> Markup:
    """Dots of mean confidence against the share that was right, with 95 % intervals; the diagonal
    is what honest confidence looks like. `key` makes ids unique on the page."""
    dots = []
    for one in bins:
        if one.kept.whole < FEWEST:
            continue
        low, high = one.kept.interval()
        x, y = _x(one.confidence), _y(one.kept.value or 0)
        dots.append(
            Markup(
                '<line class="hv-plot-spread" x1="{x}" x2="{x}" y1="{low}" y2="{high}"/>'
                '<circle class="hv-plot-dot" cx="{x}" cy="{y}" r="{r}"/>'
            ).format(x=x, y=y, low=_y(low), high=_y(high), r=_radius(one.kept.whole))
        )
    diagonal = Markup('<line class="hv-plot-ideal" x1="{}" y1="{}" x2="{}" y2="{}"/>').format(
        _x(0), _y(0), _x(1), _y(1)
    )
    return _figure(
        key, title, about, [_grid(written), _across(written), diagonal, *dots, _names(across, up)]
    )


def histogram_chart(
    columns: Sequence[Column],
    *,
    key: str,
    title: str,
    about: str,
    across: str,
    up: str,
    written: Written,
) -> Markup:
    """Full columns were routed by the machine, hollow ones on top by a person."""
    most = _round_top(max((one.automatic + one.triage for one in columns), default=0))
    bars = []
    for one in columns:
        x, width = _x(one.low) + 1, _x(one.high) - _x(one.low) - 2
        for kind, count, under in (
            ("full", one.automatic, 0),
            ("hollow", one.triage, one.automatic),
        ):
            if count:
                top = _y((under + count) / most)
                bars.append(
                    Markup(
                        '<rect class="hv-plot-{}" x="{}" y="{}" width="{}" height="{}"/>'
                    ).format(kind, x, top, width, round(_y(under / most) - top, 1))
                )
    heights = _grid(lambda part: str(round(part * most)))
    return _figure(key, title, about, [heights, _across(written), *bars, _names(across, up)])


def interval_bar(share: Share, promise: float | None, low: float) -> Markup:
    """A share with its interval on a line from `low` to 1, and a mark where the promise is.

    For a table cell that says the same in figures, hence hidden from screen readers.
    """

    def place(value: float) -> float:
        return round(4 + (BAR_WIDTH - 8) * (max(value, low) - low) / (1 - low), 1)

    if share.value is None:
        return Markup()
    least, most = share.interval()
    middle = BAR_HEIGHT / 2
    parts = [
        Markup('<line class="hv-plot-axis" x1="4" x2="{}" y1="{y}" y2="{y}"/>').format(
            BAR_WIDTH - 4, y=middle
        ),
        Markup('<line class="hv-plot-range" x1="{}" x2="{}" y1="{y}" y2="{y}"/>').format(
            place(least), place(most), y=middle
        ),
        Markup('<circle class="hv-plot-dot" cx="{}" cy="{}" r="4"/>').format(
            place(share.value), middle
        ),
    ]
    if promise is not None:
        parts.insert(
            1,
            Markup('<line class="hv-plot-promise" x1="{x}" x2="{x}" y1="1" y2="{}"/>').format(
                BAR_HEIGHT - 1, x=place(promise)
            ),
        )
    return _bar(parts)


def share_bar(share: Share) -> Markup:
    """How much of the whole; hidden from screen readers like the interval bar."""
    full = round((BAR_WIDTH - 2) * (share.value or 0), 1)
    return _bar([
        Markup('<rect class="hv-plot-frame" x="1" y="4" width="{}" height="12"/>').format(
            BAR_WIDTH - 2
        ),
        Markup('<rect class="hv-plot-full" x="1" y="4" width="{}" height="12"/>').format(full),
    ])


def scale_from(shares: Iterable[Share], promise: float) -> float:
    """Where the interval bars of one table begin: a round tenth below everything in them."""
    lows = [share.interval()[0] for share in shares if share.whole]
    return max(0.0, int(min([promise - 0.1, *lows]) * 10) / 10)


def _bar(parts: Sequence[Markup]) -> Markup:
    return Markup(
        '<svg class="hv-plot hv-plot-bar" viewBox="0 0 {} {}" width="{}" height="{}" '
        'aria-hidden="true" focusable="false">{}</svg>'
    ).format(BAR_WIDTH, BAR_HEIGHT, BAR_WIDTH, BAR_HEIGHT, Markup().join(parts))


def _figure(key: str, title: str, about: str, parts: Sequence[Markup]) -> Markup:
    return Markup(
        '<svg class="hv-plot" viewBox="0 0 {} {}" role="img" aria-labelledby="{k}-title {k}-desc">'
        '<title id="{k}-title">{}</title><desc id="{k}-desc">{}</desc>{}</svg>'
    ).format(WIDTH, HEIGHT, title, about, Markup().join(parts), k=key)


def _grid(written: Written) -> Markup:
    """Horizontal lines with what they stand for on the left."""
    return Markup().join(
        Markup(
            '<line class="hv-plot-grid" x1="{}" x2="{}" y1="{y}" y2="{y}"/>'
            '<text class="hv-plot-tick" x="{}" y="{}" text-anchor="end">{}</text>'
        ).format(LEFT, RIGHT, LEFT - 4, _y(tick) + 4, written(tick), y=_y(tick))
        for tick in TICKS
    )


def _across(written: Written) -> Markup:
    return Markup().join(
        Markup('<text class="hv-plot-tick" x="{}" y="{}" text-anchor="{}">{}</text>').format(
            _x(tick), BOTTOM + 14, "end" if tick == 1 else "middle", written(tick)
        )
        for tick in TICKS
    )


def _names(across: str, up: str) -> Markup:
    return Markup(
        '<text class="hv-plot-name" x="{}" y="{}" text-anchor="end">{}</text>'
        '<text class="hv-plot-name" x="{}" y="{}">{}</text>'
    ).format(RIGHT, HEIGHT - 5, f"{across} →", 2, HEIGHT - 5, f"↑ {up}")


def _x(value: float) -> float:
    return round(LEFT + (RIGHT - LEFT) * value, 1)


def _y(value: float) -> float:
    return round(BOTTOM - (BOTTOM - TOP) * value, 1)


def _round_top(most: int) -> int:
    """The next number that four steps divide into numbers people read easily."""
    steps = (int(step * 10**power) for power in range(9) for step in (4, 8, 20))
    return next(top for top in steps if top >= most)


def _radius(count: int) -> float:
    """By area, within what can be seen."""
    return round(min(7.0, 2.5 + sqrt(count) / 6), 1)
