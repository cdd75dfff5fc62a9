import hmac
from hashlib import sha256
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from contracts import answer, governance, inquiry
from contracts.catalogue import EVENTS
from contracts.event import Envelope
from contracts.trail import TrailReceipt
from infra.keyring import DataKey
from services.audit import describe
from services.audit.admit import ChainHead, Known, Standing, admit
from services.audit.leaf import decode, leaf_hash
from services.audit.listen import Garbled, Heard, Record, listen
from tests.audit.conftest import (
    CITIZEN_WORDS,
    NOON,
    SECRET,
    classified,
    moved,
    received,
    record_of,
    replied,
)


@pytest.fixture
def key():
    return DataKey(uuid4(), b"\x07" * 32)


def admitted(records, key, **standing):
    standing = {"size": 0, "secret": SECRET, "keys": {key.id: key}} | standing
    return admit([listen(record, SECRET) for record in records], Standing(**standing))


def only_leaf(records, key, **standing):
    (entry,) = admitted(records, key, **standing).entries
    return decode(entry.body)


def hkdf(secret, info):
    return HKDFExpand(algorithm=SHA256(), length=32, info=info.encode()).derive(secret)


def test_the_leaf_of_a_received_inquiry_in_full(key):
    envelope = received(key, 41)

    leaf = only_leaf([record_of(envelope, offset=7, partition=2)], key)

    eid = str(envelope.id)
    salt = hkdf(key.secret, f"audit/v1/salt/{eid}/text")
    wanted_text = sha256(b"\x02" + salt + b"text" + b"\x00" + CITIZEN_WORDS.encode()).hexdigest()
    title_salt = hkdf(key.secret, f"audit/v1/salt/{eid}/title")
    body = envelope.record().value
    digest_key = hkdf(SECRET.seed, "audit/v1/digest")
    assert leaf == {
        "v": 1,
        "typ": "decision",
        "eid": eid,
        "inq": hmac.digest(hkdf(key.secret, "audit/v1/inq-ref"), b"", sha256).hex(),
        "n": 0,
        "at": "2026-11-22T12:00:41.000000Z",
        "rx": "2026-11-22T12:01:00.000000Z",
        "src": {"t": "inquiry.received", "p": 2, "o": 7},
        "act": {"kind": "inquiry.received", "out": "mail", "mode": "auto"},
        "sys": {"svc": "classifier"},
        "pc": {
            "text": wanted_text,
            "title": sha256(b"\x02" + title_salt + b"title\x00Skrald").hexdigest(),
            "event": hmac.digest(digest_key, b"inquiry.received\0" + body, sha256).hex(),
        },
    }


def test_a_suggestion_is_support_with_scores_in_parts_per_million(key):
    leaf = only_leaf([record_of(classified(key))], key)

    assert leaf["act"] == {
        "kind": "inquiry.classified",
        "out": "tmf.affald",
        "mode": "support",
        "conf_e6": 914_200,
        "thr_e6": 700_000,
        "alt": [["tmf.affald", 914_200], ["tmf.veje", 50_000]],
    }
    assert leaf["sys"] == {
        "svc": "classifier",
        "model": "henvend-small",
        "model_sha256": "ab" * 32,
    }
    assert leaf["why"] == ["confident", "language:da"]


def test_a_move_by_a_person_is_an_override_under_a_pseudonym(key):
    leaf = only_leaf([record_of(moved(key))], key)

    assert leaf["typ"] == "override"
    assert leaf["act"]["mode"] == "human"
    staff_key = hkdf(SECRET.seed, "audit/v1/staff/2026")
    assert leaf["hum"] == [hmac.digest(staff_key, b"mette.h", sha256).hex()]


def test_entries_of_one_inquiry_point_back_to_each_other(key):
    other = DataKey(uuid4(), b"\x08" * 32)
    envelopes = [received(key, 1), received(other, 2), classified(key), replied(key)]
    records = [record_of(envelope, n) for n, envelope in enumerate(envelopes)]

    result = admitted(records, key, size=10, keys={key.id: key, other.id: other})

    assert [entry.idx for entry in result.entries] == [10, 11, 12, 13]
    first, foreign, second, third = (decode(entry.body) for entry in result.entries)
    assert [leaf["n"] for leaf in (first, second, third)] == [0, 1, 2]
    assert foreign["n"] == 0
    assert foreign["inq"] != first["inq"] == second["inq"] == third["inq"]
    assert "prev" not in first
    assert second["prev"] == leaf_hash(result.entries[0].body).hex()
    assert third["prev"] == leaf_hash(result.entries[2].body).hex()


def test_the_chain_goes_on_from_where_the_trail_stands(key):
    head = ChainHead("cd" * 32, 4, b"\x09" * 32)

    leaf = only_leaf([record_of(moved(key))], key, chains={key.id: head})

    assert (leaf["inq"], leaf["n"], leaf["prev"]) == ("cd" * 32, 5, "09" * 32)


