# ruff: noqa: T201, PLC0415 - a command line prints, and imports what is slow only when needed
"""The chatbot's part of the `henvend` command."""

import json
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from infra.chassis.clock import utc_now
from services.chatbot.knowledge import KnowledgeError

if TYPE_CHECKING:
    from services.chatbot.municipality import Municipality
    from services.chatbot.recall import Wanted
    from services.chatbot.reply import World
    from services.chatbot.settings import ChatbotSettings

knowledge = typer.Typer(help="The articles the chat answers from.", no_args_is_help=True)
evaluate = typer.Typer(help="Measure.", no_args_is_help=True)
PREPARED_ONLY = 3
"""Exit code: a script must not take it for published."""
Language = Annotated[str, typer.Option(help="da, sv or en: what the page is set to.")]


def mount(app: typer.Typer) -> None:
    app.command("ask")(ask)
    app.add_typer(knowledge, name="knowledge")
    existing = next((g for g in app.registered_groups if g.name == "evaluate"), None)
    if existing is not None and existing.typer_instance is not None:
        existing.typer_instance.command("chat")(evaluate_chat)
    else:
        evaluate.command("chat")(evaluate_chat)
        app.add_typer(evaluate, name="evaluate")


def ask(
    question: Annotated[str | None, typer.Argument(help="What a citizen would write.")] = None,
    jsonl: Annotated[
        str | None,
        typer.Option(help="File (- for standard input) of {id, language?, text} or {.., turns}."),
    ] = None,
    language: Language = "da",
) -> None:
    """Answer as the chat would, from the published articles."""
    from services.chatbot.shell import AskError, answered, plain, read_asked, reply_all

    if (question is None) == (jsonl is None):
        _fail("Give either a question or --jsonl FILE.")
    world, municipality = _world(_settings())
    today = municipality.local(utc_now()).date()
    try:
        if jsonl is None:
            asked = read_asked(1, {"id": "1", "language": language, "text": question})
            print(plain(reply_all(asked, today, world)[0], world, municipality))
            return
        for number, line in enumerate(_lines(jsonl), 1):
            asked = read_asked(number, _json(number, line))
            answer = answered(asked, reply_all(asked, today, world), world, municipality)
            print(json.dumps(answer, ensure_ascii=False), flush=True)
    except AskError as error:
        _fail(f"{jsonl or 'the question'}: {error}.")


@knowledge.command("check")
def knowledge_check(
    folder: Annotated[Path | None, typer.Argument(help="Default: the municipality's.")] = None,
) -> None:
    """Missing translations, dead links, overdue reviews, near-duplicate questions, hard texts."""
    from services.chatbot.check import by_level, check
    from services.chatbot.knowledge import load_base
    from services.chatbot.publish import whole_base

    try:
        base = load_base(folder) if folder else whole_base(_settings())
    except KnowledgeError as error:
        _fail(str(error))
    findings = check(base, utc_now().date())
    for finding in findings:
        print(f"{finding.level:8} {finding.article}: {finding.words}")
    counted = by_level(findings)
    print(f"{len(base)} articles, {counted['error']} errors, {counted['warning']} warnings")
    if counted["error"]:
        raise typer.Exit(1)


@knowledge.command("publish")
def knowledge_publish(
    preview: Annotated[bool, typer.Option(help="Only say what would change.")] = False,
    alone: Annotated[
        str,
        typer.Option("--without-second-person", metavar="REASON", help="The trail keeps it."),
    ] = "",
    by: Annotated[str, typer.Option(help="With a reason: the account that answers for it.")] = "",
) -> None:
    """Publish for the first time, or the released texts taught anew. Other texts are only prepared:
    two people release them at /editor/preview, and this ends with 3.
    """
    from services.chatbot.publish import changes, same_version_other_text, whole_base
    from services.chatbot.unattended import needs_two, objection_to_alone, published_articles

    settings = _settings()
    objection = objection_to_alone(settings, by, alone) if alone or by else None
    if objection:
        _fail(objection)
    try:
        base = whole_base(settings)
        before = published_articles(settings)
    except KnowledgeError as error:
        _fail(str(error))
    problems = same_version_other_text(before or {}, base)
    if problems:
        _fail("\n".join(problems))
    changed = changes(before or {}, base.articles)
    for article in changed.withdrawn:
        print(f"- {article.key} version {article.version}")
    for article in changed.published:
        print(f"+ {article.key} version {article.version}, approved by {article.approved_by}")
    if preview:
        _preview(settings)
    elif not needs_two(before, base.articles):
        _publish(settings)
    elif alone:
        _publish(settings, by, alone)
    else:
        _prepare(settings)


