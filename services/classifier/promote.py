"""Which model decides, and how another takes its place: proposed by one person, approved by another."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from uuid import UUID, uuid4

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.event import Envelope, effect_id
from contracts.governance import ModelPromoted
from contracts.inquiry import ModelRef
from infra.chassis.clock import Clock
from infra.chassis.outbox import Outbox
from infra.chassis.staff import StaffMember
from infra.database import Database, Transaction
from services.classifier.adapters import promotions as rows
from services.classifier.gate_file import read_verdict
from services.classifier.model_files import (
    FIRST,
    approved_folder,
    candidate_folder,
    digest_of,
    keep_approved,
    outside_digest,
    require_whole,
)
from services.classifier.signature import (
    ModelSigner,
    SignatureError,
    Statement,
    read_statement,
    require_signed,
    write_statement,
)
from services.classifier.storage import Manifest, ModelError

INSTALLATION = "installation"
"""Who approved the model of a fresh start: nobody but the machine that trained it, and it says so."""
MANAGERS = frozenset({"coordinator", "operator"})


class PromotionRefusedError(ValueError):
    """`reason` is a text key under `classifier.refused`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Champion:
    """The model that decides."""

    statement: Statement
    folder: Path


@dataclass(frozen=True)
class _Case:
    """What speaks for a model that is to be promoted."""

    name: str
    kind: Literal["candidate", "rollback"]
    folder: Path
    outside: str | None
    gate: str | None
    metrics: dict[str, float]


Prepare = Callable[[Path], Awaitable[Callable[[], None]]]
"""Loads the model of a folder and returns what puts it to work; raises ModelError."""


