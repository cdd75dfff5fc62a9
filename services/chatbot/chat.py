"""What a citizen can do in a conversation: begin, ask, call for a person, rate, end, take along, delete."""

import asyncio
import hmac
import secrets
from collections import defaultdict
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

from contracts.answer import AnswerVerdict, QuestionAnswered
from contracts.event import Envelope, effect_id
from contracts.inquiry import InquiryReceived, Language, ModelRef
from contracts.reference import reference_of
from infra.chassis.chassis import Chassis
from infra.database import Transaction
from infra.keyring import DataKey, KeyDestroyedError, UnknownKeyError
from infra.text.mask import mask
from infra.text.normalise import normalise
from services.chatbot.adapters import conversations as store
from services.chatbot.adapters.conversations import Kept, Talk
from services.chatbot.answer import Part, Question, Reply
from services.chatbot.dialogue import Thread
from services.chatbot.engine import Engine
from services.chatbot.knowledge import Tongue
from services.chatbot.live import Arrivals
from services.chatbot.municipality import Municipality
from services.chatbot.publish import reference
from services.chatbot.say import Saying, greeting, handed_over, notice, sayings

LONGEST_MESSAGE = 4000
"""Characters."""


class NoConversationError(LookupError):
    """There is no such conversation, or the token does not open it, or it was deleted."""


@dataclass(frozen=True)
class Begun:
    id: UUID
    token: str


@dataclass(frozen=True)
class Shown:
    """A message as the citizen sees it."""

    seq: int
    id: UUID
    role: str
    kind: str
    at: datetime
    text: str
    about: dict[str, Any]