@knowledge.command("recall")
def knowledge_recall(
    article: Annotated[str, typer.Argument(help="TOPIC.LANGUAGE@VERSION, e.g. pas-pris.da@1")],
    notify: Annotated[
        bool, typer.Option("--notify", help="Tell them: in the chat, and by mail who left one.")
    ] = False,
    by: Annotated[str, typer.Option(help="With --notify: the account that answers for it.")] = "",
) -> None:
    """List every conversation, within retention, that was shown a text later found wrong."""
    import asyncio

    from services.chatbot.recall import RecallError, parse_article, recalled

    try:
        wanted = parse_article(article)
    except RecallError as error:
        _fail(str(error))
    rows = asyncio.run(recalled(_settings().database_for("chatbot"), wanted))
    for row in rows:
        reference = f" {row.reference}" if row.reference else ""
        print(f"{row.at:%Y-%m-%d %H:%M} conversation {row.conversation} turn {row.seq}{reference}")
    print(f"{len({row.conversation for row in rows})} conversations were shown {article}")
    if notify:
        _notify(_settings(), wanted, by)


def evaluate_chat(
    report: Annotated[Path, typer.Option(help="Where the HTML report goes.")] = Path(
        "chat-evaluation.html"
    ),
    folder: Annotated[Path | None, typer.Option(help="Folder of *.jsonl cases.")] = None,
) -> None:
    """Measure the chat on the separate evaluation set; lists each miss in an HTML report."""
    from services.chatbot import evaluate as measure
    from services.chatbot.report import report as page

    settings = _settings()
    world, municipality = _world(settings)
    where = folder or Path(__file__).parent / "evaluation"
    cases = [
        measure.Case.model_validate_json(line)
        for path in sorted(where.glob("*.jsonl"))
        for line in path.read_text("utf-8").splitlines()
        if line.strip()
    ]
    if not cases:
        _fail(f"{where} holds no evaluation cases.")
    today: date = municipality.local(utc_now()).date()
    outcomes = measure.run(cases, today, world)
    for figure in measure.figures(outcomes):
        goal = " ".join(map(str, measure.GOALS.get(figure.name, ())))
        print(f"{figure.name:45} {figure.share:7.1%}  {figure.hits:4d}/{figure.of:<4d} {goal}")
    report.write_text(page(outcomes, world.index.figures, today), "utf-8")
    print(f"Report: {report}")


def publish_default(settings: "ChatbotSettings", by: str = "", alone: str = "") -> str:
    """Publish the folder's articles unless they are the published ones; its short name.

    `alone`: why `by` releases them without a second person. Raises KnowledgeError.
    """
    import asyncio

    from services.chatbot.adapters.index_files import current_digest, save_index
    from services.chatbot.engine import publication_digest
    from services.chatbot.loading import load_embedder
    from services.chatbot.prepare import NO_MODEL, index_of
    from services.chatbot.publish import whole_base
    from services.chatbot.unattended import note_alone

    base = whole_base(settings)
    embedder = load_embedder(settings)
    if embedder is None:
        raise KnowledgeError([NO_MODEL])
    digest = publication_digest(base, embedder.digest, settings)
    if current_digest(settings.index_folder) == digest[:32]:
        return digest[:32]
    index, embedded = index_of(settings, base, embedder)
    if alone:
        asyncio.run(note_alone(settings, digest[:32], by, alone))
    save_index(settings.index_folder, index, digest)
    print(f"{len(base)} articles published as {digest[:12]}; {embedded} texts embedded.")
    for name, value in index.figures.items():
        print(f"  held-out {name:22} {value:6.1%}")
    return digest[:32]


