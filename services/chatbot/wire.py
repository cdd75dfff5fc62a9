"""What the chat's HTTP API takes and gives."""

from datetime import datetime
from functools import lru_cache
from html import escape
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.chatbot.knowledge import Tongue
from services.chatbot.render import callable_numbers, kept_together, to_html
from services.chatbot.room import Shown

LONGEST_MESSAGE = 4000
"""Characters."""
MAIL = r"^[^@\s<>]{1,64}@[^@\s<>]{1,190}\.[^@\s<>]{2,24}$"


class Wish(BaseModel):
    """Base of everything that is sent to us."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Begin(Wish):
    language: Tongue = "da"
    challenge: str = Field(default="", max_length=80)
    """From an answer with status 428."""
    proof: str = Field(default="", max_length=40)
    """Chosen so that the SHA-256 of `challenge:proof` begins with `bits` zero bits."""


class Ask(Wish):
    text: str = Field(min_length=1, max_length=LONGEST_MESSAGE)
    id: UUID | None = None
    """The sender's id for it: the same id again is the same message."""
    topic: str | None = Field(default=None, max_length=64)
    """A pressed button."""


class CallPerson(Wish):
    note: str = Field(default="", max_length=LONGEST_MESSAGE)
    email: str | None = Field(default=None, max_length=280, pattern=MAIL)
    id: UUID | None = None
    """The sender's id for it: the same id again is the same handover."""


class Rate(Wish):
    seq: int = Field(ge=1)
    """Number of the answer."""
    helpful: bool


class Contest(Wish):
    seq: int = Field(ge=1)
    """Number of the answer that is wrong."""


class Message(BaseModel):
    """Our own texts come as safe HTML too, people's words as plain text only."""

    seq: int
    id: UUID
    role: str
    """citizen, bot, staff or notice."""
    kind: str
    at: datetime
    text: str
    html: str | None
    about: dict[str, Any]
    """Article, buttons (`offered`) and what may be done (`person`); no personal data."""
    receipt: str | None
    """Public page that explains an automatic answer; whoever has the address can read it."""


class Messages(BaseModel):
    messages: list[Message]


class Begun(Messages):
    id: UUID
    token: str
    """Opens the conversation: send it as `Authorization: Bearer`."""


class Task(BaseModel):
    """Many conversations begin at once: solve this and come again."""

    status: int = 428
    error: str
    challenge: str
    bits: int


class Reference(BaseModel):
    reference: str
    """To be said on the phone."""


class Thanks(BaseModel):
    thanks: str


class Ended(BaseModel):
    status: str = "ended"


class About(BaseModel):
    """What a page needs before a conversation begins."""

    name: str
    phone: str
    on: bool
    """False: automatic answers are paused; a person can still be called."""
    longest: int
    texts: dict[str, str]


def message(shown: Shown, home: str) -> Message:
    """`home` is the chat's own address."""
    ours = shown.role in {"bot", "notice"}
    return Message(
        seq=shown.seq,
        id=shown.id,
        role=shown.role,
        kind=shown.kind,
        at=shown.at,
        text=shown.text,
        html=_html(shown) if ours else None,
        about=shown.about,
        receipt=f"{home}/answers/{shown.receipt}" if shown.receipt else None,
    )


def _html(shown: Shown) -> str:
    # What articles say is the same for everybody; a notice may name somebody's case.
    if shown.about.get("title"):
        return _article_html(shown.text)
    html = to_html(shown.text)
    reference = shown.about.get("reference")
    html = kept_together(html, escape(reference)) if reference else html
    return callable_numbers(html) if shown.kind == "crisis" else html


_article_html = lru_cache(maxsize=1024)(to_html)
