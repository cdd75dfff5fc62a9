"""Answers one message: a list of steps, each of which may already know the answer."""

from collections.abc import Callable
from dataclasses import replace

from contracts.answer import AnswerVerdict
from contracts.inquiry import Language
from infra.text.language import guess_language
from infra.text.mask import mask
from infra.text.normalise import normalise
from services.chatbot.alarm import FAINT
from services.chatbot.courtesy import chosen, courtesy, is_yes, taken_back
from services.chatbot.decide import BUTTONS, Decision
from services.chatbot.dialogue import NEW, Thread, asked_sentences, is_bare, is_short, several
from services.chatbot.elsewhere import is_elsewhere
from services.chatbot.follow import lean_on_thread, previous_article
from services.chatbot.index import Index
from services.chatbot.knowledge import TONGUES, Article, Tongue
from services.chatbot.look import Look, look_up, word_for_word
from services.chatbot.memo import MemoEmbedder
from services.chatbot.reply import LONGEST_QUESTION, Part, Question, Reply, World
from services.chatbot.screen import screen

FOLLOWING = 0.3
"""How much surer (log-probability) a refusal by kind must be for a short message in a conversation."""

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
    danger = screening.danger if question.calmed else world.danger_in(question.text, screening)
    if danger is None or (danger == "alarm" and _is_ordinary(question, world)):
        return question
    return _reply(question, Part("crisis", confidence=1.0, danger=danger))


def _is_ordinary(question: Question, world: World) -> bool:
    """Whether what no phrase names and is heard only faintly is surely a question to an article."""
    if world.loudness(question.text) >= FAINT or world.cries_within(question.text):
        return False
    return look_up(question.text[:LONGEST_QUESTION], question, world).decision.choice == "answer"


def call_a_person(question: Question, world: World) -> Question | Reply:
    if question.screening.person:
        return _reply(question, Part("handed-over", confidence=1.0))
    refusal = question.screening.refusal
    # What an editor wrote down as a question of an article is one, whatever its words.
    if refusal is not None and word_for_word(question.text, question, world) is None:
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
    if back is None or question.thread == NEW:
        return question
    thread = NEW if back.leaves else question.thread
    return replace(question, text=back.rest or "nej", thread=thread)


def return_courtesy(question: Question, _world: World) -> Question | Reply:
    """Thanks and greetings ask nothing, so nothing is searched and nobody is called."""
    kind = courtesy(question.text)
    if kind is None:
        return question
    if kind == "no" and question.kept == question.text and question.thread == NEW:
        kind = "ok"
    part = Part("declined", confidence=1.0, courtesy=kind)
    reply = _reply(question, part)
    return replace(reply, thread=question.thread)


def refuse_by_kind(question: Question, world: World) -> Question | Reply:
    """What no phrase catches and is still one's own case, a plea, legal advice or talk to the machine."""
    text = question.text[:LONGEST_QUESTION]
    # In a conversation a short message leans on what was said: alone it is easily misheard.
    leans = is_short(text) and previous_article(question, world) is not None
    bare = leans and is_bare(text, question.language, world.phrases)
    if bare or word_for_word(text, question, world) is not None:
        return question
    more = FOLLOWING if leans else 0.0
    kind = world.index.kinds.refused(text, world.embedder.embed([text])[0], more=more)
    if kind in ("own-case", "decision") and _is_others(
        look_up(text, question, world), question, world
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


def _is_others(look: Look, question: Question, world: World) -> bool:
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
    replies = [_answer_ours(replace(question, text=part), world) for part in parts]
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
    return _reply(question, _answer_ours(question, world))


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


def _answer_ours(question: Question, world: World) -> Part:
    """What is asked of another municipality or country may be offered, never answered, by our text."""
    part = _answer_one(question, world)
    if part.verdict != "answered" or part.article is None:
        return part
    if word_for_word(question.text, question, world) is not None:
        return part
    if not is_elsewhere(question.text, part.article.id, world.home):
        return part
    offered = (part.article, *part.offered)[:BUTTONS]
    return part._replace(verdict="clarified", article=None, offered=offered)


def _answer_one(question: Question, world: World) -> Part:
    text = question.text[:LONGEST_QUESTION]
    previous = previous_article(question, world)
    alone = look_up(text, question, world)
    if previous is None and is_bare(text, question.language, world.phrases, beginning=True):
        # "How long does it take?" at the very beginning: nobody can know what.
        return _part(alone._replace(decision=_undecided(alone.decision)), question, world.index)
    if previous is not None:
        led = lean_on_thread(text, previous, alone, question, world)
        if led is not None:
            return led
    if alone.decision.choice != "answer":
        alone = _by_its_question(alone, question, world)
    return _part(alone, question, world.index)


def _by_its_question(whole: Look, question: Question, world: World) -> Look:
    """In a long story the question itself may say it better, if the story agrees."""
    near = set(whole.decision.topics)
    for sentence in asked_sentences(question.text):
        look = look_up(sentence, question, world)
        if look.decision.choice == "answer" and look.decision.topics[0] in near:
            return look
    return whole


def _part(look: Look, question: Question, index: Index) -> Part:
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
