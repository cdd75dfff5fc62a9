"""Answers one message: a list of steps, each of which may already know the answer."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import NamedTuple

import numpy as np

from contracts.answer import AnswerVerdict
from contracts.inquiry import Language
from infra.text.language import guess_language
from infra.text.mask import mask
from infra.text.normalise import normalise
from services.chatbot.courtesy import Courtesy, chosen, courtesy, is_remark, is_yes, taken_back
from services.chatbot.decide import Decision, decide
from services.chatbot.dialogue import (
    Thread,
    asked_sentences,
    continues,
    in_thread,
    is_bare,
    is_short,
    several,
)
from services.chatbot.index import Index
from services.chatbot.kinds import KINDS
from services.chatbot.knowledge import TONGUES, Article, Tongue
from services.chatbot.memo import MemoEmbedder
from services.chatbot.ports import Embedder, VectorStore
from services.chatbot.retrieve import Evidence, find
from services.chatbot.screen import Danger, Phrases, Refusal, Screening, screen
from services.chatbot.terms import spoken_words

SIGNPOST = 0.75
"""Share of the usual sureness from which another authority is named."""
STANDS_ALONE = 0.9
"""A question this surely answered on its own does not lean on the conversation."""
FOLLOWING = 0.5
"""How much surer (log-probability) a refusal by kind must be for a short message in a conversation."""
OWN_SUBJECT = 0.5
"""The same after buttons, when it is not known yet what the conversation is about."""
ALONE = 0.5
"""How loud a follow-up without a subject is beside the same with its subject named."""
FEW = 5
"""Words of a message that hardly has a subject of its own."""
HOLDS_BOTH_WAYS = 0.94
"""Share of the ranking, with its subject and without it, from which a follow-up is answered."""
LONGEST_QUESTION = 600
"""Characters of a message that are searched; the rest of a long story says little about the topic."""


_NEW = Thread()
_CALM = Screening()


@dataclass(frozen=True)
class World:
    """What answering needs."""

    index: Index
    embedder: Embedder
    store: VectorStore
    phrases: Phrases


@dataclass(frozen=True)
class Question:
    """A message as it came, and what is known around it."""

    text: str
    day: date
    setting: Tongue = "da"
    """The widget's language."""
    thread: Thread = _NEW
    language: Tongue = "da"
    """The language it is answered in."""
    kept: str = ""
    """The whole message without personal data; `text` is what is asked in it."""
    masked: int = 0
    """How many pieces of personal data were taken out."""
    screening: Screening = _CALM


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


class _Look(NamedTuple):
    evidence: Evidence
    decision: Decision


Step = Callable[[Question, World], "Question | Reply"]


def answer(question: Question, world: World) -> Reply:
    world = replace(world, embedder=MemoEmbedder(world.embedder))
    for step in STEPS:
        outcome = step(question, world)
        if isinstance(outcome, Reply):
            return outcome
        question = outcome
    raise AssertionError("the last step always replies")


def mask_personal(question: Question, _world: World) -> Question:
    taken = mask(normalise(question.text))
    return replace(question, text=taken.text, kept=taken.text, masked=len(taken.spans))


def tell_language(question: Question, _world: World) -> Question:
    """The widget's language unless the words clearly are in another one of ours."""
    guess = guess_language(question.text, hint=question.setting)
    known = guess.language if guess.language in TONGUES else question.setting
    return replace(question, language=_tongue(known))


def signpost_crisis(question: Question, world: World) -> Question | Reply:
    screening = screen(question.text, world.phrases)
    question = replace(question, screening=screening)
    danger = world.index.alarm.hear(question.text, screening)
    if danger is None:
        return question
    return _reply(question, Part("crisis", confidence=1.0, danger=danger))


def call_a_person(question: Question, world: World) -> Question | Reply:
    if question.screening.person:
        return _reply(question, Part("handed-over", confidence=1.0))
    refusal = question.screening.refusal
    # What an editor wrote down as a question of an article is one, whatever its words.
    if refusal is not None and _known(question.text, question, world) is None:
        verdict: AnswerVerdict = "declined" if refusal == "legal" else "handed-over"
        return _reply(question, Part(verdict, confidence=1.0, refusal=refusal))
    return question


