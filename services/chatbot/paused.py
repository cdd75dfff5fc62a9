"""What is said while the machine does not answer: help in danger, and the way to a person."""

from collections.abc import Callable

from infra.text.language import guess_language
from infra.text.mask import mask
from infra.text.normalise import normalise
from services.chatbot.knowledge import TONGUES, Tongue
from services.chatbot.reply import Part, Question, Reply
from services.chatbot.screen import Danger, Phrases, Screening, screen

Listener = Callable[[str, Screening], Danger | None]
"""What is the matter when somebody is in danger, from a text and what phrases found in it."""


def reply_paused(question: Question, phrases: Phrases, hear: Listener) -> Reply:
    taken = mask(normalise(question.text))
    guess = guess_language(taken.text, hint=question.setting)
    language: Tongue = next((t for t in TONGUES if t == guess.language), question.setting)
    part = _part(taken.text, phrases, hear)
    return Reply(language, (part,), taken.text, len(taken.spans), question.thread)


def _part(text: str, phrases: Phrases, hear: Listener) -> Part:
    screening = screen(text, phrases)
    danger = hear(text, screening)
    if danger is not None:
        return Part("crisis", confidence=1.0, danger=danger)
    return Part("handed-over", confidence=1.0) if screening.person else Part("declined")
