"""The chat without its service: answers from the published index, for commands and evaluation."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from services.chatbot.answer import answer
from services.chatbot.dialogue import Thread
from services.chatbot.knowledge import TONGUES, Tongue
from services.chatbot.municipality import Municipality
from services.chatbot.render import to_text
from services.chatbot.reply import Part, Question, Reply, World
from services.chatbot.say import sayings


class Asked(NamedTuple):
    """One line of the input of `henvend ask --jsonl`."""

    id: str
    language: Tongue | None
    turns: tuple[str, ...]
    is_dialogue: bool


class AskError(ValueError):
    """The line cannot be read; says which one and why, never what stands in it."""


def read_asked(number: int, raw: Any) -> Asked:
    if not isinstance(raw, dict) or "id" not in raw:
        raise AskError(f"line {number}: must be an object with an id")
    language = raw.get("language")
    if language is not None and language not in TONGUES:
        raise AskError(f"line {number}: language must be da, sv or en")
    turns = raw.get("turns")
    if isinstance(turns, list) and turns and all(isinstance(turn, str) for turn in turns):
        return Asked(str(raw["id"]), language, tuple(turns), is_dialogue=True)
    if isinstance(raw.get("text"), str):
        return Asked(str(raw["id"]), language, (raw["text"],), is_dialogue=False)
    raise AskError(f"line {number}: must have text, or turns as a list of texts")


def reply_all(asked: Asked, day: date, world: World) -> list[Reply]:
    """One reply a turn, each knowing the turns before it."""
    thread = Thread()
    replies: list[Reply] = []
    for turn in asked.turns:
        setting = asked.language or (replies[-1].language if replies else "da")
        reply = answer(Question(turn, day, setting, thread), world)
        thread = reply.thread
        replies.append(reply)
    return replies


def answered(
    asked: Asked, replies: Sequence[Reply], world: World, municipality: Municipality
) -> dict[str, Any]:
    """One line of the output of `henvend ask --jsonl`."""
    lines = [_line(reply, world, municipality) for reply in replies]
    if not asked.is_dialogue:
        return {"id": asked.id, **lines[0]}
    return {
        "id": asked.id,
        "verdicts": [line["verdict"] for line in lines],
        "topics": [line["topic"] for line in lines],
        "alternatives": [line["alternatives"] for line in lines],
        "confidence": [line["confidence"] for line in lines],
        "text": [line["text"] for line in lines],
    }


def _line(reply: Reply, world: World, municipality: Municipality) -> dict[str, Any]:
    first = reply.parts[0]
    topics = [part.article.id for part in reply.parts if part.article]
    line: dict[str, Any] = {
        "verdict": first.verdict,
        "topic": topics[0] if topics else None,
        "alternatives": _alternatives(first),
        "confidence": round(first.confidence, 4),
        "text": plain(reply, world, municipality),
        "language": reply.language,
    }
    return line | ({"topics": topics} if len(topics) > 1 else {})


def _alternatives(part: Part) -> list[str]:
    return [a.id for a in part.offered] if part.verdict == "clarified" else []


def plain(reply: Reply, world: World, municipality: Municipality) -> str:
    """The reply as a citizen would see it, for a terminal."""
    blocks: list[str] = []
    for saying in sayings(reply, world.index, municipality):
        about: Mapping[str, Any] = saying.about
        if "title" in about:
            blocks.append(str(about["title"]))
        blocks.append(to_text(saying.text))
        blocks += [f"  [{button['title']}]" for button in about.get("offered", ())]
        if "title" in about:
            sources = ", ".join(source["url"] for source in about["sources"])
            blocks.append(
                f"(AI · {about['topic']} v{about['version']} · {about['approved_by']} · "
                f"{about['review_by']} · {sources})"
            )
    return "\n\n".join(blocks)
