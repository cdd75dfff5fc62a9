"""Letters to citizens that leave once the trail has what they tell of, in SQL."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Table, exists, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from infra.database import Transaction
from services.router.adapters.cases import insert_once
from services.router.adapters.tables import case, erasure, mail_out


async def queue_mail(
    tx: Transaction,
    *,
    mail_id: UUID,
    case_id: UUID,
    kind: str,
    event_id: UUID,
    now: datetime,
    reply: dict[str, Any] | None = None,
    by: str | None = None,
) -> None:
    await insert_once(
        tx,
        mail_out,
        id=mail_id,
        case=case_id,
        kind=kind,
        event_id=event_id,
        reply=reply,
        by=by,
        put_at=now,
        attempts=0,
        next_at=now,
    )


async def mails_of(connection: AsyncConnection, case_id: UUID) -> Sequence[Any]:
    rows = await connection.execute(
        select(mail_out).where(mail_out.c.case == case_id).order_by(mail_out.c.put_at)
    )
    return rows.all()


async def due_mails(connection: AsyncConnection, outbox: Table, now: datetime) -> Sequence[Any]:
    """Mails whose event the trail holds: log before act. Nobody gets one about what is to be erased."""
    rows = await connection.execute(
        select(mail_out)
        .join(outbox, outbox.c.event_id == mail_out.c.event_id)
        .join(case, case.c.id == mail_out.c.case)
        .where(
            mail_out.c.sent_at.is_(None),
            mail_out.c.failure.is_(None),
            mail_out.c.next_at <= now,
            outbox.c.confirmed_at.is_not(None),
            ~exists().where(
                erasure.c.inquiry == case.c.inquiry, erasure.c.approved_at.is_not(None)
            ),
        )
        .order_by(mail_out.c.put_at)
        .limit(50)
    )
    return rows.all()


async def settle_mail(
    tx: Transaction,
    mail_id: UUID,
    *,
    sent_at: datetime | None = None,
    failure: str | None = None,
    next_at: datetime | None = None,
) -> None:
    values: dict[str, Any] = {"attempts": mail_out.c.attempts + 1}
    if sent_at is not None:
        values["sent_at"] = sent_at
    if failure is not None:
        values["failure"] = failure
    if next_at is not None:
        values["next_at"] = next_at
    await tx.execute(update(mail_out).where(mail_out.c.id == mail_id).values(**values))
