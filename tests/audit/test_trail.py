"""The trail on a real SQLite database: batches, offsets, receipts, restarts, restored backups."""

import shutil

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from infra.chassis.errors import DependencyUnavailableError
from services.audit import note, proof, tree
from services.audit.adapters.tables import event, inq_leaf, koffset, leaf, quarantine, reference
from services.audit.checkpoint import open_checkpoint
from services.audit.leaf import decode, leaf_hash
from services.audit.ports import SignerRefusedError, TrailMovedError
from tests.audit.conftest import (
    ORIGIN,
    SECRET,
    a_world,
    classified,
    moved,
    received,
    record_of,
    replied,
)
from tests.audit.test_tree import naive_root

pytestmark = pytest.mark.slow


async def rows(world, query):
    async with world.database.read() as reader:
        return list(await reader.execute(query))


async def bodies(world):
    return [row.body for row in await rows(world, select(leaf).order_by(leaf.c.idx))]


async def joined(world, cluster="c1"):
    trail = await world.trail()
    await trail.join(cluster)
    return trail


async def test_the_log_begins_with_its_opening(world):
    trail = await world.trail()

    first = decode((await bodies(world))[0])
    assert trail.size == 1
    assert first["typ"] == "genesis"
    assert first["act"] == {"kind": "log.opened", "out": ORIGIN, "mode": "auto"}


async def test_each_new_broker_is_an_entry_once(world):
    trail = await world.trail()
    for cluster in ("c1", "c2", "c1"):
        await trail.join(cluster)

    clusters = [decode(body)["act"]["out"] for body in (await bodies(world))[1:]]
    assert clusters == ["c1", "c2"]


async def test_the_signed_root_is_the_root_of_the_stored_bytes(world):
    trail, key = await joined(world), await world.key()
    batch = [record_of(received(key, n), n) for n in range(300)]
    await trail.take("c1", batch[:7])
    await trail.take("c1", batch[7:270])
    await trail.take("c1", batch[270:])

    head = await trail.sign()

    verifier = note.parse_vkey((world.folder / "keys/audit/log.vkey").read_text().strip())
    checkpoint = open_checkpoint(head.note, verifier)
    stored = [leaf_hash(body) for body in await bodies(world)]
    assert checkpoint.size == len(stored) == 302
    assert checkpoint.root == naive_root(stored)


async def test_every_entry_can_be_proved_from_the_stored_tiles(world):
    trail, key = await joined(world), await world.key()
    await trail.take("c1", [record_of(received(key, n), n) for n in range(300)])
    head = await trail.sign()

    stored = await bodies(world)
    verifier = note.parse_vkey((world.folder / "keys/audit/log.vkey").read_text().strip())
    for index in (0, 1, 255, 256, 301):
        spans = tree.inclusion_spans(index, head.size)
        tiles = await world.store.tiles(tree.tiles_of(spans, head.size), head.size)
        hashes = tree.prove(spans, head.size, tiles)
        text_form = proof.EntryProof(index, tuple(hashes), head.note).serialise()
        proof.verify_entry(proof.parse_entry_proof(text_form), leaf_hash(stored[index]), verifier)


async def test_a_batch_that_comes_again_adds_nothing(world):
    trail, key = await joined(world), await world.key()
    batch = [record_of(received(key, n), n) for n in range(5)]
    await trail.take("c1", batch)
    size = trail.size

    taken = await trail.take("c1", batch)

    assert (taken, trail.size) == ((0, 0), size)


async def test_after_a_restart_it_goes_on_where_it_was(world):
    key = await world.key()
    trail = await joined(world)
    await trail.take("c1", [record_of(received(key, n), n) for n in range(260)])

    again = await world.trail()
    offsets = await again.join("c1")
    await again.take("c1", [record_of(moved(key), 0, partition=1)])

    assert offsets == {("inquiry.received", 0): 260}
    head = await again.sign()
    stored = await bodies(world)
    assert head.size == len(stored) == 263
    assert decode(stored[-1])["prev"] == leaf_hash(stored[-2]).hex()
    verifier = note.parse_vkey((world.folder / "keys/audit/log.vkey").read_text().strip())
    assert open_checkpoint(head.note, verifier).root == naive_root([leaf_hash(b) for b in stored])


