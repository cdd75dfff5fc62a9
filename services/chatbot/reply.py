"""What an answer is made of: the question and the world that go in, the parts and the reply that come out."""

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from contracts.answer import AnswerVerdict
from services.chatbot.alarm import APART, clauses
from services.chatbot.courtesy import Courtesy
from services.chatbot.dialogue import NEW, Thread
from services.chatbot.index import Index
from services.chatbot.knowledge import Article, Tongue
from services.chatbot.ports import Embedder, VectorStore
from services.chatbot.screen import Danger, Phrases, Refusal, Screening

_CALM = Screening()
LONGEST_QUESTION = 600
"""Characters of a message that are searched; the rest of a long story says little about the topic."""


@dataclass(frozen=True)
class World:
    """What answering needs."""

    index: Index
    embedder: Embedder
    store: VectorStore
    phrases: Phrases
    home: frozenset[str] = frozenset()
    """Words that name no other place than this municipality and its country."""

    def danger_in(self, text: str, screening: Screening) -> Danger | None:
        """What phrases found, or what words and meaning together say."""
        if screening.danger is not None:
            return screening.danger
        return "alarm" if self.loudness(text) >= 0 or self.cries_within(text) else None

    def loudness(self, text: str) -> float:
        """By how much words and meaning are above what ordinary messages reach."""
        said = text[:LONGEST_QUESTION]
        meaning = self.index.kinds.danger(said, self.embedder.embed([said])[0])
        return self.index.alarm.loudness(text, meaning)

    def cries_within(self, text: str) -> bool:
        """Whether a part of it is a cry, however ordinary the rest."""
        return any(self.loudness(clause) >= APART for clause in clauses(text))


@dataclass(frozen=True)
class Question:
    """A message as it came, and what is known around it."""

    text: str
    day: date
    setting: Tongue = "da"
    """The widget's language."""
    thread: Thread = NEW
    language: Tongue = "da"
    """The language it is answered in."""
    kept: str = ""
    """The whole message without personal data; `text` is what is asked in it."""
    masked: int = 0
    """How many pieces of personal data were taken out."""
    screening: Screening = _CALM
    calmed: bool = False
    """The citizen said that nobody is in danger: only a phrase is still heard."""


class Part(NamedTuple):
    """One answer in a reply."""

    verdict: AnswerVerdict
    article: Article | None = None
    offered: tuple[Article, ...] = ()
    """Buttons: "did you mean"."""
    confidence: float = 0.0
    threshold: float = 1.0
    danger: Danger | None = None
    refusal: Refusal | None = None
    courtesy: Courtesy | None = None
    """It asked nothing: what kind of remark it was."""


@dataclass(frozen=True)
class Reply:
    language: Tongue
    parts: tuple[Part, ...]
    masked_text: str
    """The message without personal numbers: the only form of it that may be kept."""
    masked: int
    thread: Thread
