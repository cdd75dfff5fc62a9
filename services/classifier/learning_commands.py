"""`henvend retrain`, `explain` and `model list`: how the classifier learns, from a shell."""

import asyncio
import os
from collections import Counter
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from services.classifier.settings import ClassifierSettings
from services.classifier.shell import bar

if TYPE_CHECKING:
    from services.classifier.adapters.decisions import Decision
    from services.classifier.corrections import Harvest, Material
    from services.classifier.gate import Verdict
    from services.classifier.promote import Champion, Promotions
    from services.classifier.signature import Statement

MIGRATIONS = "services.classifier.migrations"
WIDTH = 100
errors = Console(stderr=True, highlight=False)
model_app = typer.Typer(help="Models and who approved them.", no_args_is_help=True)

Data = Annotated[Path | None, typer.Option(help="Folder of .jsonl examples; default: the sample.")]
TaxonomyFile = Annotated[Path | None, typer.Option(help="Taxonomy file; default: the sample.")]


def mount(app: typer.Typer) -> None:
    app.command("retrain")(retrain)
    app.command("explain")(explain)
    app.add_typer(model_app, name="model")


@model_app.callback()
def model_commands() -> None:
    """Models and who approved them. To propose or approve one, log in: /models of the classifier."""


def retrain(
    data: Data = None,
    taxonomy: TaxonomyFile = None,
    evaluation: Annotated[
        Path | None, typer.Option(help="Folder of evaluation .jsonl files; default: the sample's.")
    ] = None,
) -> None:
    """Train a candidate from examples and confirmed corrections; refuse it where it is worse."""
    settings = ClassifierSettings.load()
    verdict, folder = _obstacles(lambda: _retrain(settings, data, taxonomy, evaluation))
    _show_verdict(verdict)
    print(folder)  # noqa: T201 - the command's result
    if verdict.passed:
        errors.print("It may be proposed on the page /models; another person approves it there.")
        return
    from services.classifier.gate import sentence  # noqa: PLC0415

    for line in verdict.worse:
        errors.print(f"Refused: {sentence(line)}", style="red", soft_wrap=True)
    raise typer.Exit(1)


def explain(
    inquiry: Annotated[str, typer.Option(help="Reference (HV-...) or id of the inquiry.")],
) -> None:
    """Make a past decision again from the same words and model, and compare byte for byte."""
    # As many threads as the service has, so that sums are added up in the same order.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    settings = ClassifierSettings.load()
    if not all(_obstacles(lambda: _explain_all(settings, inquiry))):
        raise typer.Exit(1)


@model_app.command("list")
def model_list() -> None:
    """Which models have decided, since when, and who approved them."""
    settings = ClassifierSettings.load()
    history = _obstacles(lambda: asyncio.run(_history(settings)))
    table = Table("since", "model", "kind", "approved by")
    for one in history:
        table.add_row(
            f"{one.at.astimezone():%Y-%m-%d %H:%M}",
            one.digest[:12],
            one.kind,
            ", ".join(one.approved_by),
        )
    Console(width=WIDTH, highlight=False).print(table)


def champion_folder(settings: ClassifierSettings) -> Path:
    """The folder of the model that decides; before the first start the one trained first.

    Raises ModelError when it is not what was signed.
    """
    from services.classifier.model_files import FIRST  # noqa: PLC0415

    champion = asyncio.run(_champion(settings)) if _was_started(settings) else None
    return champion.folder if champion else settings.data / FIRST


def require_no_champion(settings: ClassifierSettings) -> None:
    """Raises ValueError when a model decides already: another one takes two persons."""
    if _was_started(settings) and asyncio.run(_champion(settings)):
        raise ValueError(
            "A model decides here already. Train one that may follow it: henvend retrain "
            "(or train elsewhere: henvend train --out FOLDER)."
        )


def _was_started(settings: ClassifierSettings) -> bool:
    """Looking must not make a database."""
    return bool(settings.database_url) or (settings.data / "classifier.db").exists()


def _obstacles(work: Any) -> Any:
    """One sentence instead of a traceback."""
    from infra.database import DatabaseUnavailableError  # noqa: PLC0415
    from infra.keyring.wrapping import WrappingKeyError  # noqa: PLC0415

    try:
        return work()
    except (ValueError, OSError, DatabaseUnavailableError, WrappingKeyError) as error:
        errors.print(f"henvend: {error}", style="red", soft_wrap=True)
        raise typer.Exit(1) from None


def _retrain(
    settings: ClassifierSettings,
    data: Path | None,
    taxonomy: Path | None,
    evaluation: Path | None,
) -> "tuple[Verdict, Path]":
    from services.classifier import retrain as training  # noqa: PLC0415
    from services.classifier.commands import EVALUATION, outside_embedding  # noqa: PLC0415
    from services.classifier.corrections import harvest  # noqa: PLC0415
    from services.classifier.evaluate import read_cases  # noqa: PLC0415
    from services.classifier.gate import load_tolerances  # noqa: PLC0415
    from services.classifier.gate_file import write_verdict  # noqa: PLC0415
    from services.classifier.signature import load_signer  # noqa: PLC0415
    from services.classifier.sources import sources_of  # noqa: PLC0415
    from services.classifier.storage import load  # noqa: PLC0415
    from services.classifier.tidy import remove_outdated  # noqa: PLC0415
    from services.classifier.train import STEPS  # noqa: PLC0415

    tolerances = load_tolerances(settings.municipality)
    sources = sources_of(settings.municipality, data, taxonomy)
    cases = read_cases(evaluation or EVALUATION)
    rival = champion_folder(settings)
    champion = load(rival)
    found = harvest(
        asyncio.run(_materials(settings)), sources.taxonomy, training.words_of_cases(cases)
    )
    with bar("Training and judging a candidate", STEPS + 2) as advance:
        candidate = training.train_candidate(
            settings.data,
            sources.examples,
            found,
            sources.taxonomy,
            calibration=sources.calibration,
            outside_embedding=outside_embedding(settings),
            step=advance,
        )
        verdict = training.judge(
            champion,
            load(candidate.folder),
            cases,
            tolerances,
            evaluation=training.digest_of_cases(evaluation or EVALUATION),
            learned=candidate.learned,
            at=datetime.now(UTC),
            step=advance,
        )
    _say_what_was_taken(candidate.learned)
    write_verdict(candidate.folder, verdict, load_signer(settings.keys))
    waiting = asyncio.run(_waiting(settings))
    if removed := remove_outdated(settings.data, waiting, datetime.now(UTC)):
        errors.print(f"{removed} old candidates were removed.")
    return verdict, candidate.folder


