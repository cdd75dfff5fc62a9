"""`henvend router replay`: try other rules on the cases of the last days before they decide anything."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from services.router.replay import Past, Replay
    from services.router.settings import RouterSettings

router = typer.Typer(help="Routing rules.", no_args_is_help=True)
console = Console(highlight=False)
SHOWN = 40


def mount(app: typer.Typer) -> None:
    app.add_typer(router, name="router")


@router.callback()
def _router() -> None:
    """Keeps `replay` a command of its own while it is the only one."""


@router.command("replay")
def replay_command(
    rules: Annotated[Path, typer.Option(help="The rules file to try.")],
    days: Annotated[int, typer.Option(min=1, max=3650, help="How far back.")] = 30,
) -> None:
    """Which cases of the last DAYS days would go elsewhere under other rules? Changes nothing."""
    from infra.chassis.settings import SettingsError  # noqa: PLC0415
    from infra.database import DatabaseUnavailableError  # noqa: PLC0415
    from services.router.app import load_table  # noqa: PLC0415
    from services.router.replay import replay  # noqa: PLC0415
    from services.router.rules import RulesError, load_rules  # noqa: PLC0415
    from services.router.settings import RouterSettings  # noqa: PLC0415

    settings = RouterSettings.load()
    old = load_table(settings)
    try:
        new = replace(old, rules=load_rules(rules, old.taxonomy))
    except RulesError as error:
        raise SettingsError(str(error)) from None
    try:
        past = asyncio.run(_past(settings, datetime.now(UTC) - timedelta(days=days)))
    except DatabaseUnavailableError:
        raise SettingsError(
            f"There are no cases in the data folder {settings.data}. Start the router once."
        ) from None
    _show(replay(past, old, new))


async def _past(settings: "RouterSettings", since: datetime) -> "list[Past]":
    from infra.database import Database  # noqa: PLC0415
    from services.router.adapters.history import routed_since  # noqa: PLC0415

    database = Database(settings.database_for("router"))
    try:
        async with database.read() as reader:
            return await routed_since(reader, since)
    finally:
        await database.close()


def _show(found: "Replay") -> None:
    moves = found.moves
    deadlines = len(found.changes) - len(moves)
    console.print(
        f"{len(moves)} of {found.cases} cases would go elsewhere; {deadlines} more would only "
        "have another deadline."
    )
    if not moves:
        return
    ways = Counter((change.was.place, change.now.place) for change in moves)
    summary = Table("from", "to", "cases")
    for (was, now), count in ways.most_common():
        summary.add_row(was, now, str(count))
    console.print(summary)
    cases = Table("case", "from (rule)", "to (rule)")
    for change in moves[:SHOWN]:
        cases.add_row(
            change.reference,
            f"{change.was.place} ({change.was.rule})",
            f"{change.now.place} ({change.now.rule})",
        )
    console.print(cases)
    if len(moves) > SHOWN:
        console.print(f"… and {len(moves) - SHOWN} more.")
