"""Kill switches of automatic routing, in SQL."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.governance import SwitchTurned
from infra.database import Transaction
from services.router.adapters.tables import switch


async def keep_switch(tx: Transaction, turned: SwitchTurned, at: datetime) -> bool:
    """The newest turn counts, whatever order they come in; False when a newer one is known."""
    values = {"on": turned.on, "by": turned.by, "reason": turned.reason, "at": at}
    insert = tx.insert(switch).values(name=turned.switch, **values)
    done = await tx.execute(
        insert.on_conflict_do_update(
            index_elements=[switch.c.name], set_=values, where=switch.c.at < at
        )
    )
    return bool(done.rowcount)


async def switches(connection: AsyncConnection) -> Sequence[Any]:
    return (await connection.execute(select(switch))).all()


async def find(connection: AsyncConnection, name: str) -> Any | None:
    """The last turn of one switch, if it was ever turned."""
    return (await connection.execute(select(switch).where(switch.c.name == name))).first()


async def stopped(connection: AsyncConnection) -> frozenset[str]:
    """Names of the switches that are off."""
    rows = await connection.execute(select(switch.c.name).where(switch.c.on.is_(False)))
    return frozenset(rows.scalars())
