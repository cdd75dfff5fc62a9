"""What the conversation adds to a question: follow-ups, changes of topic, several questions at once."""

import re
from dataclasses import dataclass

from services.chatbot.courtesy import PLEASANTRIES
from services.chatbot.screen import Phrases, hearable
from services.chatbot.terms import spoken_words

_SENTENCE_END = re.compile(r"(?<=[?!])\s+|(?<=[.;])\s+(?=\S)|\n+")
_AND_ASK = re.compile(
    r"[,.;]?\s+(?:og|samt|and|och|samt)\s+(?=(?:hvor|hvad|hvordan|hvornår|hvem|kan|skal|må|"
    r"how|what|where|when|who|can|do|hur|vad|var|när|vem|ska|får)\b)",
    re.IGNORECASE,
)
# Without one of these a short remark ("det var det", "ok så") asks nothing.
_ASKS = re.compile(
    r"\?|\b(hv\w+|hur|vad|var|naer|vem|vilk\w+|how|what|where|when|who|which|why|kost\w*|cost\w*|pris\w*|price|"
    r"gratis|free|kan|can|skal|ska|must|maa|faar|may|gaelder|frist|deadline|aaben|open|oppet|oeppet)\b|"
    # For whom else: "and for my husband", "til min mor altså".
    r"^(?:\w+ )?(?:for|til|foer|aat|with|med) (?:my|min|mit|mine|mitt|mina|vores|our|vaar|hans|her|his)\b"
)
MOST_QUESTIONS = 4
FOLLOW_WORDS = 14
"""A longer message says itself what it is about."""


@dataclass(frozen=True)
class Thread:
    """What was talked about so far."""

    topic: str | None = None
    """The topic of the last answer."""
    offered: tuple[str, ...] = ()
    """Topics offered as buttons last."""


NEW = Thread()
"""A conversation in which nothing was said yet."""


def is_bare(text: str, language: str, phrases: Phrases, *, beginning: bool = False) -> bool:
    """Whether the text asks something without saying about what ("og hvad koster det?").

    At the beginning of a conversation "when are you open?" is about us.
    """
    words = spoken_words(text)
    known = phrases.aspects.get(language, frozenset())
    if beginning:
        known -= phrases.subjects.get(language, frozenset())
    asks = _ASKS.search(hearable(text)) is not None
    return asks and all(word in known or word in PLEASANTRIES or word.isdigit() for word in words)


def is_short(text: str) -> bool:
    """Whether it may lean on what was said before it."""
    return len(spoken_words(text)) <= FOLLOW_WORDS


def continues(text: str, language: str, phrases: Phrases) -> bool:
    """Whether it begins as a continuation ("og ...", "what about ...")."""
    pattern = phrases.continuation.get(language)
    return pattern is not None and pattern.search(hearable(text)) is not None


def in_thread(text: str, title: str) -> str:
    """The question with its subject named."""
    return f"{title}: {text}"


def several(text: str) -> tuple[str, ...]:
    """The sentences that may each be a question of its own; one when there is nothing to split."""
    sentences = [part.strip() for part in _SENTENCE_END.split(text) if part.strip()]
    parts = [piece.strip() for sentence in sentences for piece in _AND_ASK.split(sentence)]
    worth = [part for part in parts if len(part.split()) > 1]
    return tuple(worth[:MOST_QUESTIONS]) if len(worth) > 1 else (text,)


def asked_sentences(text: str) -> tuple[str, ...]:
    """Of a long story the sentences that end in a question mark."""
    sentences = [part.strip() for part in _SENTENCE_END.split(text) if part.strip()]
    asked = tuple(s for s in sentences if s.endswith("?") and len(s.split()) > 2)
    return asked if len(sentences) > 1 else ()
