"""Questions citizens typed lately, opened for a moment so that they can be asked again."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from contracts.event import Sealed
from infra.database import Database
from infra.keyring import Keyring
from services.chatbot.adapters import asked

RECENT = timedelta(days=30)
MOST = 500
"""The newest questions; older ones of the period are not asked again."""


async def recent_rows(database: Database, kept_days: int, now: datetime) -> list[Any]:
    """Sealed, newest first; nothing older than conversations are kept."""
    since = now - min(RECENT, timedelta(days=kept_days))
    async with database.read() as reader:
        return await asked.recent(reader, since, MOST)


async def opened(keyring: Keyring, rows: Sequence[Any]) -> list[tuple[Any, str]]:
    """Each row with its masked words; without those whose key is gone."""
    keys = await keyring.data_keys(row.conversation for row in rows)
    return [
        (
            row,
            keys[row.conversation].open(
                f"message/{row.question_id}", Sealed.model_validate(row.question)
            ),
        )
        for row in rows
        if row.conversation in keys
    ]
