"""What was routed, for replaying it under other rules."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.inquiry import InquiryClassified, InquiryReceived
from services.router.adapters.tables import classification, inquiry
from services.router.replay import Past


async def routed_since(connection: AsyncConnection, since: datetime) -> list[Past]:
    """Inquiries routed since then, oldest first. What came after an opened case is not in it."""
    rows = await connection.execute(
        select(inquiry.c.received, inquiry.c.routed_at, classification.c.classified)
        .outerjoin(classification, classification.c.inquiry == inquiry.c.id)
        .where(inquiry.c.routed_at >= since)
        .order_by(inquiry.c.routed_at)
    )
    return [
        Past(
            InquiryReceived.model_validate(row.received),
            InquiryClassified.model_validate(row.classified) if row.classified else None,
            row.routed_at,
        )
        for row in rows
    ]
