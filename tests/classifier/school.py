"""A classifier on real SQLite without a broker, with small real models: what it would publish stands in
its outbox."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch
from uuid import UUID, uuid4

import httpx
from litestar import Litestar
from sqlalchemy import select

from contracts.case import CorrectionConfirmed, StaffRef
from contracts.event import Envelope, Event, effect_id
from contracts.inquiry import InquiryReceived
from contracts.reference import reference_of
from infra.chassis.broker import Delivered
from infra.chassis.chassis import Chassis, open_chassis
from infra.chassis.tables import outbox
from services.classifier import storage
from services.classifier.adapters.decisions import Decision, decisions_on
from services.classifier.adapters.tables import intake
from services.classifier.app import create_app
from services.classifier.gate import Line, Verdict
from services.classifier.gate_file import write_verdict
from services.classifier.model import Model
from services.classifier.model_files import candidate_folder, digest_of
from services.classifier.model_in_use import Load
from services.classifier.promote import Promotions
from services.classifier.settings import ClassifierSettings
from services.classifier.signature import load_signer
from tests.classifier.conftest import WordsOnly
from tests.conftest import free_port
from tests.doubles import Visitor

NOBODY = "127.0.0.1:1"
BASE = "http://classifier.test"
EMIL, IDA, BILAL = "emil.koordinator", "ida.drift", "bilal.tmf"


def load_words(folder: Path) -> Model:
    """A stored model with the word vectors, without the seconds sentence-transformers takes."""
    with patch.object(storage, "load_embedder", lambda *_: WordsOnly()):
        return storage.load(folder)


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now


@dataclass
class School:
    """What a test needs to teach the classifier."""

    chassis: Chassis
    settings: ClassifierSettings
    app: Litestar
    clock: Clock
    published: list[Envelope[Any]] = field(default_factory=list)

    @property
    def data(self) -> Path:
        return self.settings.data

    @property
    def staff(self) -> Any:
        return self.chassis.staff.members

    @property
    def promotions(self) -> Promotions:
        return Promotions(
            self.chassis.database,
            self.chassis.outbox,
            load_signer(self.settings.keys),
            self.data,
            self.clock,
        )

    async def hear(self, event: Event, event_id: UUID | None = None) -> None:
        """As the broker delivers it, dead letters and all."""
        envelope = Envelope[Any].of(
            event, event_id=event_id or uuid4(), source="test", time=self.clock()
        )
        record = envelope.record()
        await self.chassis.deliveries.deliver(
            Delivered(
                topic=record.topic,
                partition=0,
                offset=0,
                value=record.value,
                headers=record.headers,
            )
        )

    async def inquiry(self, text: str, title: str | None = None, **more: Any) -> InquiryReceived:
        """Received, classified and recorded."""
        key = await self.chassis.keyring.create(uuid4())
        received = InquiryReceived(
            inquiry=key.id,
            reference=reference_of(key.id),
            received_at=self.clock(),
            text=key.seal("text", text),
            title=key.seal("title", title) if title else None,
            sender=key.seal("sender", "Åse <aase@b.example>"),
            **{"channel": "mail"} | more,
        )
        await self.hear(received)
        return received

    async def keep_mail(self, about: InquiryReceived, raw: str) -> None:
        """As the intake keeps a mail that became this inquiry."""
        async with self.chassis.database.write() as tx:
            await tx.execute(
                intake.insert().values(
                    inquiry=about.inquiry,
                    event_id=about.inquiry,
                    reference=about.reference,
                    channel="mail",
                    received_at=about.received_at,
                    message="digest",
                    raw=raw,
                    repeats=0,
                    next_at=self.clock(),
                )
            )

    async def correct(self, about: InquiryReceived, now: str, **changed: Any) -> None:
        await self.hear(correction(about, now, **changed))

    async def decisions(self, about: InquiryReceived) -> list[Decision]:
        async with self.chassis.database.read() as reader:
            return await decisions_on(reader, about.reference)

    async def said(self, event: type[Event]) -> list[Any]:
        async with self.chassis.database.read() as reader:
            rows = await reader.execute(
                select(outbox.c.value).where(outbox.c.topic == event.type).order_by(outbox.c.seq)
            )
        return [event.model_validate_json(value) for value in rows.scalars()]

    @asynccontextmanager
    async def visitor(self, account: str | None = None) -> AsyncIterator[Visitor]:
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app=self.app, raise_app_exceptions=False),
            base_url=BASE,
            headers={"accept": "text/html", "accept-language": "en"},
        ) as client:
            visitor = Visitor(client)
            if account:
                token = await self.chassis.staff.new_link(account)
                await client.get(f"/login/{token}")
                await visitor.post(f"/login/{token}")
            yield visitor


def correction(about: InquiryReceived, now: str, **changed: Any) -> CorrectionConfirmed:
    return CorrectionConfirmed(
        **{
            "inquiry": about.inquiry,
            "case": effect_id(about.inquiry, "case/0"),
            "reference": about.reference,
            "channel": about.channel,
            "was": None,
            "now": now,
            "proposed_by": StaffRef(account=BILAL, role="caseworker"),
            "confirmed_by": StaffRef(account=EMIL, role="coordinator"),
        }
        | changed
    )


@asynccontextmanager
async def open_school(
    data: Path, model: Path | None, load: Load = load_words
) -> AsyncIterator[School]:
    """`model` is a stored model to begin with; None continues what stands in `data`."""
    if model:
        shutil.copytree(model, data / "model")
    settings = ClassifierSettings(
        data=data,
        broker=NOBODY,
        classifier_smtp_port=free_port(),
        classifier_lmtp_port=free_port(),
    )
    clock = Clock()
    async with open_chassis(
        "classifier", settings, migrations="services.classifier.migrations", clock=clock
    ) as chassis:
        app = await create_app(settings, chassis, load)
        school = School(chassis, settings, app, clock)

        async def publish(envelope: Envelope[Any]) -> None:
            school.published.append(envelope)

        with patch.object(chassis, "publish", publish):
            yield school


def line(name: str = "category_accuracy", **changed: Any) -> Line:
    return Line(
        **{
            "name": name,
            "champion": 0.9,
            "candidate": 0.9,
            "better": "more",
            "allowed": 0.01,
            "judgement": "kept",
        }
        | changed
    )


def judged(folder: Path, champion: str, data: Path, *lines: Line) -> str:
    """Puts a stored model among the candidates with a signed verdict; returns its digest."""
    digest = digest_of(folder)
    target = candidate_folder(data, digest)
    shutil.copytree(folder, target, dirs_exist_ok=True)
    verdict = Verdict(
        champion=champion,
        candidate=digest,
        inquiries=100,
        evaluation="ab" * 32,
        corrections=("HV-AAAAA-BBBBB",),
        at=datetime(2026, 11, 23, tzinfo=UTC),
        lines=lines or (line(),),
    )
    write_verdict(target, verdict, load_signer(data / "keys"))
    return digest