def test_no_word_of_the_citizen_and_no_account_is_in_a_leaf(key):
    envelopes = [received(key, 1), classified(key), moved(key), replied(key)]
    records = [record_of(envelope, n) for n, envelope in enumerate(envelopes)]

    leaves = b"".join(entry.body for entry in admitted(records, key).entries)

    reference = envelopes[0].data.reference
    # The whole number: four digits alone stand in a hash now and then.
    for secret in (
        "Åse",
        "010203-4567",
        "0102034567",
        "mette",
        "Skrald",
        "henter",
        reference,
        str(key.id),
    ):
        assert secret.encode() not in leaves


def test_a_known_event_is_answered_with_its_entry_and_adds_nothing(key):
    record = record_of(received(key, 1))
    heard = listen(record, SECRET)

    result = admitted([record], key, known={heard.envelope.id: Known(77, heard.digest)})

    assert result == ((), ((heard.envelope.id, 77),))


def test_the_same_event_twice_in_a_batch_is_one_entry(key):
    envelope = received(key, 1)

    result = admitted([record_of(envelope, 0), record_of(envelope, 1)], key, size=5)

    assert len(result.entries) == 1
    assert result.repeated == ((envelope.id, 5),)


def test_another_content_under_a_known_id_is_a_conflict_entry(key):
    first = received(key, 1)
    second = received(key, 1, text="Noget helt andet")

    result = admitted([record_of(first, 0), record_of(second, 1)], key)

    leaf = decode(result.entries[1].body)
    assert leaf["typ"] == "conflict"
    assert leaf["eid"] != str(first.id)
    assert leaf["why"] == ["entry:0"]
    assert leaf["act"]["kind"] == "event.conflicted"
    assert result.entries[1].event == first.id


def test_the_same_conflict_again_adds_nothing(key):
    envelopes = [received(key, 1), *[received(key, 1, text="andet")] * 2]
    records = [record_of(envelope, n) for n, envelope in enumerate(envelopes)]

    result = admitted(records, key)

    assert len(result.entries) == 2
    assert result.repeated == ((envelopes[0].id, 1),)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b"{not json", "not-json"),
        (b"", "empty"),
        (None, "empty"),
        (b"x" * 1_000_001, "too-large"),
        (b'{"inquiry": 3}', "invalid"),
        (b"[" * 100_000, "not-json"),
    ],
    ids=["not-json", "empty", "tombstone", "too-large", "invalid", "deep"],
)
def test_what_nobody_can_read_becomes_an_ingest_error(key, value, reason):
    record = record_of(received(key, 1), 3, value=value)

    leaf = only_leaf([record], key)

    assert leaf["typ"] == "ingest_error"
    assert leaf["act"] == {"kind": "record.garbled", "out": reason, "mode": "auto"}
    assert leaf["src"] == {"t": "inquiry.received", "p": 0, "o": 3}
    assert leaf["pc"] == {"event": SECRET.digest("inquiry.received", value or b"").hex()}


def test_an_event_on_another_topic_than_its_own_is_garbled(key):
    record = record_of(received(key, 1), topic="case.opened")

    assert listen(record, SECRET).reason == "unknown-type"


def test_missing_and_broken_headers_are_garbled(key):
    record = record_of(received(key, 1))
    assert isinstance(listen(record._replace(headers=()), SECRET), Garbled)
    bad_id = tuple((n, b"x" if n == "ce_id" else v) for n, v in record.headers)
    assert isinstance(listen(record._replace(headers=bad_id), SECRET), Garbled)


def test_a_time_no_leaf_can_hold_is_recorded_as_garbled_not_lost(key):
    record = record_of(received(key, 1))
    headers = tuple(
        (n, b"0001-01-01T00:00:00+14:00" if n == "ce_time" else v) for n, v in record.headers
    )

    (entry,) = admitted([record._replace(headers=headers)], key).entries

    assert decode(entry.body)["typ"] == "ingest_error"
    assert entry.event == listen(record, SECRET).envelope.id


def test_a_wild_broker_time_does_not_stop_the_trail(key):
    leaf = only_leaf([record_of(received(key, 1), timestamp=2**62)], key)

    assert leaf["rx"] == "1970-01-01T00:00:00.000000Z"


def test_without_its_key_an_event_is_recorded_without_personal_data(key):
    leaf = only_leaf([record_of(received(key, 1))], key, keys={})

    assert leaf["why"] == ["key-destroyed:text", "key-destroyed:title"]
    assert set(leaf["pc"]) == {"event"}
    assert "inq" not in leaf


