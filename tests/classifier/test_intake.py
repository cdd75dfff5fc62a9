"""A mail is kept, sealed and durable before its sender is told so; the same mail is one inquiry."""

import asyncio
import smtplib
import sqlite3
import zlib
from base64 import b64decode
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

import pytest
from sqlalchemy import select

from contracts.event import Sealed
from contracts.inquiry import InquiryReceived
from infra.chassis.chassis import open_chassis
from infra.chassis.tables import outbox
from infra.database import DatabaseUnavailableError
from services.classifier.adapters.ledger import SqlIntakeLedger
from services.classifier.mailbox import Intake, listen
from services.classifier.settings import ClassifierSettings
from tests.conftest import free_port
from tests.doubles import FakeClock

pytestmark = pytest.mark.slow

SECRET = "Naboens rottehul ved Kastanjestien"


def mail(text: str = SECRET, message_id: str = "<a@b.example>") -> bytes:
    message = EmailMessage()
    message["From"] = "Jens Æblegaard <jens@eksempel.example>"
    message["To"] = "kontakt@sundby.example"
    message["Subject"] = "Rottehul"
    message["Message-ID"] = message_id
    message.set_content(text)
    return message.as_bytes()


@asynccontextmanager
async def intake_in(tmp_path, **changed):
    clock = FakeClock(datetime(2026, 11, 22, 9, 0, tzinfo=UTC))
    settings = ClassifierSettings(
        data=tmp_path,
        classifier_smtp_port=free_port(),
        classifier_lmtp_port=free_port(),
        **changed,
    )
    async with open_chassis(
        "classifier", settings, migrations="services.classifier.migrations", clock=clock
    ) as chassis:
        ledger = SqlIntakeLedger(chassis.database, chassis.outbox, clock, timedelta(seconds=15))
        intake = Intake(ledger, chassis.keyring, settings, chassis.metrics, clock)
        yield chassis, ledger, intake, settings, clock


async def waiting_events(chassis) -> list:
    async with chassis.database.read() as reader:
        return list((await reader.execute(select(outbox).order_by(outbox.c.seq))).all())


async def test_a_mail_becomes_one_sealed_event_and_one_ledger_row(tmp_path):
    async with intake_in(tmp_path) as (chassis, _, intake, _, _):
        reference = await intake.take(mail(), return_path="jens@eksempel.example")

        (event,) = await waiting_events(chassis)
        received = InquiryReceived.model_validate_json(event.value)
        key = await chassis.keyring.data_key(received.inquiry)
        assert received.reference == reference
        assert key.open("text", received.text) == SECRET
        assert key.open("sender", received.sender) == "Jens Æblegaard <jens@eksempel.example>"


async def test_an_erased_mail_that_comes_again_is_taken_and_not_kept(tmp_path):
    """Refused, its server would try again for days and then tell the citizen that it failed."""
    async with intake_in(tmp_path) as (chassis, _, intake, _, _):
        reference = await intake.take(mail(), return_path="jens@eksempel.example")
        (event,) = await waiting_events(chassis)
        await chassis.keyring.shred(InquiryReceived.model_validate_json(event.value).inquiry)

        again = await intake.take(mail(), return_path="jens@eksempel.example")

        assert again == reference
        assert await waiting_events(chassis) == [event]


async def test_the_whole_mail_can_be_had_again_from_the_ledger(tmp_path):
    async with intake_in(tmp_path) as (chassis, _, intake, _, _):
        await intake.take(mail(), return_path="jens@eksempel.example")
        with sqlite3.connect(tmp_path / "classifier.db") as database:
            ((raw, inquiry),) = database.execute("select raw, inquiry from intake").fetchall()
        from uuid import UUID

        key = await chassis.keyring.data_key(UUID(inquiry))
        opened = key.open("raw", Sealed.model_validate_json(raw))

        assert zlib.decompress(b64decode(opened)) == mail()


async def test_no_word_of_the_mail_stands_in_any_file(tmp_path):
    async with intake_in(tmp_path) as (_, _, intake, _, _):
        await intake.take(mail(), return_path="jens@eksempel.example")
    everything = b"".join(p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())

    for word in ("rottehul", "Rottehul", "Kastanjestien", "Æblegaard", "jens@eksempel"):
        assert word.encode() not in everything


async def test_the_same_mail_twice_is_one_inquiry(tmp_path):
    async with intake_in(tmp_path) as (chassis, _, intake, _, _):
        first = await intake.take(mail(), return_path="a@b.example")
        again = await intake.take(mail(), return_path="a@b.example")

        assert first == again
        assert len(await waiting_events(chassis)) == 1


async def test_other_words_under_the_same_message_id_are_another_inquiry(tmp_path):
    async with intake_in(tmp_path) as (chassis, _, intake, _, _):
        await intake.take(mail(), return_path="a@b.example")
        await intake.take(mail("Noget helt andet"), return_path="a@b.example")

        assert len(await waiting_events(chassis)) == 2


