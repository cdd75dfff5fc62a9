"""`henvend audit ...`: checking a trail on the machine that keeps it, with the services on or off."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="The audit trail.", no_args_is_help=True)

DEFAULT_DATA = Path(".henvend")


@app.callback()
def audit() -> None:
    """The audit trail."""


@app.command()
def verify(
    data: Annotated[Path, typer.Option(help="Data folder.", envvar="HENVEND_DATA")] = DEFAULT_DATA,
    key: Annotated[
        str | None,
        typer.Option(help="The log's public key as you wrote it down; else that of the folder."),
    ] = None,
) -> None:
    """Re-derive the whole trail from its stored bytes; exit 1 naming the first bad entry."""
    # Imported late: other commands should not wait for it.
    from services.audit.check import CannotVerifyError, check_folder  # noqa: PLC0415

    try:
        report = asyncio.run(check_folder(data, key))
    except CannotVerifyError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    if not report.faults:
        unsigned = report.entries - report.signed
        waiting = f" ({unsigned} not signed yet)" if unsigned else ""
        typer.echo(f"verified, {report.entries} entries{waiting}")
        return
    first, *others = report.faults
    typer.echo(f"NOT verified: entry {first.idx} {first.what}.", err=True)
    for fault in others[:9]:
        typer.echo(f"  also: entry {fault.idx} {fault.what}.", err=True)
    raise typer.Exit(1)


def mount(root: typer.Typer) -> None:
    """Adds `audit ...` to the `henvend` command."""
    root.add_typer(app, name="audit")
