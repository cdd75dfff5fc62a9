"""Holds what is published and answers from it; notices new publications while it runs."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from time import perf_counter
from typing import Any, NamedTuple

import structlog
from sqlalchemy import Row, insert, select

from contracts.answer import ArticlePublished, ArticleWithdrawn
from contracts.event import Envelope
from infra.chassis.chassis import Chassis
from infra.database import Transaction
from services.chatbot.adapters import releases
from services.chatbot.adapters.index_files import (
    FORMAT,
    IndexFileError,
    current_digest,
    load_index,
    save_index,
)
from services.chatbot.adapters.tables import publication
from services.chatbot.answer import answer
from services.chatbot.elsewhere import home_words
from services.chatbot.index import Index
from services.chatbot.knowledge import Article, Base
from services.chatbot.municipality import Municipality
from services.chatbot.ports import Embedder, VectorStore
from services.chatbot.publish import (
    FIRST,
    announcements,
    changes,
    publish,
    read_cases,
    read_inquiries,
    read_outside,
    sync,
    whole_base,
)
from services.chatbot.reply import Question, Reply, World
from services.chatbot.screen import Phrases
from services.chatbot.settings import ChatbotSettings

LOOK_SECONDS = 1.0
log = structlog.get_logger()

OpenStore = Callable[[str, int], VectorStore]
"""A vector store for the model of that digest, whose vectors have so many dimensions."""


_LAST = select(publication).order_by(publication.c.at.desc()).limit(1)


class Outdated(NamedTuple):
    """A publication that answers though its texts would be taught otherwise now."""

    name: str
    renewed: str
    """What it is called when it is made anew."""


class Engine:
    """Without a model or a publication it has no world, and every question goes to a person."""

    def __init__(
        self,
        chassis: Chassis,
        settings: ChatbotSettings,
        municipality: Municipality,
        phrases: Phrases,
        open_store: OpenStore,
    ) -> None:
        self._chassis = chassis
        self._settings = settings
        self._municipality = municipality
        self._phrases = phrases
        self._open_store = open_store
        self._embedder: Embedder | None = None
        self._store: VectorStore | None = None
        self._name: str | None = None
        # One thread: answers are pure computation, and more threads only make all of them slower.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="answer")
        self.world: World | None = None
        self.outdated: Outdated | None = None

    @property
    def publication(self) -> str | None:
        """Short name of what answers now."""
        return self._name

    async def open(self, embedder: Embedder | None) -> None:
        """Take up the current publication, making one first if there is none for this model.

        One that was taught otherwise answers on: see renewal.py.
        """
        self._embedder = embedder
        if embedder is not None:
            await self._in_thread(self._publish_if_needed, await self._released())
            await self.refresh()

    async def reply(self, question: Question) -> Reply | None:
        """None when nothing can be answered now."""
        world = self.world
        if world is None:
            return None
        started = perf_counter()
        reply: Reply = await self._in_thread(answer, question, world)
        self._chassis.metrics.observe("henvend_answer_seconds", perf_counter() - started)
        return reply

    async def compute(self, function: Callable[..., Any], *values: Any) -> Any:
        """Run `function` where answers are computed: one at a time, in turn with them."""
        return await self._in_thread(function, *values)

    async def watch(self) -> None:
        """Take up publications made while running (`henvend knowledge publish`)."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if current_digest(self._settings.index_folder) != self._name:
                await self.refresh()

    async def refresh(self) -> None:
        name = current_digest(self._settings.index_folder)
        if self._embedder is None or name is None:
            return
        try:
            world = await self._in_thread(self._load, self._embedder)
        except IndexFileError as error:
            log.error("publication_refused", reason=str(error))  # noqa: TRY400 - no traceback needed
            self._name = name
            return
        if world is None:
            self._name = name
            return
        await self._announce(world.index, name)
        self.world, self._name = world, name
        log.info("publication_adopted", publication=name, articles=len(world.index.articles))

    def close(self) -> None:
        self._thread.shutdown(wait=True)
        if self._store is not None:
            self._store.close()

    async def _in_thread(self, function: Callable[..., Any], *values: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._thread, function, *values)

    def _load(self, embedder: Embedder) -> World | None:
        index = load_index(self._settings.index_folder)
        if index.model_digest != embedder.digest:
            log.warning("publication_of_other_model", publication=index.model_digest[:12])
            return None
        if self._store is None:
            self._store = self._open_store(embedder.digest, int(index.vectors.shape[1]))
        added, removed = sync(self._store, index)
        log.info("vectors_synced", added=added, removed=removed)
        town = self._municipality
        home = home_words(town.name, town.country, town.own_places)
        return World(index, embedder, self._store, self._phrases, home)

    async def _released(self) -> dict[str, Article]:
        """What answered last; an upgrade that cannot read its files must not release the folder's."""
        async with self._chassis.database.read() as reader:
            return _articles((await reader.execute(_LAST)).first())

    def _publish_if_needed(self, released: dict[str, Article]) -> None:
        """The first publication, or the published texts again for another model or format."""
        assert self._embedder is not None
        root = self._settings.index_folder
        try:
            index = load_index(root)
        except IndexFileError:
            base = Base(released) if released else whole_base(self._settings)
        else:
            base = Base(index.articles)
            name, renewed = current_digest(root), self._named(base)[:32]
            if name == renewed:
                return
            # Vectors of another model say nothing to this one: only then nobody is answered meanwhile.
            if name is not None and index.model_digest == self._embedder.digest:
                self.outdated = Outdated(name, renewed)
                return
        made, _ = publish(
            base,
            read_outside(self._settings.outside_file.read_text("utf-8")),
            municipality=self._municipality.id,
            embedder=self._embedder,
            known={},
            inquiries=read_inquiries(self._settings.inquiries_folder),
            cases=read_cases(self._settings.development_folder, self._phrases),
        )
        save_index(root, made, self._named(base))

    def _named(self, base: Base) -> str:
        assert self._embedder is not None
        return publication_digest(base, self._embedder.digest, self._settings)

    async def _announce(self, index: Index, name: str) -> None:
        """What was published and withdrawn is in the trail; the same publication is told once."""
        async with self._chassis.database.write() as tx:
            last = (await tx.execute(_LAST)).first()
            if last is not None and last.digest == name:
                return
            before = _articles(last)
            now = self._chassis.clock()
            number = await tx.scalar(
                select(publication.c.digest).where(publication.c.digest == name)
            )
            cause = name if number is None else f"{name}/{now.isoformat()}"
            if number is None:
                await tx.execute(
                    insert(publication).values(
                        digest=name,
                        at=now,
                        articles={k: a.model_dump(mode="json") for k, a in index.articles.items()},
                        figures=dict(index.figures),
                    )
                )
            else:
                await tx.execute(
                    publication.update().where(publication.c.digest == name).values(at=now)
                )
            released = await releases.settled(tx, name)
            if last is None and not released.by:
                released = FIRST
            told = announcements(changes(before, index.articles), cause, released)
            for event_id, event in told:
                await self._put(tx, event_id, event)

    async def _put(self, tx: Transaction, event_id: Any, event: Any) -> None:
        kind = ArticlePublished if isinstance(event, ArticlePublished) else ArticleWithdrawn
        envelope = Envelope[kind].of(  # type: ignore[valid-type]
            event, event_id=event_id, source="chatbot", time=self._chassis.clock()
        )
        await self._chassis.outbox.put(tx, envelope, cause=None)


def _articles(row: Row[Any] | None) -> dict[str, Article]:
    return {} if row is None else {k: Article.model_validate(v) for k, v in row.articles.items()}


def publication_digest(base: Base, model_digest: str, settings: ChatbotSettings) -> str:
    """Names a publication by what it says, what it is searched with and what taught it.

    So a new cry for help or a new question nobody answers is a new publication too.
    """
    taught = sha256()
    for path in settings.teaching_files:
        taught.update(path.name.encode() + b"\0" + sha256(path.read_bytes()).digest())
    return sha256(
        f"{FORMAT}/{base.digest}/{model_digest}/{taught.hexdigest()}".encode()
    ).hexdigest()
