"""Opens sealed text for the staff member who looks at it, and nowhere else."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from contracts.event import Sealed
from contracts.inquiry import Evidence, InquiryClassified, InquiryReceived, Phrase
from infra.chassis.chassis import Chassis
from infra.keyring import DataKey, KeyDestroyedError, UnknownKeyError

HEADLINE = 120


@dataclass(frozen=True)
class OpenedCase:
    """None means erased."""

    title: str | None
    text: str | None
    sender: str | None
    received: InquiryReceived
    classified: InquiryClassified | None


@dataclass(frozen=True)
class Headline:
    case: Row[Any]
    line: str | None


@dataclass(frozen=True)
class Piece:
    """A run of the citizen's text, marked when it spoke for the decision."""

    text: str
    marked: bool


@dataclass(frozen=True)
class ReadEvidence:
    pieces: tuple[Piece, ...]
    evidence: Evidence | None


class CaseReader:
    def __init__(self, chassis: Chassis) -> None:
        self._chassis = chassis

    async def headlines(self, rows: Sequence[Row[Any]]) -> list[Headline]:
        """First words of each case; the keys of a page are fetched at once."""
        keys = await self._chassis.keyring.data_keys(row.inquiry for row in rows)
        return [Headline(row, _headline(row, keys.get(row.inquiry))) for row in rows]

    async def open(self, case: Row[Any]) -> OpenedCase:
        received = InquiryReceived.model_validate(case.received)
        classified = InquiryClassified.model_validate(case.classified) if case.classified else None
        try:
            key = await self._chassis.keyring.data_key(case.inquiry)
        except (KeyDestroyedError, UnknownKeyError):
            return OpenedCase(None, None, None, received, classified)
        return OpenedCase(
            title=key.open("title", received.title) if received.title else None,
            text=key.open("text", received.text),
            sender=key.open("sender", received.sender) if received.sender else None,
            received=received,
            classified=classified,
        )

    async def histories(self, case: Row[Any], acts: Sequence[Row[Any]]) -> list[dict[str, Any]]:
        keys = await self._chassis.keyring.data_keys([case.inquiry])
        key = keys.get(case.inquiry)
        members = self._chassis.staff.members
        return [
            {
                "at": act.at,
                "kind": act.kind,
                "by": members[act.by].name if act.by in members else act.by,
                "detail": act.detail,
                "reply": key.open("reply", Sealed(**act.detail["reply"]))
                if key and "reply" in act.detail
                else None,
            }
            for act in acts
        ]


async def read_evidence(chassis: Chassis, case: Row[Any], opened: OpenedCase) -> ReadEvidence:
    """The text in pieces with the deciding phrases marked."""
    if opened.text is None:
        return ReadEvidence((), None)
    if opened.classified is None or opened.classified.evidence is None:
        return ReadEvidence((Piece(opened.text, marked=False),), None)
    key = await chassis.keyring.data_key(case.inquiry)
    evidence = Evidence.model_validate(json.loads(key.open("evidence", opened.classified.evidence)))
    return ReadEvidence(tuple(pieces(opened.text, evidence.phrases)), evidence)


def pieces(text: str, phrases: Sequence[Phrase]) -> list[Piece]:
    """Cut `text` at the phrases' ends; overlapping phrases become one."""
    found: list[Piece] = []
    at = 0
    for phrase in sorted(phrases, key=lambda p: p.start):
        start, end = max(at, phrase.start), min(len(text), phrase.end)
        if end <= start:
            continue
        if start > at:
            found.append(Piece(text[at:start], marked=False))
        found.append(Piece(text[start:end], marked=True))
        at = end
    if at < len(text):
        found.append(Piece(text[at:], marked=False))
    return found


def _headline(row: Row[Any], key: DataKey | None) -> str | None:
    if key is None:
        return None
    received = row.received
    if received.get("title"):
        title = key.open("title", Sealed(**received["title"])).strip()
        if title:
            return title[:HEADLINE]
    words = " ".join(key.open("text", Sealed(**received["text"])).split())
    return words if len(words) <= HEADLINE else words[: HEADLINE - 1] + "…"
