"""Conversations as they rest: sealed messages, opened with their keys, one writer each."""

import asyncio
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple
from uuid import UUID
from weakref import WeakValueDictionary

from infra.chassis.chassis import Chassis
from infra.database import Transaction
from infra.keyring import DataKey, KeyDestroyedError, UnknownKeyError
from services.chatbot.adapters import conversations as store
from services.chatbot.adapters.conversations import Kept, Standing, Talk
from services.chatbot.live import Arrivals
from services.chatbot.receipt import token_of
from services.chatbot.say import Saying

MOST_KEYS = 5000
"""Held in memory, so that an answer does not wait for the keyring."""


class NoConversationError(LookupError):
    """There is no such conversation, or the token does not open it, or it was deleted."""


class ErasedError(NoConversationError):
    """It was destroyed by a decision; `language` is what it was held in."""

    def __init__(self, language: str) -> None:
        super().__init__()
        self.language = language


class Caller(NamedTuple):
    """Who says to have begun this conversation."""

    conversation: UUID
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
    receipt: str | None = None
    """Address of the page that explains an automatic answer: `<id>/<token>`."""


class Room:
    def __init__(self, chassis: Chassis, arrivals: Arrivals) -> None:
        self._chassis = chassis
        self._arrivals = arrivals
        # A lock lives as long as somebody holds or awaits it.
        self._locks: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()
        self._keys: dict[UUID, DataKey] = {}

    def lock(self, conversation: UUID) -> asyncio.Lock:
        """Held while a conversation is written to."""
        return self._locks.setdefault(conversation, asyncio.Lock())

    async def make(self, conversation: UUID) -> DataKey:
        key = await self._chassis.keyring.create(conversation)
        self._keep_key(key)
        return key

    async def enter(self, conversation: UUID, token: str) -> Talk:
        """Raises NoConversationError; ErasedError only to whom the token belongs."""
        async with self._chassis.database.read(brief=True) as reader:
            talk = await store.talk(reader, conversation)
        return _opened_by(token, talk)

    async def standing(self, caller: Caller, message_id: UUID, switch: str) -> Standing:
        """`enter`, and how things stand there for this message; raises the same."""
        async with self._chassis.database.read(brief=True) as reader:
            found = await store.standing(reader, caller.conversation, message_id, switch)
        _opened_by(caller.token, found.talk if found else None)
        assert found is not None
        return found

    async def shown(self, conversation: UUID, after: int = 0) -> list[Shown]:
        """All messages after `after`, opened. Raises NoConversationError."""
        key = await self.key(conversation)
        async with self._chassis.database.read(brief=True) as reader:
            kept = await store.messages(reader, conversation, after)
        return [opened(one, key) for one in kept]

    async def tell(
        self, conversation: UUID, saying: Saying, message_id: UUID, role: str = "notice"
    ) -> None:
        """Say something into a conversation once; silently nothing when it was deleted."""
        try:
            key = await self.key(conversation)
        except NoConversationError:
            return
        async with self.lock(conversation), self._chassis.database.write() as tx:
            await self.tell_in(tx, key, saying, message_id, role=role)

    async def tell_in(
        self,
        tx: Transaction,
        key: DataKey,
        saying: Saying,
        message_id: UUID,
        *,
        role: str = "notice",
    ) -> int | None:
        """Its number; None when it was said before or the conversation is gone."""
        talk = await store.talk(tx, key.id)
        if talk is None or talk.erased_at is not None:
            return None
        if await store.seq_of(tx, key.id, message_id) is not None:
            return None
        seq = talk.messages + 1
        await store.add(tx, [sealed(key, seq, message_id, role, saying, self._chassis.clock())])
        self.announce_after(tx, key.id)
        return seq

    def announce_after(self, tx: Transaction, conversation: UUID) -> None:
        tx.after_commit(lambda: self._arrivals.announce(conversation))

    async def key(self, conversation: UUID) -> DataKey:
        """Raises NoConversationError."""
        found = self._keys.get(conversation)
        if found is None:
            try:
                found = await self._chassis.keyring.data_key(conversation)
            except (KeyDestroyedError, UnknownKeyError) as error:
                raise NoConversationError from error
            self._keep_key(found)
        return found

    async def delete(self, conversation: UUID) -> None:
        """The words are gone for good, here and wherever they travelled under this key."""
        await self._destroy_key(conversation)
        async with self._chassis.database.write() as tx:
            await store.erase(tx, conversation)
            self.announce_after(tx, conversation)
        await self._chassis.database.truncate_log()

    async def erase(self, conversation: UUID) -> None:
        """As `delete`, but what is left says that it was erased. Again is harmless."""
        await self._destroy_key(conversation)
        async with self._chassis.database.write() as tx:
            await store.erase_words(tx, conversation, self._chassis.clock())
            self.announce_after(tx, conversation)
        await self._chassis.database.truncate_log()

    async def _destroy_key(self, conversation: UUID) -> None:
        # The key first: stopped in between, the rows left are unreadable and are swept up later.
        self._keys.pop(conversation, None)
        await self._chassis.keyring.shred(conversation)
        # A reader that began before may have put it back meanwhile.
        self._keys.pop(conversation, None)

    def _keep_key(self, key: DataKey) -> None:
        if len(self._keys) > MOST_KEYS:
            self._keys.clear()
        self._keys[key.id] = key


def _opened_by(token: str, talk: Talk | None) -> Talk:
    if talk is None or not hmac.compare_digest(talk.token_hash, hashed(token)):
        raise NoConversationError
    if talk.erased_at is not None:
        raise ErasedError(talk.language)
    return talk


def hashed(token: str) -> str:
    return sha256(token.encode()).hexdigest()


def sealed(
    key: DataKey, seq: int, message_id: UUID, role: str, saying: Saying, at: datetime
) -> Kept:
    words = key.seal(f"message/{message_id}", saying.text)
    return Kept(key.id, seq, message_id, role, saying.kind, at, words, saying.about)


def opened(one: Kept, key: DataKey) -> Shown:
    text = key.open(f"message/{one.id}", one.text)
    explained = one.role == "bot" and one.kind != "greeting"
    receipt = f"{one.id}/{token_of(key, one.id)}" if explained else None
    return Shown(one.seq, one.id, one.role, one.kind, one.at, text, dict(one.about), receipt)


def transcript(note: str, shown: Iterable[Shown]) -> str:
    """What the caseworker reads: the citizen's own words first, then what the chat showed them."""
    said = list(shown)
    asked = [one.text for one in said if one.role == "citizen"]
    lines = [f"{_SPEAKER.get(one.role, '-')} {_brief(one)}" for one in said[1:]]
    parts = [note, *asked, "—", *lines]
    return "\n\n".join(part for part in parts if part)[:20_000]


_SPEAKER = {"citizen": ">", "bot": "AI:", "staff": "#"}


def _brief(one: Shown) -> str:
    title = one.about.get("title")
    return f"[{title}, v{one.about.get('version')}]" if title else one.text
