"""One look at a text by itself: what was found for it, and what is decided from that."""

from dataclasses import replace
from typing import NamedTuple

from services.chatbot.decide import Decision, decide
from services.chatbot.index import Index
from services.chatbot.reply import Question, World
from services.chatbot.retrieve import Evidence, find
from services.chatbot.terms import spoken_words

SIGNPOST = 0.75
"""Share of the usual sureness from which another authority is named."""


class Look(NamedTuple):
    evidence: Evidence
    decision: Decision


def look_up(text: str, question: Question, world: World) -> Look:
    evidence = find(
        text,
        question.language,
        question.day,
        index=world.index,
        embedder=world.embedder,
        store=world.store,
    )
    decision = _signposted(decide(evidence, world.index.verdicts), question, world.index)
    known = word_for_word(text, question, world)
    if known is not None and evidence.open[known]:
        # An editor wrote down exactly this question: nothing is to be guessed.
        decision = Decision("answer", (known,), 1.0, decision.threshold)
    return Look(evidence, decision)


def _signposted(decision: Decision, question: Question, index: Index) -> Decision:
    """Whose matter it is may be said sooner than how it is: it sends nobody the wrong way at home."""
    if decision.choice != "clarify" or decision.confidence < SIGNPOST * decision.threshold:
        return decision
    first = index.article(index.topics[decision.topics[0]], question.language)
    return replace(decision, choice="answer") if first and first.other_authority else decision


def word_for_word(text: str, question: Question, world: World) -> int | None:
    """Topic number of a question that an editor wrote down word for word."""
    return world.index.word_for_word.get((question.language, " ".join(spoken_words(text))))