def test_a_seal_that_does_not_open_is_recorded_as_broken(key):
    event = received(key, 1).data
    swapped = event.model_copy(update={"text": event.title})
    envelope = Envelope.of(swapped, event_id=uuid4(), source="classifier", time=NOON)

    leaf = only_leaf([record_of(envelope)], key)

    assert leaf["why"] == ["seal-broken:text"]
    assert "text" not in leaf["pc"]
    assert "title" in leaf["pc"]


def test_two_events_with_the_same_words_have_different_commitments(key):
    one, two = received(key, 1), received(key, 2)

    first, second = admitted([record_of(one, 0), record_of(two, 1)], key).entries

    assert decode(first.body)["pc"]["text"] != decode(second.body)["pc"]["text"]


def test_free_text_of_staff_stays_out_of_the_leaf(key):
    event = governance.SwitchTurned(
        switch="routing", on=False, by="ole", reason="010203-4567 ringede og var vred"
    )
    envelope = Envelope.of(event, event_id=uuid4(), source="router", time=NOON)

    leaf = only_leaf([record_of(envelope)], key)

    assert leaf["why"] == ["free-text", "switch:routing"]


def test_a_switch_the_monitor_turned_is_nobodys_act(key):
    event = governance.SwitchTurned(
        switch="routing.category.tmf.veje", on=False, by="monitor", reason="promise-broken"
    )
    envelope = Envelope.of(event, event_id=uuid4(), source="router", time=NOON)

    leaf = only_leaf([record_of(envelope)], key)

    assert leaf["act"]["mode"] == "auto"
    assert "hum" not in leaf
    assert leaf["why"] == ["promise-broken", "switch:routing.category.tmf.veje"]


@pytest.mark.parametrize("text", ["010203-4567", "en lang sætning", "", "ABC", "a\nb"])
def test_a_typed_reason_is_a_plain_word_or_free_text(text):
    assert describe.word(text) == "free-text"


def test_a_chat_answer_names_its_articles_as_templates(key):
    article = answer.ArticleRef(topic="parkering-kort", language="da", version=3, digest="ef" * 32)
    event = answer.QuestionAnswered(
        inquiry=key.id,
        turn=1,
        verdict="answered",
        language="da",
        confidence=0.8,
        threshold=0.6,
        articles=(article,),
        question=key.seal("question", "Hvor må jeg parkere?"),
        model=inquiry.ModelRef(name="m", digest="00" * 32),
    )
    envelope = Envelope.of(event, event_id=uuid4(), source="chatbot", time=NOON)

    leaf = only_leaf([record_of(envelope)], key)

    assert leaf["typ"] == "reply_sent"
    assert leaf["act"]["mode"] == "auto"
    assert leaf["tmpl"] == ["parkering-kort.da@3"]
    assert "question" in leaf["pc"]


def test_every_event_but_the_receipt_is_described():
    assert describe._DESCRIPTIONS.keys() == EVENTS.keys() - {TrailReceipt.type}


def test_admitting_again_gives_the_same_bytes(key):
    records = [record_of(received(key, n), n) for n in range(3)]

    assert admitted(records, key) == admitted(records, key)


def test_what_was_heard_keeps_its_sealed_fields(key):
    heard = listen(record_of(received(key, 1)), SECRET)

    assert isinstance(heard, Heard)
    assert [name for name, _ in heard.sealed] == ["text", "title"]
    assert Record._fields[:3] == ("topic", "partition", "offset")


def test_the_first_model_is_nobodys_act_and_a_later_one_two_persons(key):
    model = inquiry.ModelRef(name="henvend", digest="ab" * 32)
    first = governance.ModelPromoted(model=model, previous=None, approved_by=("installation",))
    later = governance.ModelPromoted(
        model=model, previous="cd" * 32, approved_by=("emil.koordinator", "ida.drift")
    )

    assert (describe.describe(first).mode, describe.describe(first).staff) == ("auto", ())
    assert "by:installation" in describe.describe(first).why
    assert describe.describe(later).mode == "human"
    assert describe.describe(later).staff == ("emil.koordinator", "ida.drift")


def test_an_erasure_names_two_persons_its_ground_and_why_it_need_not_be_kept():
    erased = inquiry.InquiryErased(
        inquiry=uuid4(),
        reason="objection",
        requested_by="hanne.dpo",
        approved_by="emil.koordinator",
        records="filed-elsewhere",
    )
    by_deadline = erased.model_copy(
        update={
            "requested_by": inquiry.RETENTION,
            "approved_by": inquiry.RETENTION,
            "records": None,
        }
    )

    asked = describe.describe(erased)
    assert (asked.typ, asked.mode) == ("erase", "human")
    assert asked.why == ("objection", "records:filed-elsewhere")
    assert asked.staff == ("hanne.dpo", "emil.koordinator")
    assert (describe.describe(by_deadline).mode, describe.describe(by_deadline).staff) == (
        "auto",
        (),
    )