def choose_by_words(question: Question, world: World) -> Question | Reply:
    """ "The second one", after buttons; a mere yes shows them again."""
    thread, language = question.thread, question.language
    found = [world.index.article(topic, language) for topic in thread.offered]
    offered = tuple(a for a in found if a is not None and a.answers_on(question.day))
    number = chosen(question.text, len(offered))
    if number is not None:
        part = Part(_shown(offered[number]), offered[number], confidence=1.0, threshold=0.0)
        return _reply(question, part)
    if len(offered) > 1 and is_yes(question.text):
        return _reply(question, Part("clarified", None, offered))
    return question


def take_back(question: Question, _world: World) -> Question:
    """ "No, I meant ..." is read without its beginning; after "not that" the subject is another."""
    back = taken_back(question.text)
    if back is None or question.thread == _NEW:
        return question
    thread = _NEW if back.leaves else question.thread
    return replace(question, text=back.rest or "nej", thread=thread)


def return_courtesy(question: Question, _world: World) -> Question | Reply:
    """Thanks and greetings ask nothing, so nothing is searched and nobody is called."""
    kind = courtesy(question.text)
    if kind is None:
        return question
    if kind == "no" and question.kept == question.text and question.thread == _NEW:
        kind = "ok"
    part = Part("declined", confidence=1.0, courtesy=kind)
    reply = _reply(question, part)
    return replace(reply, thread=question.thread)


def refuse_by_kind(question: Question, world: World) -> Question | Reply:
    """What no phrase catches and is still one's own case, a plea, legal advice or talk to the machine."""
    text = question.text[:LONGEST_QUESTION]
    if _known(text, question, world) is not None:
        return question
    # In a conversation a short message leans on what was said: alone it is easily misheard.
    more = FOLLOWING if is_short(text) and _previous(question, world) is not None else 0.0
    kind = world.index.kinds.refused(text, world.embedder.embed([text])[0], more=more)
    if kind in ("own-case", "decision") and _is_others(
        _look(text, question, world), question, world
    ):
        # "I need a visa for my mother" sounds like a plea; whose matter it is can still be said.
        return question
    match kind:
        case "own-case" | "decision":
            return _reply(question, Part("handed-over", confidence=1.0, refusal=kind))
        case "legal":
            return _reply(question, Part("declined", confidence=1.0, refusal=kind))
        case "injection":
            return _reply(question, Part("declined", confidence=1.0))
    return question


def _is_others(look: _Look, question: Question, world: World) -> bool:
    """Whether it surely enough is what another authority decides."""
    if look.decision.choice != "answer":
        return False
    first = world.index.article(world.index.topics[look.decision.topics[0]], question.language)
    return first is not None and first.other_authority is not None


def answer_each(question: Question, world: World) -> Question | Reply:
    """Several questions in one message, when each is surely answered by another article."""
    parts = several(question.text)
    if len(parts) < 2:
        return question
    replies = [_answer_one(replace(question, text=part), world) for part in parts]
    answered = [part for part in replies if part.article is not None]
    topics = {part.article.id for part in answered if part.article}
    if len(topics) < 2:
        return question
    distinct = tuple(
        part
        for n, part in enumerate(answered)
        if part.article and part.article.id not in {p.article.id for p in answered[:n] if p.article}
    )
    return _reply(question, *distinct)


def answer_whole(question: Question, world: World) -> Reply:
    return _reply(question, _answer_one(question, world))


STEPS: tuple[Step, ...] = (
    mask_personal,
    tell_language,
    signpost_crisis,
    call_a_person,
    choose_by_words,
    take_back,
    return_courtesy,
    refuse_by_kind,
    answer_each,
    answer_whole,
)


def _answer_one(question: Question, world: World) -> Part:
    text = question.text[:LONGEST_QUESTION]
    previous = _previous(question, world)
    alone = _look(text, question, world)
    if previous is None and is_bare(text, question.language, world.phrases):
        # "How long does it take?" at the very beginning: nobody can know what.
        return _part(alone._replace(decision=_undecided(alone.decision)), question, world.index)
    if previous is not None:
        led = _lean_on_thread(text, previous, alone, question, world)
        if led is not None:
            return led
    if alone.decision.choice != "answer":
        alone = _by_its_question(alone, question, world)
    return _part(alone, question, world.index)


