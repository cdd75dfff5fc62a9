"""The `henvend` command. Everything heavy is imported by the command that needs it."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

app = typer.Typer(
    help="Henvend: what citizens write, brought to whom it concerns, with proof.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
staff = typer.Typer(help="Staff accounts.", no_args_is_help=True)
docs = typer.Typer(help="Generated documents.", no_args_is_help=True)
mail = typer.Typer(help="Mail to the municipality.", no_args_is_help=True)
app.add_typer(staff, name="staff")
app.add_typer(docs, name="docs")
app.add_typer(mail, name="mail")
console = Console(highlight=False)


@app.command()
def run() -> None:
    """Run everything on this machine; Ctrl-C stops, the next run continues."""
    from infra.embedded.run import run as run_everything

    raise typer.Exit(run_everything())


@app.command()
def residency() -> None:
    """Show every host that data go to, where it stands and on what ground; 1 when one may not be used."""
    from infra.chassis.residency import ResidencyError, judge, read_places
    from infra.cli.residency import table_of
    from infra.embedded.all_settings import AllSettings

    settings = AllSettings.read()
    try:
        verdicts = judge(settings.endpoints(), read_places(settings.municipality))
    except ResidencyError as error:
        _fail(str(error))
    console.print(table_of(verdicts))
    if any(verdict.problem for verdict in verdicts):
        _fail("No service starts while data would go where they may not.")


@staff.command("link")
def staff_link(account: str) -> None:
    """Print a one-time login link for ACCOUNT."""
    from infra.chassis.clock import utc_now
    from infra.chassis.settings import ServiceSettings
    from infra.chassis.staff import load_members, login_address, open_door

    settings = ServiceSettings.load()
    folder = settings.municipality
    own = folder / "staff.yaml" if folder and (folder / "staff.yaml").exists() else None
    members = load_members(own)
    if account not in members:
        _fail(f"There is no account {account}. Accounts: {', '.join(sorted(members))}.")

    async def link() -> str:
        door = await open_door(settings.database_for("staff"), members, utc_now)
        try:
            return await door.new_link(account)
        finally:
            await door.close()

    token = asyncio.run(link())
    print(login_address(settings, members[account].role, token))


@docs.command("write")
def docs_write(
    check: Annotated[bool, typer.Option(help="Only say whether the files are up to date.")] = False,
) -> None:
    """Write the JSON schemas and the AsyncAPI document from the event models."""
    from contracts.documents import stale, write

    if check:
        old = stale()
        if old:
            _fail(f"Out of date: {', '.join(old)}. Run: make docs")
        return
    for path in write():
        console.print(path)


@mail.command("send")
def mail_send(
    files: Annotated[list[Path], typer.Argument(help="Mails in RFC 5322 format (.eml).")],
    to: Annotated[str | None, typer.Option(help="HOST:PORT of the intake.")] = None,
    times: Annotated[
        int, typer.Option(min=1, help="Send each so often, each time as a new mail.")
    ] = 1,
) -> None:
    """Deliver mails by SMTP as any mail client would."""
    from infra.cli.mail import MailNotSentError, send_files

    try:
        for name, answer in send_files(files, to, times):
            console.print(f"{name}: {answer}")
    except MailNotSentError as error:
        _fail(str(error))


def _mount() -> None:
    """A service may bring commands of its own; their modules import nothing heavy at the top."""
    from importlib import import_module
    from importlib.util import find_spec

    for service in ("classifier", "chatbot", "audit", "router"):
        if find_spec(f"services.{service}.commands"):
            import_module(f"services.{service}.commands").mount(app)


def main() -> None:
    from contracts.taxonomy import TaxonomyError
    from infra.chassis.settings import SettingsError

    _mount()
    try:
        app()
    except (SettingsError, TaxonomyError) as error:
        _fail(str(error))


def _fail(sentence: str) -> None:
    print(f"henvend: {sentence}", file=sys.stderr)
    raise SystemExit(1)


if __name__ == "__main__":
    main()
