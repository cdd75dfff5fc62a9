"""Which questions a publication answers otherwise than the one before, and in what way."""

from datetime import date
from typing import Literal, NamedTuple, get_args

from contracts.answer import AnswerVerdict
from services.chatbot.answer import answer
from services.chatbot.knowledge import Tongue
from services.chatbot.reply import Question, Reply, World

Kind = Literal["alarm", "unanswered", "topic", "text", "answered", "reply"]
KINDS: tuple[Kind, ...] = get_args(Kind)
"""What an editor must look at first comes first."""


class Shown(NamedTuple):
    """An article that was shown."""

    topic: str
    language: str
    version: int
    digest: str
    title: str


class Outcome(NamedTuple):
    """What a citizen would get."""

    verdict: AnswerVerdict
    articles: tuple[Shown, ...] = ()
    offered: tuple[str, ...] = ()
    """Titles of the buttons."""

    @property
    def topics(self) -> frozenset[str]:
        return frozenset(article.topic for article in self.articles)


def outcome(words: str, language: Tongue, day: date, world: World) -> Outcome:
    """The question by itself: what was said before it is left out, before and after alike."""
    return of_reply(answer(Question(words, day, language), world))


def of_reply(reply: Reply) -> Outcome:
    first = reply.parts[0]
    return Outcome(
        first.verdict,
        tuple(
            Shown(a.id, a.language, a.version, a.digest, a.title)
            for a in (part.article for part in reply.parts)
            if a is not None
        ),
        # Beside an answer further titles are only a way on.
        tuple(a.title for a in first.offered) if first.verdict == "clarified" else (),
    )


def difference(before: Outcome, after: Outcome) -> Kind | None:
    """None when a citizen would see the same. Alarm: help in danger comes, or no longer does."""
    if before == after:
        return None
    if "crisis" in (before.verdict, after.verdict):
        return "alarm" if before.verdict != after.verdict else None
    if before.articles and not after.articles:
        return "unanswered"
    if after.articles and not before.articles:
        return "answered"
    if before.topics != after.topics:
        return "topic"
    return "text" if before.articles else "reply"
