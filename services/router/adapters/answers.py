"""Chat questions answered without a person, counted; nothing of their words is kept."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from infra.database import Transaction
from services.router.adapters.cases import insert_once
from services.router.adapters.tables import chat_answer
from services.router.monitor import Only


async def keep_answer(tx: Transaction, event_id: UUID, language: str, at: datetime) -> None:
    await insert_once(tx, chat_answer, id=event_id, language=language, at=at)


async def count(connection: AsyncConnection, since: datetime, until: datetime, only: Only) -> int:
    conditions = [chat_answer.c.at > since, chat_answer.c.at <= until]
    if only.language:
        conditions.append(chat_answer.c.language == only.language)
    found = await connection.scalar(
        select(func.count()).select_from(chat_answer).where(*conditions)
    )
    return int(found or 0)