class Chat:
    def __init__(
        self,
        chassis: Chassis,
        engine: Engine,
        municipality: Municipality,
        arrivals: Arrivals,
        holidays: Container[date],
    ) -> None:
        self._chassis = chassis
        self._engine = engine
        self._municipality = municipality
        self._arrivals = arrivals
        self._holidays = holidays
        self._locks: defaultdict[UUID, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._keys: dict[UUID, DataKey] = {}

    async def begin(self, language: Tongue) -> Begun:
        begun = Begun(uuid4(), secrets.token_urlsafe(24))
        key = await self._chassis.keyring.create(begun.id)
        now = self._chassis.clock()
        talk = Talk(begun.id, hashed(begun.token), language, now, now, None, 0, None, ())
        said = greeting(language, self._municipality)
        async with self._chassis.database.write() as tx:
            await store.start(tx, talk)
            await store.add(tx, [_kept(talk, key, 1, uuid4(), "bot", said, now)])
        self._keep_key(key)
        return begun

    async def enter(self, conversation: UUID, token: str) -> Talk:
        """Raises NoConversationError."""
        async with self._chassis.database.read() as reader:
            talk = await store.talk(reader, conversation)
        if talk is None or not hmac.compare_digest(talk.token_hash, hashed(token)):
            raise NoConversationError
        return talk

    async def shown(self, conversation: UUID, after: int = 0) -> list[Shown]:
        """All messages after `after`, opened. Raises NoConversationError."""
        key = await self._key(conversation)
        async with self._chassis.database.read() as reader:
            kept = await store.messages(reader, conversation, after)
        return [_shown(one, key) for one in kept]

    async def ask(
        self, talk: Talk, text: str, message_id: UUID, topic: str | None = None
    ) -> list[Shown]:
        """The citizen's message and what we say to it; the same id again changes nothing.

        `topic` is a pressed button: its article is the answer.
        """
        async with self._locks[talk.id]:
            key = await self._key(talk.id)
            async with self._chassis.database.read() as reader:
                there = await store.seq_of(reader, talk.id, message_id)
                fresh = await store.talk(reader, talk.id)
            if there is not None:
                return await self.shown(talk.id, there - 1)
            if fresh is None:
                raise NoConversationError
            now = self._chassis.clock()
            reply = await self._reply(fresh, text, topic, now)
            return await self._keep_reply(fresh, key, message_id, reply, now)

    async def call_person(self, talk: Talk, note: str, mail: str | None, event: UUID) -> str:
        """Hand the conversation over; its reference. The same `event` again changes nothing."""
        async with self._locks[talk.id]:
            return await self._hand_over(talk, note, mail, event)

    async def rate(self, talk: Talk, seq: int, *, helpful: bool) -> bool:
        async with self._chassis.database.write() as tx:
            return await store.rate(tx, talk.id, seq, helpful=helpful)

    async def end(self, talk: Talk) -> None:
        if talk.ended_at is not None:
            return
        now = self._chassis.clock()
        await self.tell(talk.id, notice("ended", talk.language), effect_id(talk.id, "ended"))
        async with self._chassis.database.write() as tx:
            await store.touch(tx, talk.id, ended_at=now)

    async def delete(self, conversation: UUID) -> None:
        """The words are gone for good, here and wherever they travelled under this key."""
        self._keys.pop(conversation, None)
        async with self._chassis.database.write() as tx:
            await store.erase(tx, conversation)
        await self._chassis.keyring.shred(conversation)
        await self._chassis.database.truncate_log()

    async def tell(
        self, conversation: UUID, saying: Saying, message_id: UUID, role: str = "notice"
    ) -> None:
        """Say something into a conversation once; silently nothing when it was deleted."""
        try:
            key = await self._key(conversation)
        except NoConversationError:
            return
        async with self._locks[conversation], self._chassis.database.write() as tx:
            await self.tell_in(tx, conversation, saying, message_id, key=key, role=role)

    async def tell_in(
        self,
        tx: Transaction,
        conversation: UUID,
        saying: Saying,
        message_id: UUID,
        *,
        key: DataKey,
        role: str = "notice",
    ) -> None:
        talk = await store.talk(tx, conversation)
        if talk is None or await store.seq_of(tx, conversation, message_id) is not None:
            return
        now = self._chassis.clock()
        await store.add(tx, [_kept(talk, key, talk.messages + 1, message_id, role, saying, now)])
        tx.after_commit(lambda: self._arrivals.announce(conversation))

    async def _reply(self, talk: Talk, text: str, topic: str | None, now: datetime) -> Reply:
        language = _tongue(talk.language)
        day = self._municipality.local(now).date()
        if topic is not None and self._engine.world is not None:
            article = self._engine.world.index.article(topic, language)
            if article is not None and article.answers_on(day):
                verdict: AnswerVerdict = (
                    "other-authority" if article.other_authority else "answered"
                )
                part = Part(verdict, article, confidence=1.0, threshold=0.0)
                return Reply(language, (part,), article.title, 0, Thread(topic))
        thread = Thread(talk.topic, talk.offered)
        reply = await self._engine.reply(Question(text, day, language, thread))
        if reply is not None:
            return reply
        taken = mask(normalise(text))
        return Reply(language, (Part("declined"),), taken.text, len(taken.spans), thread)

    async def _keep_reply(
        self, talk: Talk, key: DataKey, message_id: UUID, reply: Reply, now: datetime
    ) -> list[Shown]:
        said = self._words(reply)
        asked = Saying("question", reply.masked_text, {})
        kept = [_kept(talk, key, talk.messages + 1, message_id, "citizen", asked, now)]
        for saying in said:
            seq = talk.messages + 1 + len(kept)
            said_id = effect_id(message_id, f"said/{len(kept)}")
            role = "notice" if saying.kind == "notice" else "bot"
            kept.append(_kept(talk, key, seq, said_id, role, saying, now))
        answers = [one for one in kept if one.role == "bot"]
        async with self._chassis.database.write() as tx:
            await store.add(tx, kept)
            await store.touch(
                tx, talk.id, topic=reply.thread.topic, offered=list(reply.thread.offered)
            )
            for one, part in zip(answers, reply.parts, strict=True):
                await self._record(tx, talk, key, one, part, reply, kept[0])
            tx.after_commit(lambda: self._arrivals.announce(talk.id))
        for part in reply.parts:
            self._chassis.metrics.count(
                "henvend_questions_answered_total", verdict=part.verdict, language=reply.language
            )
        if any(part.verdict == "handed-over" for part in reply.parts):
            await self._hand_over(talk, "", None, _asked_for(message_id))
        elif any(part.verdict == "declined" for part in reply.parts):
            await self._forward(talk, reply.masked_text, message_id)
        return await self.shown(talk.id, kept[0].seq - 1)

    def _words(self, reply: Reply) -> list[Saying]:
        world = self._engine.world
        if world is None:
            first = [notice("masked", reply.language)] if reply.masked else []
            return [
                *first,
                Saying("declined", notice("declined", reply.language).text, {"person": True}),
            ]
        return sayings(reply, world.index, self._municipality)

    async def _record(
        self,
        tx: Transaction,
        talk: Talk,
        key: DataKey,
        one: Kept,
        part: Part,
        reply: Reply,
        asked: Kept,
    ) -> None:
        """The turn for editors and recall, and its event for the trail, in one transaction."""
        article = part.article
        confidence = min(1.0, max(0.0, part.confidence))
        await store.add_turn(
            tx,
            conversation=talk.id,
            seq=one.seq,
            at=one.at,
            asked_seq=asked.seq,
            verdict=part.verdict,
            language=reply.language,
            topic=article.id if article else None,
            version=article.version if article else None,
            confidence=confidence,
        )
        world = self._engine.world
        event = QuestionAnswered(
            inquiry=talk.id,
            turn=one.seq,
            verdict=part.verdict,
            language=_language(reply.language),
            confidence=confidence,
            threshold=min(1.0, max(0.0, part.threshold)),
            articles=(reference(article),) if article else (),
            offered=tuple(a.id for a in part.offered) if part.verdict == "clarified" else (),
            question=key.seal("question", reply.masked_text),
            model=ModelRef(
                name=world.index.model_name if world else "none",
                digest=world.index.model_digest if world else "",
            ),
            handed_over=_inquiry_of(asked.id) if part.verdict == "handed-over" else None,
        )
        envelope = Envelope[QuestionAnswered].of(
            event, event_id=effect_id(one.id, "answered"), source="chatbot", time=one.at
        )
        await self._chassis.outbox.put(tx, envelope, cause=None)

    async def _hand_over(self, talk: Talk, note: str, mail: str | None, event: UUID) -> str:
        async with self._chassis.database.read() as reader:
            before = await store.handovers(reader, talk.id)
        inquiry = effect_id(event, "handover")
        if any(row.inquiry == inquiry for row in before):
            return reference_of(inquiry)
        if before and not note and mail is None:
            again = notice("handed_over_again", talk.language, reference=before[0].reference)
            await self._say_locked(talk.id, again, effect_id(event, "again"))
            return str(before[0].reference)
        now = self._chassis.clock()
        follows = before[0].inquiry if before else None
        text = transcript(note, await self.shown(talk.id))
        received = await self._received(talk, inquiry, text, mail, now, follows)
        said = handed_over(
            talk.language,
            received.reference,
            opens=self._municipality.opens(now, self._holidays),
            now=now,
            answered_by=self._municipality.answered_by(now, self._holidays),
            by_mail=mail is not None,
        )
        key = await self._key(talk.id)
        async with self._chassis.database.write() as tx:
            await self._put_inquiry(tx, received, now)
            await self.tell_in(tx, talk.id, said, effect_id(inquiry, "told"), key=key)
        return received.reference

    async def _forward(self, talk: Talk, text: str, message_id: UUID) -> None:
        """After a handover, what no article answers is passed on to whoever has the inquiry."""
        async with self._chassis.database.read() as reader:
            before = await store.handovers(reader, talk.id)
        if not before:
            return
        now = self._chassis.clock()
        inquiry = effect_id(message_id, "handover")
        received = await self._received(talk, inquiry, text, None, now, before[0].inquiry)
        key = await self._key(talk.id)
        async with self._chassis.database.write() as tx:
            await self._put_inquiry(tx, received, now)
            said = notice("forwarded", talk.language)
            await self.tell_in(tx, talk.id, said, effect_id(inquiry, "told"), key=key)

    async def _received(
        self,
        talk: Talk,
        inquiry: UUID,
        text: str,
        mail: str | None,
        now: datetime,
        follows: UUID | None,
    ) -> InquiryReceived:
        key = await self._chassis.keyring.create(inquiry)
        return InquiryReceived(
            inquiry=inquiry,
            reference=reference_of(inquiry),
            channel="chat",
            received_at=now,
            text=key.seal("text", text),
            sender=key.seal("sender", mail) if mail else None,
            language=_language(talk.language),
            conversation=talk.id,
            follows=follows,
            wants_person=True,
        )

    async def _put_inquiry(self, tx: Transaction, received: InquiryReceived, now: datetime) -> None:
        envelope = Envelope[InquiryReceived].of(
            received, event_id=effect_id(received.inquiry, "received"), source="chatbot", time=now
        )
        await self._chassis.outbox.put(tx, envelope, cause=received.inquiry)
        assert received.conversation is not None
        await store.add_handover(
            tx,
            inquiry=received.inquiry,
            conversation=received.conversation,
            reference=received.reference,
            event_id=envelope.id,
            put_at=now,
            said_at=now,
        )

    async def _say_locked(self, conversation: UUID, saying: Saying, message_id: UUID) -> None:
        key = await self._key(conversation)
        async with self._chassis.database.write() as tx:
            await self.tell_in(tx, conversation, saying, message_id, key=key)

    async def _key(self, conversation: UUID) -> DataKey:
        found = self._keys.get(conversation)
        if found is None:
            try:
                found = await self._chassis.keyring.data_key(conversation)
            except (KeyDestroyedError, UnknownKeyError) as error:
                raise NoConversationError from error
            self._keep_key(found)
        return found

    def _keep_key(self, key: DataKey) -> None:
        if len(self._keys) > 5000:
            self._keys.clear()
        self._keys[key.id] = key


def _asked_for(message_id: UUID) -> UUID:
    """What asks for a person when the citizen wrote it instead of pressing the button."""
    return effect_id(message_id, "person")


def _inquiry_of(message_id: UUID) -> UUID:
    return effect_id(_asked_for(message_id), "handover")


def transcript(note: str, shown: Sequence[Shown]) -> str:
    """What the caseworker reads: the citizen's own words first, then what the chat showed them."""
    asked = [one.text for one in shown if one.role == "citizen"]
    lines = [f"{_SPEAKER.get(one.role, '-')} {_brief(one)}" for one in shown[1:]]
    parts = [normalise(mask(note).text), *asked, "—", *lines]
    return "\n\n".join(part for part in parts if part)[:20_000]


_SPEAKER = {"citizen": ">", "bot": "AI:", "staff": "#"}


def _brief(one: Shown) -> str:
    title = one.about.get("title")
    return f"[{title}, v{one.about.get('version')}]" if title else one.text


def hashed(token: str) -> str:
    return sha256(token.encode()).hexdigest()


def _kept(
    talk: Talk, key: DataKey, seq: int, message_id: UUID, role: str, saying: Saying, at: datetime
) -> Kept:
    sealed = key.seal(f"message/{message_id}", saying.text)
    return Kept(talk.id, seq, message_id, role, saying.kind, at, sealed, saying.about)


def _shown(one: Kept, key: DataKey) -> Shown:
    text = key.open(f"message/{one.id}", one.text)
    return Shown(one.seq, one.id, one.role, one.kind, one.at, text, dict(one.about))


def _tongue(language: str) -> Tongue:
    return "sv" if language == "sv" else "en" if language == "en" else "da"


def _language(language: str) -> Language:
    return _tongue(language)


def download_text(title: str, shown: Iterable[Shown]) -> str:
    lines = [title, ""]
    for one in shown:
        lines += [f"{one.at:%Y-%m-%d %H:%M} {one.role}", one.text, ""]
    return "\n".join(lines)