async def test_what_has_not_arrived_is_published_again_with_the_same_bytes(tmp_path):
    async with intake_in(tmp_path) as (chassis, ledger, intake, _, clock):
        await intake.take(mail(), return_path="a@b.example")
        (before,) = await waiting_events(chassis)
        async with chassis.database.write() as tx:
            await tx.execute(outbox.update().values(published_in="cluster"))

        early = await ledger.repeat_overdue(clock.now + timedelta(seconds=14))
        late = await ledger.repeat_overdue(clock.now + timedelta(seconds=16))

        (after,) = await waiting_events(chassis)
        assert (early, late) == (0, 1)
        assert after.published_in is None
        assert (after.event_id, after.value) == (before.event_id, before.value)


async def test_what_has_arrived_is_left_alone(tmp_path):
    async with intake_in(tmp_path) as (chassis, ledger, intake, _, clock):
        await intake.take(mail(), return_path="a@b.example")
        (event,) = await waiting_events(chassis)
        received = InquiryReceived.model_validate_json(event.value)

        await ledger.arrived(received.inquiry, clock.now)

        assert await ledger.repeat_overdue(clock.now + timedelta(days=1)) == 0


async def test_a_reply_that_names_a_reference_follows_that_inquiry(tmp_path):
    async with intake_in(tmp_path) as (chassis, _, intake, _, _):
        reference = await intake.take(mail(), return_path="a@b.example")
        await intake.take(
            mail(f"Angående {reference}: hullet er vokset"), return_path="a@b.example"
        )

        first, second = await waiting_events(chassis)
        original = InquiryReceived.model_validate_json(first.value)
        assert InquiryReceived.model_validate_json(second.value).follows == original.inquiry


def _send(port: int, raw: bytes, *, lmtp: bool = False) -> tuple[int, bytes]:
    client_class = smtplib.LMTP if lmtp else smtplib.SMTP
    with client_class("127.0.0.1", port, timeout=10) as client:
        client.ehlo_or_helo_if_needed()
        client.mail("jens@eksempel.example")
        client.rcpt("kontakt@sundby.example")
        return client.data(raw)


@asynccontextmanager
async def listening(intake, settings):
    task = asyncio.create_task(listen(intake, settings))
    await asyncio.sleep(0.1)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize("lmtp", [False, True], ids=["smtp", "lmtp"])
async def test_a_mail_client_gets_250_with_the_reference(tmp_path, lmtp):
    async with intake_in(tmp_path) as (chassis, _, intake, settings, _):
        async with listening(intake, settings):
            port = settings.classifier_lmtp_port if lmtp else settings.classifier_smtp_port
            code, answer = await asyncio.to_thread(_send, port, mail(), lmtp=lmtp)

        assert (code, b"Kept as HV-" in answer) == (250, True)
        assert len(await waiting_events(chassis)) == 1


async def test_a_mail_that_cannot_be_kept_now_is_asked_for_again(tmp_path, monkeypatch):
    async with intake_in(tmp_path) as (chassis, ledger, intake, settings, _):

        async def full(*_args):
            raise DatabaseUnavailableError("disk full")

        monkeypatch.setattr(ledger, "keep", full)
        async with listening(intake, settings):
            code, _ = await asyncio.to_thread(_send, settings.classifier_smtp_port, mail())

        assert code == 451
        assert await waiting_events(chassis) == []


async def test_a_mail_that_is_too_large_is_refused_as_such(tmp_path):
    async with intake_in(tmp_path, classifier_mail_bytes=10_000) as (_, _, intake, settings, _):
        async with listening(intake, settings):
            code, _ = await asyncio.to_thread(
                _send, settings.classifier_smtp_port, mail("x" * 30_000)
            )

        assert code == 552


async def test_a_mail_with_an_overlong_line_is_taken_all_the_same(tmp_path):
    raw = mail().replace(SECRET.encode(), b"hej " * 5_000)
    async with intake_in(tmp_path) as (chassis, _, intake, settings, _):
        async with listening(intake, settings):
            code, _ = await asyncio.to_thread(_send, settings.classifier_smtp_port, raw)

        assert code == 250
        assert len(await waiting_events(chassis)) == 1


async def test_mail_for_foreign_domains_is_refused_when_domains_are_set(tmp_path):
    async with intake_in(tmp_path, classifier_mail_domains="other.example") as parts:
        _, _, intake, settings, _ = parts
        async with listening(intake, settings):

            def send():
                with smtplib.SMTP("127.0.0.1", settings.classifier_smtp_port, timeout=10) as client:
                    client.ehlo_or_helo_if_needed()
                    client.mail("a@b.example")
                    return client.rcpt("kontakt@sundby.example")

            code, _ = await asyncio.to_thread(send)

        assert code == 550
