"""The keyring: creates, hands out and destroys data keys. Destroying a key erases all it sealed."""

import secrets
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from sqlalchemy import delete, select

from infra.database import Database
from infra.keyring.data_key import DataKey
from infra.keyring.tables import data_key, destroyed_key
from infra.keyring.wrapping import KEY_BYTES, WrappingKey, load_secret

# SQLite allows 32,766 bound parameters; stay far below.
LOOKUP_CHUNK = 500


class UnknownKeyError(LookupError):
    """There has never been a key with this id."""


class KeyDestroyedError(LookupError):
    """The key was destroyed: what it sealed is erased."""


class Keyring:
    """Keys at rest in `database`, wrapped by `wrapping`."""

    def __init__(self, database: Database, wrapping: WrappingKey) -> None:
        self._database = database
        self._wrapping = wrapping

    async def create(self, key_id: UUID) -> DataKey:
        """The key with this id, made now if it does not exist; durable before this returns.

        Raises KeyDestroyedError: a destroyed key never comes back under its old id.
        """
        async with self._database.write() as tx:
            if await tx.scalar(select(destroyed_key.c.id).where(destroyed_key.c.id == key_id)):
                raise KeyDestroyedError(str(key_id))
            await tx.execute(
                tx
                .insert(data_key)
                .values(
                    id=key_id,
                    wrapped=self._wrapping.wrap(key_id, secrets.token_bytes(KEY_BYTES)),
                    created_at=datetime.now(UTC),
                )
                .on_conflict_do_nothing()
            )
        return await self.data_key(key_id)

    async def data_key(self, key_id: UUID) -> DataKey:
        """Raises KeyDestroyedError or UnknownKeyError."""
        found = await self.data_keys([key_id])
        if key_id in found:
            return found[key_id]
        async with self._database.read() as reader:
            gone = await reader.scalar(
                select(destroyed_key.c.id).where(destroyed_key.c.id == key_id)
            )
        raise KeyDestroyedError(str(key_id)) if gone else UnknownKeyError(str(key_id))

    async def data_keys(self, key_ids: Iterable[UUID]) -> dict[UUID, DataKey]:
        """Those of the keys that exist."""
        wanted = list(dict.fromkeys(key_ids))
        found: dict[UUID, DataKey] = {}
        async with self._database.read() as reader:
            for start in range(0, len(wanted), LOOKUP_CHUNK):
                chunk = wanted[start : start + LOOKUP_CHUNK]
                rows = await reader.execute(
                    select(data_key.c.id, data_key.c.wrapped).where(data_key.c.id.in_(chunk))
                )
                for key_id, wrapped in rows:
                    found[key_id] = DataKey(key_id, self._wrapping.unwrap(key_id, wrapped))
        return found

    async def shred(self, key_id: UUID) -> bool:
        """Destroy the key for ever; again is harmless. Its bytes are gone from the files afterwards.

        False when a reader kept them in the write-ahead log: nobody gets the key any more, but to be rid
        of its bytes too call again.
        """
        async with self._database.write() as tx:
            await tx.execute(delete(data_key).where(data_key.c.id == key_id))
            await tx.execute(
                tx
                .insert(destroyed_key)
                .values(id=key_id, destroyed_at=datetime.now(UTC))
                .on_conflict_do_nothing()
            )
        return await self._database.truncate_log()

    async def close(self) -> None:
        await self._database.close()


async def open_keyring(url: str, key_file: Path) -> Keyring:
    """The keyring of a data folder, made on first use."""
    key_file.parent.mkdir(parents=True, exist_ok=True)
    wrapping = WrappingKey(load_secret(key_file))
    database = Database(url)
    await database.migrate("infra.keyring.migrations")
    return Keyring(database, wrapping)
