"""Previews of a publication, one at a time: made by a process of its own, compared here, kept until
the folder changes. Citizens' words are opened for a moment; what is kept is which question differs."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal, NamedTuple
from uuid import UUID

import structlog

from infra.chassis.chassis import Chassis
from services.chatbot import own_process
from services.chatbot.adapters.index_files import IndexFileError, prepared_folder, read_index
from services.chatbot.adapters.memory_store import MemoryStore
from services.chatbot.check import Finding
from services.chatbot.compare import Kind, Outcome, difference, outcome
from services.chatbot.engine import Engine
from services.chatbot.knowledge import KnowledgeError, tongue_of
from services.chatbot.municipality import Municipality
from services.chatbot.prepare import FINDINGS, Step, read_findings
from services.chatbot.publish import sync
from services.chatbot.recent import opened, recent_rows
from services.chatbot.reply import World
from services.chatbot.settings import ChatbotSettings

Stage = Literal["checking", "building", "asking"]
STAGES: tuple[Stage, ...] = ("checking", "building", "asking")

log = structlog.get_logger()


class Changed(NamedTuple):
    """A question that would be answered otherwise; its words are opened when they are shown."""

    conversation: UUID
    question: UUID
    language: str
    kind: Kind
    before: Outcome
    after: Outcome


@dataclass(frozen=True)
class Preview:
    """What a publication would change."""

    digest: str
    against: str
    """Publication it was compared with."""
    at: datetime
    seconds: float
    findings: tuple[Finding, ...]
    asked: int
    """Questions asked again."""
    unreadable: int
    """Questions whose key is gone."""
    changed: tuple[Changed, ...]


@dataclass(frozen=True)
class Job:
    """The preview being made, or the last one that failed."""

    digest: str
    started: datetime
    stage: Stage = "checking"
    done: int = 0
    of: int = 0
    problems: tuple[str, ...] = field(default=())
    """Why it failed, in the check's words."""
    broke: bool = False
    """It failed for a reason that is in the log only."""

    @property
    def running(self) -> bool:
        return not self.problems and not self.broke


class Previews:
    def __init__(
        self,
        chassis: Chassis,
        settings: ChatbotSettings,
        engine: Engine,
        municipality: Municipality,
    ) -> None:
        self._chassis = chassis
        self._settings = settings
        self._engine = engine
        self._municipality = municipality
        self._wanted = asyncio.Event()
        self.job: Job | None = None
        self.last: Preview | None = None

    def of(self, digest: str) -> Preview | None:
        """The preview of exactly this folder against exactly what answers now."""
        last = self.last
        same = last is not None and (last.digest, last.against) == (
            digest,
            self._engine.publication,
        )
        return last if same else None

    def start(self, digest: str) -> bool:
        """False when one is being made already."""
        if self.job is not None and self.job.running:
            return False
        self.job = Job(digest, self._chassis.clock())
        self._wanted.set()
        return True

    async def run(self) -> None:
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            assert self.job is not None
            try:
                self.last = await self._made(self.job)
            except _RefusedError as error:
                self.job = replace(self.job, problems=error.problems)
            except Exception:
                # It must not end the service that answers citizens; the page says that it failed.
                log.exception("preview_failed")
                self.job = replace(self.job, broke=True)
            else:
                self.job = None

    async def _made(self, job: Job) -> Preview:
        now = self._engine.world
        against = self._engine.publication
        if now is None or against is None:
            raise _RefusedError(("No articles are published yet.",))
        folder = prepared_folder(self._settings.index_folder, job.digest)
        prepared = await asyncio.to_thread(_prepared, folder, now)
        if prepared is None:
            await self._prepare()
            prepared = await asyncio.to_thread(_prepared, folder, now)
        if prepared is None:
            raise _RefusedError(("The folder changed while its preview was made.",))
        day = self._municipality.local(self._chassis.clock()).date()
        rows = await self._rows()
        questions = await opened(self._chassis.keyring, rows)
        changed: list[Changed] = []
        for number, (row, words) in enumerate(questions):
            self._at("asking", number, len(questions))
            found = await self._engine.compute(_compared, words, row.language, day, now, prepared)
            if found is not None:
                changed.append(Changed(row.conversation, row.question_id, row.language, *found))
        ended = self._chassis.clock()
        return Preview(
            job.digest,
            against,
            ended,
            (ended - job.started).total_seconds(),
            tuple(read_findings(folder)),
            len(questions),
            len(rows) - len(questions),
            tuple(changed),
        )

    async def words(self, changed: Sequence[Changed]) -> dict[UUID, str]:
        """What was asked, by question, masked; without those whose key is gone by now."""
        wanted = {one.question for one in changed}
        rows = [row for row in await self._rows() if row.question_id in wanted]
        found = await opened(self._chassis.keyring, rows)
        return {row.question_id: words for row, words in found}

    async def _rows(self) -> list[Any]:
        kept = self._settings.chatbot_retention_days
        return await recent_rows(self._chassis.database, kept, self._chassis.clock())

    async def _prepare(self) -> None:
        """Raises _RefusedError with what the process refused."""

        def tell(step: Step) -> None:
            if step.step in {"checking", "building"}:
                self._at(step.step, 0, 0)

        try:
            await own_process.make(self._settings, tell)
        except KnowledgeError as error:
            raise _RefusedError(tuple(error.problems)) from None

    def _at(self, stage: Stage, done: int, of: int) -> None:
        assert self.job is not None
        self.job = replace(self.job, stage=stage, done=done, of=of)


class _RefusedError(Exception):
    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__()
        self.problems = problems


def _prepared(folder: Path, now: World) -> World | None:
    """The prepared publication as something that can answer; None when it is not there."""
    if not (folder / FINDINGS).exists():
        return None
    try:
        index = read_index(folder)
    except IndexFileError:
        return None
    store = MemoryStore()
    sync(store, index)
    return replace(now, index=index, store=store)


def _compared(
    words: str, language: str, day: date, now: World, then: World
) -> tuple[Kind, Outcome, Outcome] | None:
    before, after = (outcome(words, tongue_of(language), day, world) for world in (now, then))
    kind = difference(before, after)
    return None if kind is None else (kind, before, after)