class Promotions:
    def __init__(
        self,
        database: Database,
        outbox: Outbox | None,
        signer: ModelSigner,
        data: Path,
        clock: Clock,
    ) -> None:
        """Without an outbox it only reads."""
        self._database = database
        self._outbox = outbox
        self._data = data
        self._clock = clock
        self.signer = signer

    async def champion(self) -> Champion | None:
        """None before the first start. Raises ModelError when model or promotion were changed."""
        async with self._database.read() as reader:
            statement = await self._newest(reader)
        if statement is None:
            return None
        folder = approved_folder(self._data, statement.digest)
        if not folder.is_dir():
            raise ModelError(f"The approved model {folder} is gone: restore it from its backup.")
        await asyncio.to_thread(require_signed, folder, statement)
        return Champion(statement, folder)

    async def newest_digest(self) -> str | None:
        """What the database names, unverified: cheap enough to ask often."""
        async with self._database.read() as reader:
            row = await rows.newest_promotion(reader)
        return row.digest if row else None

    async def history(self) -> list[Statement]:
        """Newest first. Raises SignatureError when one was changed."""
        async with self._database.read() as reader:
            return await self._signed(reader)

    async def waiting(self) -> set[str]:
        """Digests of the models that were proposed and wait for a second person."""
        async with self._database.read() as reader:
            return {row.digest for row in await rows.open_proposals(reader)}

    async def adopt_first(self) -> Champion:
        """A fresh start: the model trained here decides, signed by the installation itself.

        Raises ModelError when there is none.
        """
        manifest = require_whole(self._data / FIRST)
        folder = keep_approved(self._data / FIRST, self._data)
        async with self._database.write() as tx:
            if await self._newest(tx.connection) is None:
                self.signer.require_first(digest_of(folder))
                await self._promote(
                    tx,
                    digest=digest_of(folder),
                    name=manifest.name,
                    kind="first",
                    outside=outside_digest(manifest),
                    previous=None,
                    gate=None,
                    approved_by=(INSTALLATION,),
                    metrics=manifest.metrics,
                )
        champion = await self.champion()
        assert champion is not None
        return champion

    async def propose(self, digest: str, member: StaffMember) -> UUID:
        """A candidate that passed the gate, or a former model. Raises PromotionRefusedError."""
        _require_manager(member)
        proposal_id = uuid4()
        async with self._database.write() as tx:
            champion = await self._deciding(tx.connection)
            case = await self._case(tx.connection, digest, champion)
            waiting = await rows.open_proposals(tx.connection)
            if any(one.digest == digest for one in waiting):
                raise PromotionRefusedError("waiting")
            await rows.add_proposal(
                tx,
                proposal_id=proposal_id,
                digest=digest,
                previous=champion.digest,
                kind=case.kind,
                gate=case.gate,
                by=member.account,
                at=self._clock(),
            )
        return proposal_id

    async def approve(self, proposal_id: UUID, member: StaffMember, prepare: Prepare) -> None:
        """A second person: from the commit on the model decides. Raises PromotionRefusedError.

        The model is loaded before anything is said: one that does not open is not promoted.
        """
        _require_manager(member)
        async with self._database.read() as reader:
            proposal = await self._waiting(reader, proposal_id, member)
            case = await self._still_good(reader, proposal)
        folder = await asyncio.to_thread(keep_approved, case.folder, self._data)
        try:
            put_to_work = await prepare(folder)
        except (ValueError, OSError):
            raise PromotionRefusedError("unusable") from None
        async with self._database.write() as tx:
            await self._still_good(tx.connection, proposal)
            if not await rows.approve_proposal(tx, proposal_id, member.account, self._clock()):
                raise PromotionRefusedError("settled")
            await self._promote(
                tx,
                digest=proposal.digest,
                name=case.name,
                kind=case.kind,
                outside=case.outside,
                previous=proposal.previous,
                gate=case.gate,
                approved_by=(proposal.proposed_by, member.account),
                metrics=case.metrics,
            )
            tx.after_commit(put_to_work)

    async def reject(self, proposal_id: UUID, member: StaffMember) -> None:
        """Anybody who may propose, the proposer too. Raises PromotionRefusedError."""
        _require_manager(member)
        async with self._database.write() as tx:
            if not await rows.reject_proposal(tx, proposal_id, member.account, self._clock()):
                raise PromotionRefusedError("settled")

    async def _waiting(
        self, connection: AsyncConnection, proposal_id: UUID, member: StaffMember
    ) -> Row[Any]:
        proposal = await rows.find_proposal(connection, proposal_id)
        if proposal is None or proposal.settled_at is not None:
            raise PromotionRefusedError("settled")
        if proposal.proposed_by == member.account:
            raise PromotionRefusedError("own_proposal")
        return proposal

    async def _still_good(self, connection: AsyncConnection, proposal: Row[Any]) -> _Case:
        """What was proposed is what is approved: same files, same verdict, same rival."""
        champion = await self._deciding(connection)
        if champion.digest != proposal.previous:
            raise PromotionRefusedError("stale")
        case = await self._case(connection, proposal.digest, champion)
        if case.gate != proposal.gate:
            raise PromotionRefusedError("changed")
        return case

    async def _case(self, connection: AsyncConnection, digest: str, champion: Statement) -> _Case:
        if digest == champion.digest:
            raise PromotionRefusedError("already")
        try:
            if digest in {one.digest for one in await self._signed(connection)}:
                folder = approved_folder(self._data, digest)
                return await asyncio.to_thread(_former, folder, digest)
            folder = candidate_folder(self._data, digest)
            return await asyncio.to_thread(self._candidate, folder, digest, champion)
        except SignatureError:
            raise PromotionRefusedError("changed") from None
        except (ValueError, OSError) as error:
            if isinstance(error, PromotionRefusedError):
                raise
            raise PromotionRefusedError("unusable") from None

    def _candidate(self, folder: Path, digest: str, champion: Statement) -> _Case:
        verdict, gate = read_verdict(folder, self.signer)
        manifest = _require_files(folder, digest)
        if verdict.candidate != digest:
            raise PromotionRefusedError("changed")
        if not verdict.passed:
            raise PromotionRefusedError("gate")
        if verdict.champion != champion.digest:
            raise PromotionRefusedError("stale")
        return _Case(
            manifest.name, "candidate", folder, outside_digest(manifest), gate, verdict.metrics
        )

    async def _signed(self, connection: AsyncConnection) -> list[Statement]:
        promoted = await rows.promotions(connection)
        return [read_statement(row.statement, row.signature, self.signer) for row in promoted]

    async def _deciding(self, connection: AsyncConnection) -> Statement:
        statement = await self._newest(connection)
        if statement is None:
            raise PromotionRefusedError("stale")
        return statement

    async def _newest(self, connection: AsyncConnection) -> Statement | None:
        row = await rows.newest_promotion(connection)
        if row is None:
            return None
        statement = read_statement(row.statement, row.signature, self.signer)
        if (statement.number, statement.digest) != (row.number, row.digest):
            raise SignatureError("The newest promotion is not the one that was signed.")
        return statement

    async def _promote(self, tx: Transaction, *, digest: str, **claims: Any) -> None:
        """Pointer, signature and event in one transaction."""
        before = await rows.newest_promotion(tx.connection)
        number, now = (before.number + 1 if before else 1), self._clock()
        text = write_statement(number=number, digest=digest, at=now, **claims)
        await rows.add_promotion(
            tx,
            number=number,
            digest=digest,
            statement=text,
            signature=self.signer.sign(text),
            at=now,
        )
        event = ModelPromoted(
            model=ModelRef(name=claims["name"], digest=digest),
            previous=claims["previous"],
            approved_by=claims["approved_by"],
            metrics=claims["metrics"],
        )
        envelope = Envelope[ModelPromoted].of(
            event, event_id=effect_id(digest, f"promoted/{number}"), source="classifier", time=now
        )
        assert self._outbox is not None
        await self._outbox.put(tx, envelope, cause=None)


def _former(folder: Path, digest: str) -> _Case:
    manifest = _require_files(folder, digest)
    return _Case(
        manifest.name, "rollback", folder, outside_digest(manifest), None, dict(manifest.metrics)
    )


def _require_files(folder: Path, digest: str) -> Manifest:
    try:
        manifest = require_whole(folder)
    except ModelError:
        raise PromotionRefusedError("changed") from None
    if digest_of(folder) != digest:
        raise PromotionRefusedError("changed")
    return manifest


def _require_manager(member: StaffMember) -> None:
    if member.role not in MANAGERS:
        raise PromotionRefusedError("role")
