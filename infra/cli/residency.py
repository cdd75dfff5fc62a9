"""The table of `henvend residency`."""

from collections.abc import Sequence

from rich.box import SIMPLE
from rich.table import Table

from infra.chassis.residency import Verdict
from infra.chassis.settings import PREFIX


def table_of(verdicts: Sequence[Verdict]) -> Table:
    """One row for each host."""
    table = Table(box=SIMPLE)
    for name in ("setting", "host", "what", "country", "operator", "ground", "may be used"):
        table.add_column(name, overflow="fold")
    for endpoint, place, problem in verdicts:
        where = (place.country, place.operator, place.basis) if place else ("", "", "")
        here = ("", "", "this machine") if not place and not problem else where
        table.add_row(
            PREFIX + endpoint.setting.upper(),
            endpoint.host or "socket file",
            endpoint.what,
            *here,
            f"no: {problem}" if problem else "yes",
        )
    return table