def _look(text: str, question: Question, world: World) -> _Look:
    evidence = find(
        text,
        question.language,
        question.day,
        index=world.index,
        embedder=world.embedder,
        store=world.store,
    )
    decision = _signposted(decide(evidence, world.index.verdicts), question, world.index)
    known = _known(text, question, world)
    if known is not None and evidence.open[known]:
        # An editor wrote down exactly this question: nothing is to be guessed.
        decision = Decision("answer", (known,), 1.0, decision.threshold)
    return _Look(evidence, decision)


def _signposted(decision: Decision, question: Question, index: Index) -> Decision:
    """Whose matter it is may be said sooner than how it is: it sends nobody the wrong way at home."""
    if decision.choice != "clarify" or decision.confidence < SIGNPOST * decision.threshold:
        return decision
    first = index.article(index.topics[decision.topics[0]], question.language)
    return replace(decision, choice="answer") if first and first.other_authority else decision


def _known(text: str, question: Question, world: World) -> int | None:
    """Topic number of a question that an editor wrote down word for word."""
    return world.index.word_for_word.get((question.language, " ".join(spoken_words(text))))


def _lean_on_thread(
    text: str, previous: Article, alone: _Look, question: Question, world: World
) -> Part | None:
    """What the conversation makes of it; None when the question stands on its own."""
    bare = is_bare(text, question.language, world.phrases)
    if is_remark(text) or (not bare and not _may_follow(text, alone, question, world)):
        return None
    named = _look(in_thread(text, previous.title), question, world)
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


def _may_follow(text: str, alone: _Look, question: Question, world: World) -> bool:
    """Whether it is short or goes on with something, and is not surely answered by itself."""
    few = len(text.split()) <= FEW
    stands = OWN_SUBJECT if question.thread.offered and not few else STANDS_ALONE
    follows = is_short(text) or continues(text, question.language, world.phrases)
    return follows and alone.decision.confidence < stands


def _previous(question: Question, world: World) -> Article | None:
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


def _by_its_question(whole: _Look, question: Question, world: World) -> _Look:
    """In a long story the question itself may say it better, if the story agrees."""
    near = set(whole.decision.topics)
    for sentence in asked_sentences(question.text):
        look = _look(sentence, question, world)
        if look.decision.choice == "answer" and look.decision.topics[0] in near:
            return look
    return whole


def _part(look: _Look, question: Question, index: Index) -> Part:
    decision = look.decision
    found = [index.article(index.topics[n], question.language) for n in decision.topics]
    articles = tuple(article for article in found if article is not None)
    if decision.choice == "answer":
        return Part(
            _shown(articles[0]), articles[0], articles[1:], decision.confidence, decision.threshold
        )
    if decision.choice == "clarify":
        return Part("clarified", None, articles, decision.confidence, decision.threshold)
    return Part("declined", None, articles, decision.confidence, decision.threshold)


def _shown(article: Article) -> AnswerVerdict:
    return "other-authority" if article.other_authority else "answered"


def _undecided(decision: Decision) -> Decision:
    return replace(decision, choice="decline" if decision.choice == "answer" else decision.choice)


def _category(index: Index, topic: str) -> str | None:
    found = (index.article(topic, language) for language in TONGUES)
    return next((article.category for article in found if article is not None), None)


def _reply(question: Question, *parts: Part) -> Reply:
    topic = next((p.article.id for p in reversed(parts) if p.article), question.thread.topic)
    offered = tuple(
        article.id for part in parts if part.verdict == "clarified" for article in part.offered
    )
    return Reply(
        language=question.language,
        parts=parts,
        masked_text=question.kept,
        masked=question.masked,
        thread=Thread(topic, offered),
    )


def _tongue(language: Language) -> Tongue:
    return "sv" if language == "sv" else "en" if language == "en" else "da"