def _notify(settings: "ChatbotSettings", wanted: "Wanted", by: str) -> None:
    import asyncio

    from infra.chassis.staff import load_members
    from services.chatbot.adapters.index_files import IndexFileError, load_index
    from services.chatbot.recall import notify

    own = settings.municipality / "staff.yaml" if settings.municipality else None
    if by not in load_members(own if own and own.exists() else None):
        _fail("Say who answers for it: --by ACCOUNT, one of the staff file.")
    try:
        published = load_index(settings.index_folder).articles
    except IndexFileError as error:
        _fail(str(error))
    current = published.get(f"{wanted.topic}.{wanted.language}")
    if current is not None and current.version == wanted.version:
        _fail(
            f"{current.key} version {current.version} still answers: publish its correction first."
        )
    noted = asyncio.run(notify(settings.database_for("chatbot"), wanted, by))
    print(f"{noted.new} are told now, {noted.with_mail} of them by mail too.")
    if noted.before:
        print(f"{noted.before} were told before and are not told again.")


def _publish(settings: "ChatbotSettings", by: str = "", alone: str = "") -> None:
    try:
        publish_default(settings, by, alone)
    except KnowledgeError as error:
        _fail(str(error))
    if alone:
        print(f"Released by {by} alone; the trail keeps the reason.")


def _prepare(settings: "ChatbotSettings") -> None:
    """The slow part of a publication; who releases it is told apart on the page only."""
    from services.chatbot.prepare import prepare

    try:
        prepare(settings, tell=lambda _: None)
    except KnowledgeError as error:
        _fail(str(error))
    print("Prepared, not published: two people release it at /editor/preview.")
    raise typer.Exit(PREPARED_ONLY)


def _preview(settings: "ChatbotSettings") -> None:
    """Which recent questions would now be answered differently."""
    import asyncio

    from services.chatbot.foresee import foresee

    try:
        rows = asyncio.run(foresee(settings))
    except KnowledgeError as error:
        _fail(str(error))
    for row in rows:
        print(f"{row.kind:10} {row.before} -> {row.after}: {row.question}")
    print(f"{len(rows)} recent questions would be answered differently.")


def _world(settings: "ChatbotSettings") -> "tuple[World, Municipality]":
    from services.chatbot.adapters.index_files import IndexFileError, load_index
    from services.chatbot.adapters.memory_store import MemoryStore
    from services.chatbot.elsewhere import home_words
    from services.chatbot.loading import load_embedder
    from services.chatbot.municipality import load_municipality
    from services.chatbot.publish import sync
    from services.chatbot.reply import World
    from services.chatbot.screen import load_phrases

    try:
        municipality = load_municipality(settings.municipality)
        index = load_index(settings.index_folder)
    except (KnowledgeError, IndexFileError) as error:
        _fail(str(error))
    embedder = load_embedder(settings)
    if embedder is None or embedder.digest != index.model_digest:
        _fail("The articles were published for another model. Run `henvend knowledge publish`.")
    store = MemoryStore()
    sync(store, index)
    home = home_words(municipality.name, municipality.country, municipality.own_places)
    return World(index, embedder, store, load_phrases(), home), municipality


def _settings() -> "ChatbotSettings":
    from infra.chassis.settings import SettingsError
    from services.chatbot.settings import ChatbotSettings

    try:
        return ChatbotSettings.load()
    except SettingsError as error:
        _fail(str(error))


def _lines(name: str) -> Iterator[str]:
    if name == "-":
        yield from (line for line in sys.stdin if line.strip())
        return
    try:
        with Path(name).open(encoding="utf-8") as file:
            yield from (line for line in file if line.strip())
    except OSError as error:
        _fail(f"{name} cannot be read: {error.strerror}.")


def _json(number: int, line: str) -> object:
    from services.chatbot.shell import AskError

    try:
        return json.loads(line)
    except ValueError:
        raise AskError(f"line {number}: is not JSON") from None


def _fail(words: str) -> NoReturn:
    print(words, file=sys.stderr)
    raise typer.Exit(1)
