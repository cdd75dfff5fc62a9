"""Late correction: who was shown a text later found wrong is told, once, after the trail has it."""

import asyncio
from datetime import date
from typing import Any, Literal
from uuid import UUID

import structlog
from sqlalchemy import Row

from contracts.answer import AnswerRecalled, ArticleRef
from contracts.event import Envelope, effect_id
from infra.chassis.chassis import Chassis
from infra.pages.pages import text
from services.chatbot.adapters import posts
from services.chatbot.engine import Engine
from services.chatbot.knowledge import Article, tongue_of
from services.chatbot.municipality import Municipality
from services.chatbot.room import NoConversationError, Room
from services.chatbot.say import Saying, day_of

log = structlog.get_logger()
LOOK_SECONDS = 1.0


class Corrections:
    """`henvend knowledge recall --notify` writes down who is to be told; this tells them."""

    def __init__(
        self, chassis: Chassis, room: Room, engine: Engine, municipality: Municipality
    ) -> None:
        self._chassis = chassis
        self._room = room
        self._engine = engine
        self._municipality = municipality

    async def run(self) -> None:
        while True:
            await self.look()
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        async with self._chassis.database.read() as reader:
            new = await posts.unannounced_recalls(reader)
        for row in new:
            await self._announce(row)
        async with self._chassis.database.read() as reader:
            due = await posts.recalls_to_tell(reader)
        for row in due:
            await self._tell(row.id, row.conversation)

    def corrected(self, topic: str, language: str, version: int, day: date) -> Article | None:
        """The text that replaces it, if there is one that answers."""
        world = self._engine.world
        article = world.index.article(topic, tongue_of(language)) if world else None
        if article is None or not article.answers_on(day):
            return None
        same = (article.language, article.version) == (language, version)
        return None if same else article

    async def _announce(self, row: Row[Any]) -> None:
        """Log before act: the trail first."""
        now = self._chassis.clock()
        event_id = effect_id(row.id, "recalled")
        async with self._chassis.database.write() as tx:
            addresses = await posts.addresses(tx, row.conversation)
            told: tuple[Literal["chat", "mail"], ...] = ("chat", "mail") if addresses else ("chat",)
            event = AnswerRecalled(
                inquiry=row.conversation,
                turn=row.seq,
                article=ArticleRef(
                    topic=row.topic,
                    language=tongue_of(row.language),
                    version=row.version,
                    digest=row.digest,
                ),
                by=row.by,
                told=told,
            )
            envelope = Envelope[AnswerRecalled].of(
                event, event_id=event_id, source="chatbot", time=now
            )
            await self._chassis.outbox.put(tx, envelope, cause=None)
            await posts.settle_recall(tx, row.id, event_id=event_id)
            # The latest address only: one citizen, one mail.
            for handed in addresses[-1:]:
                await posts.queue_mail(
                    tx,
                    id=effect_id(row.id, "mail"),
                    kind="recall",
                    event_id=event_id,
                    recall=row.id,
                    inquiry=handed.inquiry,
                    put_at=now,
                    next_at=now,
                )

    async def _tell(self, recall_id: UUID, conversation: UUID) -> None:
        now = self._chassis.clock()
        async with self._chassis.database.read() as reader:
            row = await posts.recall_of(reader, recall_id)
        try:
            key = await self._room.key(conversation) if row is not None else None
        except NoConversationError:
            key = None
        async with self._room.lock(conversation), self._chassis.database.write() as tx:
            # Deleted meanwhile: there is nobody left to tell.
            if row is not None and key is not None:
                await self._room.tell_in(tx, key, self._saying(row), effect_id(recall_id, "told"))
            await posts.settle_recall(tx, recall_id, told_at=now)
        log.info("recall_told", recall=str(recall_id), gone=key is None)

    def _saying(self, row: Row[Any]) -> Saying:
        local = self._municipality.local
        words = text(
            "chatbot.recalled",
            row.reads,
            date=day_of(local(row.shown_at).date(), row.reads),
            title=row.about.get("title", row.topic),
        )
        today = local(self._chassis.clock()).date()
        article = self.corrected(row.topic, row.language, row.version, today)
        if article is None:
            phone = self._municipality.phone
            call = text("chatbot.recalled_call", row.reads, phone=phone)
            return Saying("notice", f"{words}\n\n{call}", {"person": True})
        offered = [{"topic": article.id, "title": article.title}]
        here = text("chatbot.recalled_new", row.reads)
        return Saying("notice", f"{words}\n\n{here}", {"offered": offered})
