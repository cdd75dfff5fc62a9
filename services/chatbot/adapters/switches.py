"""Kill switches of the chat, in SQL."""

from typing import Any

from sqlalchemy import Row, bindparam, select

from contracts.governance import SwitchTurned
from infra.database import Transaction
from services.chatbot.adapters.conversations import Reader
from services.chatbot.adapters.tables import chat_switch

_SWITCH = select(chat_switch).where(chat_switch.c.name == bindparam("named"))


async def keep_switch(tx: Transaction, turned: SwitchTurned, at: Any) -> None:
    values = {"on": turned.on, "by": turned.by, "reason": turned.reason, "at": at}
    await tx.execute(
        tx
        .insert(chat_switch)
        .values(name=turned.switch, **values)
        .on_conflict_do_update(index_elements=[chat_switch.c.name], set_=values)
    )


async def switch(reader: Reader, name: str) -> Row[Any] | None:
    return (await reader.execute(_SWITCH, {"named": name})).first()
