"""Gathers what the editors' page shows. Words of citizens are opened here, shown, and not kept."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Row

from contracts.event import Sealed
from infra.chassis.chassis import Chassis
from infra.statistics import Interval, wilson
from services.chatbot.adapters import asked
from services.chatbot.check import SOON
from services.chatbot.courtesy import is_remark
from services.chatbot.engine import Engine
from services.chatbot.insight import Cluster, Unanswered, clusters
from services.chatbot.knowledge import TONGUES, Article, tongue_of
from services.chatbot.municipality import Municipality
from services.chatbot.ports import Floats
from services.chatbot.renewal import Renewal, State
from services.chatbot.reply import World
from services.chatbot.retrieve import find

MOST_QUESTIONS = 400
"""The newest ones; older ones of the period are not looked at."""


class Group(NamedTuple):
    cluster: Cluster
    nearest: Article | None


class Review(NamedTuple):
    article: Article
    days: int
    """Until it stops answering; negative when it has."""
    told: Row[Any] | None


class Unhelpful(NamedTuple):
    topic: str
    language: str
    version: int
    title: str
    source: str | None
    shown: int
    rated: int
    said_no: int
    interval: Interval


class Gap(NamedTuple):
    """A topic that some language lacks."""

    topic: str
    has: tuple[Article, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True)
class Questions:
    groups: tuple[Group, ...]
    pressed: int
    """Times a person was called without a question."""
    erased: int
    """Questions whose key is gone."""


class Editors:
    def __init__(
        self,
        chassis: Chassis,
        engine: Engine,
        municipality: Municipality,
        renewal: Renewal,
    ) -> None:
        self._renewal = renewal
        self._chassis = chassis
        self._engine = engine
        self._municipality = municipality
        # What a question is like costs some 25 ms; it changes only with the publication.
        self._likeness: dict[UUID, tuple[Floats, Floats]] = {}
        self._likeness_of: str | None = None

    @property
    def today(self) -> date:
        return self._municipality.local(self._chassis.clock()).date()

    @property
    def articles(self) -> dict[str, Article]:
        world = self._engine.world
        return dict(world.index.articles) if world else {}

    @property
    def publication(self) -> str | None:
        return self._engine.publication if self._engine.world else None

    @property
    def renewal(self) -> State:
        return self._renewal.state

    async def questions(self, days: int) -> Questions:
        """What was asked in the last `days` and not answered."""
        since = self._chassis.clock() - timedelta(days=days)
        async with self._chassis.database.read() as reader:
            rows = await asked.unanswered(reader, since, MOST_QUESTIONS)
            chosen = _chosen(await asked.offers(reader, since), await asked.choices(reader, since))
        open_rows = [row for row in rows if (row.conversation, row.seq) not in chosen]
        with_words = [row for row in open_rows if row.question is not None]
        keys = await self._chassis.keyring.data_keys(row.conversation for row in with_words)
        found: list[Unanswered] = []
        erased = 0
        for row in with_words:
            key = keys.get(row.conversation)
            if key is None:
                erased += 1
                continue
            text = key.open(f"message/{row.question_id}", Sealed.model_validate(row.question))
            if is_remark(text):
                # Thanks need no article.
                continue
            words, topics = await self._like(row.question_id, text, row.language)
            found.append(Unanswered(row.at, row.language, row.verdict, text, words, topics))
        self._forget_all_but({row.question_id for row in with_words})
        groups = tuple(self._group(one) for one in clusters(found))
        return Questions(groups, len(open_rows) - len(with_words), erased)

    async def unhelpful(self, days: int) -> list[Unhelpful]:
        """Surest to be unhelpful first."""
        since = self._chassis.clock() - timedelta(days=days)
        async with self._chassis.database.read() as reader:
            rows = await asked.ratings(reader, since)
        found = [self._unhelpful(row) for row in rows]
        return sorted(found, key=lambda one: (-one.interval.low, -one.rated))

    async def reviews(self) -> list[Review]:
        """Past their date or nearly so, most overdue first."""
        async with self._chassis.database.read() as reader:
            told = await asked.overdue_told(reader)
        due = [
            Review(one, (one.review_by - self.today).days, told.get(_version(one)))
            for one in self.articles.values()
            if one.review_by - self.today <= SOON
        ]
        return sorted(due, key=lambda review: (review.days, review.article.key))

    def gaps(self) -> list[Gap]:
        by_topic: defaultdict[str, dict[str, Article]] = defaultdict(dict)
        for article in self.articles.values():
            by_topic[article.id][article.language] = article
        return [
            Gap(topic, tuple(has.values()), tuple(t for t in TONGUES if t not in has))
            for topic, has in sorted(by_topic.items())
            if len(has) < len(TONGUES)
        ]

    async def recalls(self) -> Sequence[Row[Any]]:
        async with self._chassis.database.read() as reader:
            return await asked.recalls(reader)

    def _unhelpful(self, row: Row[Any]) -> Unhelpful:
        article = self.articles.get(f"{row.topic}.{row.language}")
        return Unhelpful(
            row.topic,
            row.language,
            row.version,
            article.title if article else f"{row.topic}.{row.language}",
            article.sources[0].url if article else None,
            row.shown,
            row.rated,
            row.said_no,
            wilson(row.said_no, row.rated),
        )

    def _group(self, cluster: Cluster) -> Group:
        world = self._engine.world
        assert world is not None
        language = tongue_of(cluster.questions[0].language)
        return Group(cluster, world.index.article(world.index.topics[cluster.nearest], language))

    async def _like(self, question: UUID, text: str, language: str) -> tuple[Floats, Floats]:
        world = self._engine.world
        if self._likeness_of != self._engine.publication:
            self._likeness, self._likeness_of = {}, self._engine.publication
        found = self._likeness.get(question)
        if found is None:
            assert world is not None
            # One by one through the answering thread, so that citizens need not wait for all.
            found = await self._engine.compute(_likeness, text, language, self.today, world)
            self._likeness[question] = found
        return found

    def _forget_all_but(self, wanted: set[UUID]) -> None:
        self._likeness = {one: like for one, like in self._likeness.items() if one in wanted}


def _likeness(text: str, language: str, day: date, world: World) -> tuple[Floats, Floats]:
    evidence = find(
        text,
        tongue_of(language),
        day,
        index=world.index,
        embedder=world.embedder,
        store=world.store,
    )
    return world.embedder.embed([text])[0], evidence.probabilities


def _chosen(offered: Sequence[Row[Any]], pressed: Sequence[Row[Any]]) -> set[tuple[UUID, int]]:
    """Questions back to which the citizen then chose one of the buttons."""
    by_conversation: defaultdict[UUID, list[Row[Any]]] = defaultdict(list)
    for one in pressed:
        by_conversation[one.conversation].append(one)
    return {
        (offer.conversation, offer.seq)
        for offer in offered
        for one in by_conversation[offer.conversation]
        if one.seq > offer.seq
        and one.topic in {button["topic"] for button in offer.about.get("offered", ())}
    }


def _version(article: Article) -> tuple[str, str, int]:
    return article.id, article.language, article.version
