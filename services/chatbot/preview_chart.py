"""Counts as bars, drawn on the server: classes instead of styles, no script. A table says the same."""

from collections.abc import Sequence

from markupsafe import Markup

WIDTH, ROW, BAR = 300, 40, 14
NUMBERS = 36
"""Room for the figure at a bar's end."""


def bars(counts: Sequence[tuple[str, int]], *, title: str, about: str) -> Markup:
    """One bar each, its name above it: long names fit a phone that way."""
    most = max(count for _, count in counts)
    drawn = [_bar(number, name, count, most) for number, (name, count) in enumerate(counts)]
    return Markup(
        '<svg class="hv-plot" viewBox="0 0 {} {}" role="img" '
        'aria-labelledby="differs-title differs-desc">'
        '<title id="differs-title">{}</title><desc id="differs-desc">{}</desc>{}</svg>'
    ).format(WIDTH, ROW * len(counts), title, about, Markup().join(drawn))


def _bar(number: int, name: str, count: int, most: int) -> Markup:
    top = number * ROW
    # A single question among hundreds must still be seen.
    width = max(2.0, round((WIDTH - NUMBERS) * count / most, 1))
    return Markup(
        '<text x="0" y="{}">{}</text>'
        '<rect class="hv-plot-full" x="0" y="{}" width="{}" height="{}"/>'
        '<text x="{}" y="{}">{}</text>'
    ).format(top + 12, name, top + 18, width, BAR, width + 6, top + 29, count)
