"""What is said while the machine does not answer: help in danger, and the way to a person."""

from infra.text.language import guess_language
from infra.text.mask import mask
from infra.text.normalise import normalise
from services.chatbot.alarm import Alarm
from services.chatbot.knowledge import TONGUES, Tongue
from services.chatbot.reply import Part, Question, Reply
from services.chatbot.screen import Phrases, screen


def reply_paused(question: Question, phrases: Phrases, alarm: Alarm) -> Reply:
    taken = mask(normalise(question.text))
    guess = guess_language(taken.text, hint=question.setting)
    language: Tongue = next((t for t in TONGUES if t == guess.language), question.setting)
    part = _part(taken.text, phrases, alarm)
    return Reply(language, (part,), taken.text, len(taken.spans), question.thread)


def _part(text: str, phrases: Phrases, alarm: Alarm) -> Part:
    screening = screen(text, phrases)
    danger = alarm.hear(text, screening)
    if danger is not None:
        return Part("crisis", confidence=1.0, danger=danger)
    return Part("handed-over", confidence=1.0) if screening.person else Part("declined")