async def test_a_broker_that_forgot_everything_is_read_from_its_beginning(world):
    trail, key = await joined(world), await world.key()
    envelopes = [received(key, n) for n in range(4)]
    await trail.take("c1", [record_of(e, n) for n, e in enumerate(envelopes)])

    offsets = await trail.join("c2")
    again = [record_of(e, n) for n, e in enumerate([*envelopes, classified(key)])]
    taken = await trail.take("c2", again)

    assert offsets == {}
    assert taken == (1, 4)


async def test_every_event_gets_a_receipt_once_it_is_under_a_checkpoint(world):
    trail, key = await joined(world), await world.key()
    envelopes = [received(key, n) for n in range(3)]
    await trail.take("c1", [record_of(e, n) for n, e in enumerate(envelopes)])
    assert world.receipts.sent == []

    head = await trail.sign()
    await trail.send_receipts(head)
    await trail.send_receipts(head)

    assert world.receipts.sent == [(e.id, 2 + n, 5) for n, e in enumerate(envelopes)]


async def test_receipts_that_a_crash_swallowed_are_sent_after_the_restart(world):
    trail, key = await joined(world), await world.key()
    envelope = received(key, 1)
    await trail.take("c1", [record_of(envelope)])
    await trail.sign()

    again = await joined(world)
    await again.send_receipts(await again.sign())

    assert world.receipts.events == [envelope.id]


async def test_who_sends_again_what_the_trail_has_gets_the_receipt_again(world):
    trail, key = await joined(world), await world.key()
    envelope = received(key, 1)
    await trail.take("c1", [record_of(envelope)])
    await trail.send_receipts(await trail.sign())

    await trail.join("c2")
    await trail.take("c2", [record_of(envelope)])

    assert world.receipts.sent == [(envelope.id, 2, 3), (envelope.id, 2, 3)]


async def test_a_repeated_receipt_that_cannot_be_sent_holds_the_batch_back(world):
    trail, key = await joined(world), await world.key()
    await trail.take("c1", [record_of(received(key, 1))])
    await trail.send_receipts(await trail.sign())
    await trail.join("c2")

    async def away(*_):
        raise DependencyUnavailableError("broker")

    world.receipts.publish = away
    with pytest.raises(DependencyUnavailableError):
        await trail.take("c2", [record_of(received(key, 1))])

    assert await world.store.offsets("c2") == {}


async def test_a_second_writer_is_noticed_and_changes_nothing(world):
    key = await world.key()
    one, two = await joined(world), await joined(world)
    await one.take("c1", [record_of(received(key, 1), 0)])

    with pytest.raises(TrailMovedError):
        await two.take("c1", [record_of(received(key, 2), 0, partition=1)])

    assert await world.store.offsets("c1") == {("inquiry.received", 0): 1}
    await two.join("c1")
    await two.take("c1", [record_of(received(key, 2), 0, partition=1)])
    assert len(await bodies(world)) == 4


async def test_a_conflict_that_comes_again_with_another_broker_is_known(world):
    trail, key = await joined(world), await world.key()
    pair = [received(key, 1), received(key, 1, text="andet")]
    await trail.take("c1", [record_of(e, n) for n, e in enumerate(pair)])
    await trail.join("c2")

    taken = await trail.take("c2", [record_of(e, n) for n, e in enumerate(pair)])

    assert taken == (0, 2)


async def test_garbled_bytes_are_kept_sealed(world):
    trail, key = await joined(world), await world.key()
    raw = b"{ 010203-4567 garbled"
    await trail.take("c1", [record_of(received(key, 1), value=raw)])

    (kept,) = await rows(world, select(quarantine))
    assert (kept.topic, kept.off, kept.size) == ("inquiry.received", 0, len(raw))
    assert "010203-4567" not in kept.raw
    for file in world.folder.rglob("*"):
        if file.is_file():
            assert b"010203-4567" not in file.read_bytes()


