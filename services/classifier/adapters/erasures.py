"""Which inquiries were erased; of them the classifier keeps nothing but that."""

from contextlib import suppress
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.reference import reference_of
from infra.database import Database, Transaction
from services.classifier.adapters.learning_tables import decision, erased_inquiry
from services.classifier.adapters.tables import confirmed_correction, intake


class SqlErasures:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def erase(self, inquiry: UUID, at: datetime) -> bool:
        """Decisions, corrections and the mail itself go in one transaction; False when they went before.

        The intake's row stays without its mail: the same mail, delivered again, is known by it.
        """
        async with self._database.write() as tx:
            done = await tx.execute(
                tx
                .insert(erased_inquiry)
                .values(inquiry=inquiry, reference=reference_of(inquiry), at=at)
                .on_conflict_do_nothing()
            )
            for table in (decision, confirmed_correction):
                await tx.execute(delete(table).where(table.c.inquiry == inquiry))
            mine = intake.c.inquiry == inquiry
            await tx.execute(update(intake).where(mine).values(raw=""))
            await tx.execute(
                update(intake).where(mine, intake.c.arrived_at.is_(None)).values(arrived_at=at)
            )
        # Or the journal would hold the rows until it is written over.
        await self._database.truncate_log()
        return bool(done.rowcount)


async def is_erased(tx: Transaction, inquiry: UUID) -> bool:
    """Asked in the transaction that would keep something: an erasure may come in between."""
    found = await tx.execute(
        select(erased_inquiry.c.inquiry).where(erased_inquiry.c.inquiry == inquiry)
    )
    return found.first() is not None


async def erased_at(connection: AsyncConnection, wanted: str) -> datetime | None:
    """By reference or id."""
    named = erased_inquiry.c.reference == wanted
    with suppress(ValueError):
        named = or_(named, erased_inquiry.c.inquiry == UUID(wanted))
    at: datetime | None = await connection.scalar(select(erased_inquiry.c.at).where(named))
    return at
