"""What a citizen can do in a conversation: begin, ask, call for a person, say that an answer is
wrong, rate, end, take along, delete."""

import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Row

from contracts.answer import AnswerVerdict
from contracts.event import effect_id
from contracts.inquiry import ModelRef
from contracts.reference import reference_of
from infra.chassis.chassis import Chassis
from infra.database import Transaction
from infra.keyring import DataKey
from infra.pages.pages import moment, text
from infra.text.mask import mask
from infra.text.normalise import normalise
from services.chatbot.adapters import conversations as store
from services.chatbot.adapters.conversations import Kept, Talk
from services.chatbot.alarm import SILENT
from services.chatbot.dialogue import Thread
from services.chatbot.engine import Engine
from services.chatbot.handover import Handing, Handovers
from services.chatbot.knowledge import tongue_of
from services.chatbot.misread import misread
from services.chatbot.municipality import Municipality
from services.chatbot.paused import reply_paused
from services.chatbot.record import Asked, Source, record
from services.chatbot.reply import Part, Question, Reply
from services.chatbot.room import (
    Caller,
    Room,
    Shown,
    hashed,
    opened,
    sealed,
    transcript,
)
from services.chatbot.say import NO_DANGER, Saying, greeting, notice, sayings
from services.chatbot.screen import Phrases
from services.chatbot.switch import ANSWERS, AnswerSwitch


@dataclass(frozen=True)
class Begun:
    id: UUID
    token: str