async def test_nothing_of_what_a_citizen_wrote_is_in_any_file(world):
    trail, key = await joined(world), await world.key()
    await trail.take(
        "c1", [record_of(e, n) for n, e in enumerate([received(key, 1), replied(key)])]
    )
    await trail.sign()

    for file in world.folder.rglob("*"):
        if file.is_file():
            for secret in ("Åse Holm", "010203-4567", "henter skraldet"):
                assert secret.encode() not in file.read_bytes()


async def test_a_reference_leads_to_its_inquiry_only_through_the_keyed_index(world):
    trail, key = await joined(world), await world.key()
    envelope = received(key, 1)
    await trail.take("c1", [record_of(envelope)])

    (found,) = await rows(world, select(reference))
    assert found.mac == SECRET.reference_mac(envelope.data.reference)
    assert found.inquiry == key.id


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE leaf SET body = x'00' WHERE idx = 1",
        "DELETE FROM leaf WHERE idx = 1",
        "UPDATE tile SET data = x'00' WHERE w = 256",
        "DELETE FROM tile WHERE w = 256",
        "UPDATE checkpoint SET note = 'x'",
        "DELETE FROM checkpoint",
        "UPDATE inq_leaf SET n = 9",
        "UPDATE event SET kind = 'x'",
    ],
)
async def test_the_database_refuses_to_change_the_trail(world, statement):
    trail, key = await joined(world), await world.key()
    await trail.take("c1", [record_of(received(key, n), n) for n in range(300)])
    await trail.sign()

    with pytest.raises(IntegrityError, match="append-only"):
        async with world.database.write() as tx:
            await tx.execute(text(statement))


async def test_yesterdays_database_does_not_become_a_second_history(tmp_path):
    async with a_world(tmp_path) as world:
        trail, key = await joined(world), await world.key()
        await trail.take("c1", [record_of(received(key, 1), 0)])
        await trail.sign()
        await world.database.truncate_log()
    shutil.copy(tmp_path / "audit.db", tmp_path / "backup")
    async with a_world(tmp_path) as world:
        trail = await joined(world)
        await trail.take("c1", [record_of(classified(key), 0, partition=1)])
        await trail.sign()
    shutil.copy(tmp_path / "backup", tmp_path / "audit.db")
    for side in ("audit.db-wal", "audit.db-shm"):
        (tmp_path / side).unlink(missing_ok=True)

    async with a_world(tmp_path) as world:
        with pytest.raises(SignerRefusedError, match="older than the trail"):
            await world.trail()


async def test_an_empty_database_beside_a_signed_head_is_refused(world):
    trail = await world.trail()
    await trail.sign()
    async with a_world(world.folder / "elsewhere") as bare:
        shutil.copytree(world.folder / "keys/audit", bare.folder / "keys/audit")
        with pytest.raises(SignerRefusedError, match="empty"):
            await bare.trail()


async def test_a_lost_signers_memory_is_refused(world):
    trail = await world.trail()
    await trail.sign()
    (world.folder / "keys/audit/head.json").unlink()

    with pytest.raises(SignerRefusedError, match="no memory"):
        await world.trail()


async def test_the_indexes_agree_with_the_leaves(world):
    trail, key = await joined(world), await world.key()
    envelopes = [received(key, 1), classified(key), moved(key)]
    await trail.take("c1", [record_of(e, n) for n, e in enumerate(envelopes)])

    indexed = await rows(world, select(event).order_by(event.c.idx))
    leaves = [decode(body) for body in await bodies(world)]
    assert [row.kind for row in indexed] == [each["act"]["kind"] for each in leaves]
    assert [row.digest.hex() for row in indexed[2:]] == [each["pc"]["event"] for each in leaves[2:]]
    links = await rows(world, select(inq_leaf).order_by(inq_leaf.c.n))
    assert [(row.n, row.idx) for row in links] == [(0, 2), (1, 3), (2, 4)]
    offsets = await rows(world, select(koffset.c.topic, koffset.c.next).order_by(koffset.c.next))
    assert offsets == [("inquiry.received", 1), ("inquiry.classified", 2), ("case.moved", 3)]