def _say_what_was_taken(found: "Harvest") -> None:
    why = Counter(reason for _, reason in found.left_out)
    left = ", ".join(f"{count} {reason.replace('-', ' ')}" for reason, count in sorted(why.items()))
    errors.print(
        f"{len(found.rows)} confirmed corrections are learned from"
        + (f"; left out: {left}." if left else ".")
    )


def _show_verdict(verdict: "Verdict") -> None:
    table = Table(title=f"Candidate {verdict.candidate[:12]} against {verdict.champion[:12]}")
    for name in ("figure", "deciding", "candidate", "allowed loss", "verdict"):
        table.add_column(name, justify="left" if name in {"figure", "verdict"} else "right")
    for line in verdict.lines:
        table.add_row(
            line.name.replace("_", " ") + (f" ({line.rows})" if line.rows else ""),
            f"{line.champion:.1%}",
            f"{line.candidate:.1%}",
            f"{line.allowed:.1%}",
            f"[red]{line.judgement}[/red]" if line.judgement == "worse" else line.judgement,
        )
    Console(width=WIDTH, highlight=False).print(table)


async def _materials(settings: ClassifierSettings) -> "list[Material]":
    from infra.database import Database  # noqa: PLC0415
    from infra.keyring import open_keyring  # noqa: PLC0415
    from services.classifier.adapters.correction_material import read_materials  # noqa: PLC0415

    async with AsyncExitStack() as stack:
        database = Database(settings.database_for("classifier"))
        stack.push_async_callback(database.close)
        await database.migrate(MIGRATIONS)
        keyring = await open_keyring(
            settings.database_for("keyring"), settings.keys / "wrapping.key"
        )
        stack.push_async_callback(keyring.close)
        return await read_materials(database, keyring)


async def _champion(settings: ClassifierSettings) -> "Champion | None":
    async with AsyncExitStack() as stack:
        promotions = await _promotions(settings, stack)
        return await promotions.champion()


async def _history(settings: ClassifierSettings) -> "list[Statement]":
    async with AsyncExitStack() as stack:
        return await (await _promotions(settings, stack)).history()


async def _waiting(settings: ClassifierSettings) -> set[str]:
    """Digests of the models proposed and not settled."""
    async with AsyncExitStack() as stack:
        return await (await _promotions(settings, stack)).waiting()


async def _promotions(settings: ClassifierSettings, stack: AsyncExitStack) -> "Promotions":
    from infra.database import Database  # noqa: PLC0415
    from services.classifier.promote import Promotions  # noqa: PLC0415
    from services.classifier.signature import load_signer  # noqa: PLC0415

    database = Database(settings.database_for("classifier"))
    stack.push_async_callback(database.close)
    await database.migrate(MIGRATIONS)
    return Promotions(database, None, load_signer(settings.keys), settings.data, _now)


def _now() -> datetime:
    return datetime.now(UTC)


def _explain_all(settings: ClassifierSettings, inquiry: str) -> list[bool]:
    from services.classifier.explain_view import print_decision  # noqa: PLC0415

    decisions, key = asyncio.run(_decisions(settings, inquiry))
    return [print_decision(settings.data, decision, key) for decision in decisions]


async def _decisions(settings: ClassifierSettings, inquiry: str) -> "tuple[list[Decision], Any]":
    """Raises ValueError when nothing is recorded, or its words are erased."""
    from contracts.reference import tidy_reference  # noqa: PLC0415
    from infra.database import Database  # noqa: PLC0415
    from infra.keyring import KeyDestroyedError, UnknownKeyError, open_keyring  # noqa: PLC0415
    from services.classifier.adapters.decisions import decisions_on  # noqa: PLC0415
    from services.classifier.adapters.erasures import erased_at  # noqa: PLC0415

    async with AsyncExitStack() as stack:
        database = Database(settings.database_for("classifier"))
        stack.push_async_callback(database.close)
        await database.migrate(MIGRATIONS)
        keyring = await open_keyring(
            settings.database_for("keyring"), settings.keys / "wrapping.key"
        )
        stack.push_async_callback(keyring.close)
        async with database.read() as reader:
            found = await decisions_on(reader, tidy_reference(inquiry))
            erased = await erased_at(reader, tidy_reference(inquiry))
        if erased is not None:
            raise ValueError(
                f"{inquiry} was erased on {erased:%Y-%m-%d %H:%M} UTC: its words and what was "
                "decided from them are no longer kept here."
            )
        if not found:
            raise ValueError(f"No decision on {inquiry} is recorded here.")
        try:
            return found, await keyring.data_key(found[0].received.inquiry)
        except (KeyDestroyedError, UnknownKeyError):
            raise ValueError(
                f"The words of {inquiry} are erased: its key was destroyed. "
                f"What the machine decided stands in the trail (event {found[0].event})."
            ) from None
