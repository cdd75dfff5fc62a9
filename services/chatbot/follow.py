"""Answers what leans on the conversation: a short message is read with the subject that was talked about."""

from dataclasses import replace

import numpy as np

from services.chatbot.courtesy import is_remark
from services.chatbot.dialogue import Thread, continues, in_thread, is_bare, is_short
from services.chatbot.index import Index
from services.chatbot.kinds import KINDS
from services.chatbot.knowledge import TONGUES, Article
from services.chatbot.look import Look, look_up
from services.chatbot.reply import Part, Question, World
from services.chatbot.retrieve import Evidence

STANDS_ALONE = 0.9
"""A question this surely answered on its own does not lean on the conversation."""
OWN_SUBJECT = 0.5
"""The same after buttons, when it is not known yet what the conversation is about."""
ALONE = 0.5
"""How loud a follow-up without a subject is beside the same with its subject named."""
FEW = 5
"""Words of a message that hardly has a subject of its own."""
TOLD_APART = 0.9
"""Share among the buttons' own articles from which a few words more choose one of them."""
HOLDS_BOTH_WAYS = 0.85
"""Share of the ranking, with its subject and without it, from which a follow-up is answered."""


def lean_on_thread(
    text: str, previous: Article, alone: Look, question: Question, world: World
) -> Part | None:
    """What the conversation makes of it; None when the question stands on its own."""
    bare = is_bare(text, question.language, world.phrases)
    if _stands_alone(text, alone, question, world, bare=bare):
        return None
    told = None if bare else _told_apart(alone, question, world)
    if told is not None:
        return told
    named = look_up(in_thread(text, previous.title), question, world)
    near = _near(previous, question.thread, world.index)
    if bare:
        # The subject is the conversation's; which of its articles is for the words to say.
        logits = named.evidence.logits + ALONE * alone.evidence.logits
        best = max(near, key=lambda n: logits[n] if alone.evidence.open[n] else -np.inf, default=-1)
    else:
        # Said with its subject and without it: what holds both ways.
        logits = np.asarray((alone.evidence.logits + named.evidence.logits) / 2, dtype=np.float32)
        both = replace(alone.evidence, logits=logits).probabilities
        best = int(np.argmax(both))
        if both[best] < HOLDS_BOTH_WAYS:
            return None
        own = alone.decision.choice == "answer" and alone.decision.topics[0] in near
        if own or _is_elsewhere(alone.evidence, named.evidence):
            return None
    if best not in near:
        return None
    return _followed(best, named.decision.confidence, question, world.index)


def _stands_alone(text: str, alone: Look, question: Question, world: World, *, bare: bool) -> bool:
    if is_remark(text):
        return True
    if not bare:
        return not _may_follow(text, alone, question, world)
    # "And when are you open?" is about us, whatever was talked about before.
    about_us = not is_bare(text, question.language, world.phrases, beginning=True)
    return about_us and alone.decision.choice == "answer"


def _told_apart(alone: Look, question: Question, world: World) -> Part | None:
    """After buttons a few words more may say which of them is meant."""
    offered = [n for n, topic in enumerate(world.index.topics) if topic in question.thread.offered]
    if len(offered) < 2 or alone.decision.choice == "answer":
        return None
    if not set(alone.decision.topics) & set(offered):
        return None
    logits = alone.evidence.logits[offered].astype(np.float64)
    shares = np.exp(logits - logits.max())
    shares /= shares.sum()
    best = int(np.argmax(shares))
    if shares[best] < TOLD_APART or not alone.evidence.open[offered[best]]:
        return None
    return _followed(offered[best], float(shares[best]), question, world.index)


def _may_follow(text: str, alone: Look, question: Question, world: World) -> bool:
    """Whether it is short or goes on with something, and is not surely answered by itself."""
    few = len(text.split()) <= FEW
    stands = OWN_SUBJECT if question.thread.offered and not few else STANDS_ALONE
    follows = is_short(text) or continues(text, question.language, world.phrases)
    return follows and alone.decision.confidence < stands


def previous_article(question: Question, world: World) -> Article | None:
    """What the conversation is about: what was offered last, or else what was answered last."""
    topic = (*question.thread.offered, question.thread.topic or "")[0]
    return world.index.article(topic, question.language)


def _is_elsewhere(alone: Evidence, named: Evidence) -> bool:
    """Whether it sounds rather like what is nobody's here than like a question to the articles."""
    kinds = dict(zip(KINDS, alone.kinds + named.kinds, strict=True))
    return bool(kinds["elsewhere"] > kinds["asks"])


def _near(previous: Article, thread: Thread, index: Index) -> set[int]:
    """Topics a conversation about this article may move on to without saying so."""
    linked = set(thread.offered) | {
        link.removeprefix("kb:") for link in previous.links() if link.startswith("kb:")
    }
    return {
        number
        for number, topic in enumerate(index.topics)
        if topic == previous.id or topic in linked or _category(index, topic) == previous.category
    }


def _followed(topic: int, confidence: float, question: Question, index: Index) -> Part:
    article = index.article(index.topics[topic], question.language)
    return Part(
        "other-authority" if article and article.other_authority else "answered",
        article,
        confidence=max(confidence, index.verdicts.follow_from),
        threshold=index.verdicts.follow_from,
    )


def _category(index: Index, topic: str) -> str | None:
    found = (index.article(topic, language) for language in TONGUES)
    return next((article.category for article in found if article is not None), None)
