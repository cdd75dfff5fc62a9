"""The table of `henvend residency`."""

from collections.abc import Sequence

from rich.box import SIMPLE
from rich.table import Table

from infra.chassis.residency import Verdict
from infra.chassis.settings import PREFIX


def table_of(verdicts: Sequence[Verdict]) -> Table:
    """One row for each host."""
    table = Table(box=SIMPLE)
    table.add_column("setting", no_wrap=True)
    for name in ("host", "what", "where, who, on what ground", "may be used"):
        table.add_column(name, overflow="fold")
    for endpoint, place, problem in verdicts:
        here = "this machine" if place is None and problem is None else ""
        table.add_row(
            PREFIX + endpoint.setting.upper(),
            endpoint.host or "socket file",
            endpoint.what,
            f"{place.country}, {place.operator}, {place.basis}" if place else here,
            f"no: {problem}" if problem else "yes",
        )
    return table