class Chat:
    def __init__(
        self,
        chassis: Chassis,
        room: Room,
        engine: Engine,
        municipality: Municipality,
        handovers: Handovers,
        switch: AnswerSwitch,
        phrases: Phrases,
    ) -> None:
        self._chassis = chassis
        self._room = room
        self._engine = engine
        self._municipality = municipality
        self._handovers = handovers
        self._switch = switch
        self._phrases = phrases
        self.enter = room.enter
        self.shown = room.shown
        self.delete = room.delete
        self.answers_on = switch.is_on

    async def begin(self, language: str) -> Begun:
        begun = Begun(uuid4(), secrets.token_urlsafe(24))
        key = await self._room.make(begun.id)
        now = self._chassis.clock()
        talk = Talk(begun.id, hashed(begun.token), language, now, now, None, 0, None, ())
        said = [greeting(language, self._municipality)]
        if not await self._switch.is_on():
            said.append(notice("paused", language, phone=self._municipality.phone))
        kept = [
            sealed(key, n, uuid4(), "notice" if n > 1 else "bot", one, now)
            for n, one in enumerate(said, 1)
        ]
        async with self._chassis.database.write(brief=True) as tx:
            await store.start(tx, talk)
            await store.add(tx, kept)
        return begun

    async def ask(
        self,
        caller: Caller,
        words: str,
        message_id: UUID,
        topic: str | None = None,
        *,
        admit: Callable[[Talk], None],
    ) -> list[Shown]:
        """The citizen's message and what we say to it; the same id again changes nothing.

        `topic` is a pressed button: its article is the answer. `admit` may refuse to hear any message now,
        by an error of its own. Raises NoConversationError, ErasedError.
        """
        async with self._room.lock(caller.conversation):
            standing = await self._room.standing(caller, message_id, ANSWERS)
            talk = standing.talk
            admit(talk)
            key = await self._room.key(talk.id)
            if standing.there is not None:
                return await self._room.shown(talk.id, standing.there - 1)
            before = await self._handovers.before(talk.id) if standing.handed else []
            paused = not self._switch.would_be_on(standing.turned)
            now = self._chassis.clock()
            reply = await self._reply(talk, words, topic, now, paused=paused)
            kept = self._sealed(talk, key, message_id, reply, now, paused=paused)
            handing = await self._handing(talk, key, reply, kept, before)
            await self._keep_reply(key, reply, kept, handing, paused=paused)
            if handing is None:
                return [opened(one, key) for one in kept]
            return await self._room.shown(talk.id, kept[0].seq - 1)

    async def call_person(self, talk: Talk, note: str, mail: str | None, event: UUID) -> str:
        """Hand the conversation over; its reference. The same `event` again changes nothing."""
        async with self._room.lock(talk.id):
            before = await self._handovers.before(talk.id)
            inquiry = effect_id(event, "handover")
            if any(row.inquiry == inquiry for row in before):
                return reference_of(inquiry)
            if before and not note and mail is None:
                handing = self._handovers.again(talk, before[0], event)
            else:
                words = transcript(normalise(mask(note).text), await self._room.shown(talk.id))
                handing = await self._handovers.person(talk, event, words, mail)
            await self._hand(talk, handing)
            return handing.reference

    async def contest(self, talk: Talk, seq: int) -> str | None:
        """ "This is wrong": a person reads it, and no machine sorts it. Its reference; None when
        there is no such answer. Again changes nothing."""
        async with self._room.lock(talk.id):
            async with self._chassis.database.read(brief=True) as reader:
                turn = await store.turn_of(reader, talk.id, seq)
            if turn is None or turn.topic is None:
                return None
            event = effect_id(talk.id, f"wrong/{seq}")
            inquiry = effect_id(event, "handover")
            if any(row.inquiry == inquiry for row in await self._handovers.before(talk.id)):
                return reference_of(inquiry)
            shown = await self._room.shown(talk.id)
            title = next((one.about.get("title", "") for one in shown if one.seq == seq), "")
            words = text("chatbot.contest_note", talk.language, title=title, version=turn.version)
            handing = await self._handovers.person(
                talk, event, transcript(words, shown), contested=True
            )
            await self._hand(talk, handing)
            await self.rate(talk, seq, helpful=False)
            return handing.reference

    async def rate(self, talk: Talk, seq: int, *, helpful: bool) -> bool:
        async with self._chassis.database.write(brief=True) as tx:
            return await store.rate(tx, talk.id, seq, helpful=helpful)

    async def end(self, talk: Talk) -> None:
        if talk.ended_at is not None:
            return
        now = self._chassis.clock()
        await self._room.tell(talk.id, notice("ended", talk.language), effect_id(talk.id, "ended"))
        async with self._chassis.database.write(brief=True) as tx:
            await store.touch(tx, talk.id, ended_at=now)

    async def download(self, talk: Talk) -> str:
        title = text("chatbot.download", talk.language, name=self._municipality.name)
        return download_text(title, await self._room.shown(talk.id), talk.language)

    async def _hand(self, talk: Talk, handing: Handing) -> None:
        """A pressed button: a turn without a question, so that the trail says where it went."""
        key = await self._room.key(talk.id)
        async with self._chassis.database.write(brief=True) as tx:
            seq = await self._handovers.put(tx, key, handing)
            if handing.received is None or seq is None:
                return
            said = sealed(key, seq, handing.said_id, "notice", handing.said, self._chassis.clock())
            await record(
                self._chassis,
                tx,
                said,
                Part("handed-over", confidence=1.0),
                tongue_of(talk.language),
                asked=Asked(),
                source=Source(),
                handed_over=handing.inquiry,
            )
        self._count("handed-over", talk.language)

    async def _reply(
        self, talk: Talk, words: str, topic: str | None, now: datetime, *, paused: bool
    ) -> Reply:
        language = tongue_of(talk.language)
        day = self._municipality.local(now).date()
        world = self._engine.world
        thread = Thread(talk.topic, talk.offered)
        question = Question(words, day, language, thread)
        if paused or world is None:
            hear = world.danger_in if world else SILENT.hear
            return reply_paused(question, self._phrases, hear)
        article = world.index.article(topic, language) if topic else None
        if article is not None and article.answers_on(day):
            verdict: AnswerVerdict = "other-authority" if article.other_authority else "answered"
            part = Part(verdict, article, confidence=1.0, threshold=0.0)
            return Reply(language, (part,), article.title, 0, Thread(article.id))
        if topic == NO_DANGER:
            again = misread(await self._room.shown(talk.id))
            question = replace(question, text=again or words, calmed=again is not None)
        reply = await self._engine.reply(question)
        return reply or reply_paused(question, self._phrases, SILENT.hear)

    def _sealed(
        self,
        talk: Talk,
        key: DataKey,
        message_id: UUID,
        reply: Reply,
        now: datetime,
        *,
        paused: bool,
    ) -> list[Kept]:
        """The message and what is said to it."""
        asked = Saying("question", reply.masked_text, {})
        kept = [sealed(key, talk.messages + 1, message_id, "citizen", asked, now)]
        for saying in self._words(reply, paused=paused):
            said_id = effect_id(message_id, f"said/{len(kept)}")
            role = "notice" if saying.kind == "notice" else "bot"
            kept.append(sealed(key, kept[0].seq + len(kept), said_id, role, saying, now))
        return kept

    async def _keep_reply(
        self,
        key: DataKey,
        reply: Reply,
        kept: Sequence[Kept],
        handing: Handing | None,
        *,
        paused: bool,
    ) -> None:
        """Everything that follows from a message in one transaction."""
        answers = [one for one in kept if one.role == "bot"]
        thread = reply.thread
        async with self._chassis.database.write(brief=True) as tx:
            await store.add(tx, kept, topic=thread.topic, offered=list(thread.offered))
            for one, part in zip(answers, reply.parts, strict=True):
                source = Source() if paused else self._source()
                await self._record(tx, one, part, reply, kept[0], key, handing, source)
            if handing is not None:
                await self._handovers.put(tx, key, handing)
            self._room.announce_after(tx, key.id)
        for part in reply.parts:
            self._count(part.verdict, reply.language)

    async def _handing(
        self,
        talk: Talk,
        key: DataKey,
        reply: Reply,
        kept: Sequence[Kept],
        before: Sequence[Row[Any]],
    ) -> Handing | None:
        """Where the message goes besides its answer."""
        verdicts = {part.verdict for part in reply.parts}
        message_id = kept[0].id
        if "handed-over" in verdicts:
            event = effect_id(message_id, "person")
            if before and not any(part.refusal for part in reply.parts):
                return self._handovers.again(talk, before[0], event)
            if before:
                return await self._handovers.forward(talk, before[0], reply.masked_text, message_id)
            shown = [*await self._room.shown(talk.id), *(opened(one, key) for one in kept)]
            return await self._handovers.person(talk, event, transcript("", shown))
        if "declined" in verdicts and before:
            return await self._handovers.forward(talk, before[0], reply.masked_text, message_id)
        return None

    def _words(self, reply: Reply, *, paused: bool) -> list[Saying]:
        world = self._engine.world
        said = sayings(reply, world.index if world else None, self._municipality)
        if not paused:
            return said
        phone = self._municipality.phone
        instead = Saying(
            "declined", text("chatbot.paused", reply.language, phone=phone), {"person": True}
        )
        return [instead if one.kind == "declined" else _without_buttons(one) for one in said]

    async def _record(
        self,
        tx: Transaction,
        one: Kept,
        part: Part,
        reply: Reply,
        asked: Kept,
        key: DataKey,
        handing: Handing | None,
        source: Source,
    ) -> None:
        passed_on = handing is not None and part.verdict in {"handed-over", "declined"}
        await record(
            self._chassis,
            tx,
            one,
            part,
            reply.language,
            asked=Asked(asked.seq, key.seal("question", reply.masked_text)),
            source=source,
            handed_over=handing.inquiry if handing and passed_on else None,
        )

    def _source(self) -> Source:
        world = self._engine.world
        if world is None:
            return Source()
        model = ModelRef(name=world.index.model_name, digest=world.index.model_digest)
        return Source(model, self._engine.publication)

    def _count(self, verdict: str, language: str) -> None:
        self._chassis.metrics.count(
            "henvend_questions_answered_total", verdict=verdict, language=language
        )


def _without_buttons(saying: Saying) -> Saying:
    """While nothing is answered no button may promise an answer."""
    about = {name: of for name, of in saying.about.items() if name != "offered"}
    return replace(saying, about=about)


def download_text(title: str, shown: Iterable[Shown], language: str) -> str:
    """For the citizen to keep: who said what and when, and where each answer is from."""
    lines = [title, ""]
    for one in shown:
        who = {"citizen": "you", "staff": "staff", "notice": "notice"}.get(one.role, "bot")
        lines += [f"{moment(one.at)} {text(f'chatbot.ui.{who}', language)}"]
        about = one.about
        lines += [about[name] for name in ("title", "lead") if about.get(name)]
        lines += [one.text]
        if about.get("title"):
            lines.append(_credit(one, language))
        lines.append("")
    return "\n".join(lines)


def _credit(one: Shown, language: str) -> str:
    about = one.about
    facts = [
        text("chatbot.ui.ai_mark", language),
        text("chatbot.ui.version", language, version=about["version"]),
        text("chatbot.ui.approved", language, role=about["approved_by"]),
        text("chatbot.ui.review", language, date=about["review_by"]),
        *(source["url"] for source in about["sources"]),
    ]
    return f"({' · '.join(facts)})"
