"""Personal text at rest is ciphertext, and destroying a key erases it for ever."""

from pathlib import Path
from uuid import uuid4

import pytest

from infra.database import database
from infra.database.database import _empty_log
from infra.keyring import (
    DataKey,
    KeyDestroyedError,
    Keyring,
    SealBrokenError,
    UnknownKeyError,
    open_keyring,
)
from infra.keyring.wrapping import WrappingKeyError

SECRET = "Jeg hedder Jens Æbleskov og mit cpr er 010180-1234"


async def test_what_was_sealed_opens_again(keyring: Keyring):
    key = await keyring.create(uuid4())

    assert key.open("text", key.seal("text", SECRET)) == SECRET


async def test_the_same_text_seals_to_the_same_bytes_so_that_events_repeat_exactly(
    keyring: Keyring,
):
    key = await keyring.create(uuid4())

    assert key.seal("text", SECRET) == key.seal("text", SECRET)
    assert key.seal("text", SECRET).nonce != key.seal("text", SECRET + ".").nonce


async def test_sealed_text_belongs_to_its_field_and_its_key(keyring: Keyring):
    key, other = await keyring.create(uuid4()), await keyring.create(uuid4())
    sealed = key.seal("text", SECRET)

    with pytest.raises(SealBrokenError):
        key.open("title", sealed)
    with pytest.raises(SealBrokenError):
        other.open("text", sealed)


async def test_an_altered_seal_does_not_open(keyring: Keyring):
    key = await keyring.create(uuid4())
    sealed = key.seal("text", SECRET)
    altered = sealed.model_copy(update={"text": "A" + sealed.text[1:]})

    with pytest.raises(SealBrokenError):
        key.open("text", altered if altered != sealed else sealed.model_copy(update={"nonce": "x"}))


async def test_a_key_comes_back_the_same(keyring: Keyring):
    key_id = uuid4()
    first = await keyring.create(key_id)

    again = await keyring.create(key_id)

    assert again.open("text", first.seal("text", SECRET)) == SECRET


async def test_a_destroyed_key_is_gone_for_ever(keyring: Keyring):
    key_id = uuid4()
    await keyring.create(key_id)

    await keyring.shred(key_id)

    with pytest.raises(KeyDestroyedError):
        await keyring.data_key(key_id)
    with pytest.raises(KeyDestroyedError):
        await keyring.create(key_id)
    assert await keyring.data_keys([key_id]) == {}


async def test_no_byte_of_a_destroyed_key_stays_in_any_file(keyring: Keyring, tmp_path: Path):
    import sqlite3

    key_id = uuid4()
    await keyring.create(key_id)
    with sqlite3.connect(tmp_path / "keyring.db") as database:
        wrapped = database.execute("select wrapped from data_key").fetchone()[0]
    assert any(wrapped in file.read_bytes() for file in tmp_path.glob("keyring.db*"))

    await keyring.shred(key_id)

    assert not any(wrapped in file.read_bytes() for file in tmp_path.glob("keyring.db*"))


@pytest.mark.slow
async def test_a_reader_who_keeps_its_bytes_alive_is_told_and_the_next_call_gets_rid_of_them(
    keyring: Keyring, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    import sqlite3

    # The service waits ten seconds for a reader; so long that it ends, here it never does.
    def impatient(connection: sqlite3.Connection):
        connection.execute("PRAGMA busy_timeout=200")
        return _empty_log(connection)

    monkeypatch.setattr(database, "_empty_log", impatient)
    key_id = uuid4()
    await keyring.create(key_id)
    with sqlite3.connect(tmp_path / "keyring.db") as reader:
        reader.execute("BEGIN")
        wrapped = reader.execute("select wrapped from data_key").fetchone()[0]

        assert await keyring.shred(key_id) is False
        reader.rollback()

    assert await keyring.shred(key_id) is True
    assert not any(wrapped in file.read_bytes() for file in tmp_path.glob("keyring.db*"))


async def test_an_unknown_key_is_not_a_destroyed_one(keyring: Keyring):
    with pytest.raises(UnknownKeyError):
        await keyring.data_key(uuid4())


async def test_keys_survive_a_restart_with_their_key_file(tmp_path: Path):
    url, file = f"sqlite:///{tmp_path / 'k.db'}", tmp_path / "wrapping.key"
    key_id = uuid4()
    first = await open_keyring(url, file)
    sealed = (await first.create(key_id)).seal("text", SECRET)
    await first.close()

    second = await open_keyring(url, file)
    opened = (await second.data_key(key_id)).open("text", sealed)
    await second.close()

    assert opened == SECRET


async def test_a_foreign_key_file_is_refused_with_advice(tmp_path: Path):
    url = f"sqlite:///{tmp_path / 'k.db'}"
    key_id = uuid4()
    first = await open_keyring(url, tmp_path / "one.key")
    await first.create(key_id)
    await first.close()
    second = await open_keyring(url, tmp_path / "two.key")

    with pytest.raises(WrappingKeyError, match="Restore the key file"):
        await second.data_key(key_id)
    await second.close()


async def test_a_key_file_others_can_read_is_refused(tmp_path: Path):
    file = tmp_path / "wrapping.key"
    file.write_bytes(b"x" * 32)
    file.chmod(0o644)

    with pytest.raises(WrappingKeyError, match="chmod 600"):
        await open_keyring(f"sqlite:///{tmp_path / 'k.db'}", file)


def test_a_key_never_shows_itself_in_a_message():
    secret = b"\x01" * 32

    assert secret.hex() not in repr(DataKey(uuid4(), secret))
    assert "\\x01" not in repr(DataKey(uuid4(), secret))
