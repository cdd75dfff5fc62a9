"""A text past its review date stops answering by itself; its editors are told once."""

import asyncio
from uuid import UUID, uuid5

import structlog

from contracts.answer import ArticleWithdrawn
from contracts.event import EFFECTS, Envelope
from infra.chassis.chassis import Chassis
from services.chatbot.adapters import posts
from services.chatbot.engine import Engine
from services.chatbot.knowledge import Article
from services.chatbot.municipality import Municipality
from services.chatbot.publish import overdue, reference
from services.chatbot.settings import ChatbotSettings

log = structlog.get_logger()
LOOK_SECONDS = 60.0


class Reviews:
    def __init__(
        self,
        chassis: Chassis,
        settings: ChatbotSettings,
        engine: Engine,
        municipality: Municipality,
    ) -> None:
        self._chassis = chassis
        self._settings = settings
        self._engine = engine
        self._municipality = municipality

    async def run(self) -> None:
        while True:
            await self.look()
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> int:
        """How many articles were newly found to be overdue."""
        world = self._engine.world
        if world is None:
            return 0
        now = self._chassis.clock()
        late = overdue(world.index.articles, self._municipality.local(now).date())
        self._chassis.metrics.set("henvend_articles_overdue", float(len(late)))
        async with self._chassis.database.read() as reader:
            known = await posts.overdue_known(reader)
        new = [article for article in late if _name(article) not in known]
        if new:
            await self._tell_of(new)
        return len(new)

    async def _tell_of(self, articles: list[Article]) -> None:
        now = self._chassis.clock()
        events = [_event_id(article) for article in articles]
        mail = (
            uuid5(EFFECTS, f"{events[0]}/review-mail")
            if self._settings.chatbot_editor_mail
            else None
        )
        async with self._chassis.database.write() as tx:
            for article, event_id in zip(articles, events, strict=True):
                event = ArticleWithdrawn(
                    article=reference(article), by=article.approved_by, reason="review-overdue"
                )
                envelope = Envelope[ArticleWithdrawn].of(
                    event, event_id=event_id, source="chatbot", time=now
                )
                await self._chassis.outbox.put(tx, envelope, cause=None)
                await posts.add_overdue(
                    tx,
                    topic=article.id,
                    language=article.language,
                    version=article.version,
                    review_by=article.review_by.isoformat(),
                    at=now,
                    event_id=event_id,
                    mail=mail,
                )
            if mail is not None:
                await posts.queue_mail(
                    tx, id=mail, kind="review", event_id=events[-1], put_at=now, next_at=now
                )
        for article in articles:
            log.warning("article_overdue", article=article.key, version=article.version)


def _name(article: Article) -> tuple[str, str, int, str]:
    return article.id, article.language, article.version, article.review_by.isoformat()


def _event_id(article: Article) -> UUID:
    return uuid5(EFFECTS, "/".join(map(str, ("review-overdue", *_name(article)))))
