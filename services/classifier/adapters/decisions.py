"""Every classification as it was published, and what it was made from."""

from contextlib import suppress
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Row, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.event import Envelope
from contracts.inquiry import InquiryClassified, InquiryReceived
from infra.database import Database
from services.classifier.adapters.erasures import is_erased
from services.classifier.adapters.learning_tables import decision

LOOKUP_CHUNK = 500


class Decision(NamedTuple):
    event: UUID
    at: datetime
    model: str
    """Digest of the model that decided."""
    received: InquiryReceived
    classified: str
    """The body of the published event, byte for byte."""


class SqlDecisions:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def keep(self, received: InquiryReceived, said: Envelope[InquiryClassified]) -> None:
        """The same decision again is harmless; none is kept on an inquiry erased meanwhile."""
        # Who wrote is of no use to the classifier.
        kept = received.model_copy(update={"sender": None})
        async with self._database.write() as tx:
            if await is_erased(tx, received.inquiry):
                return
            await tx.execute(
                tx
                .insert(decision)
                .values(
                    event_id=said.id,
                    inquiry=received.inquiry,
                    reference=received.reference,
                    at=said.time,
                    model=said.data.model.digest,
                    received=kept.model_dump(mode="json"),
                    classified=said.data.model_dump_json(),
                )
                .on_conflict_do_nothing()
            )


async def decisions_on(connection: AsyncConnection, wanted: str) -> list[Decision]:
    """All decisions on one inquiry, by reference or id, oldest first."""
    named = decision.c.reference == wanted
    with suppress(ValueError):
        named = or_(named, decision.c.inquiry == UUID(wanted))
    rows = await connection.execute(select(decision).where(named).order_by(decision.c.at))
    return [_read(row) for row in rows]


async def first_decisions(
    connection: AsyncConnection, inquiries: list[UUID]
) -> dict[UUID, Decision]:
    """Per inquiry the decision that counted: the router takes the first."""
    found: dict[UUID, Decision] = {}
    for start in range(0, len(inquiries), LOOKUP_CHUNK):
        rows = await connection.execute(
            select(decision)
            .where(decision.c.inquiry.in_(inquiries[start : start + LOOKUP_CHUNK]))
            .order_by(decision.c.at)
        )
        for row in rows:
            found.setdefault(row.inquiry, _read(row))
    return found


def _read(row: Row[Any]) -> Decision:
    return Decision(
        event=row.event_id,
        at=row.at,
        model=row.model,
        received=InquiryReceived.model_validate(row.received),
        classified=row.classified,
    )
