"""Kept corrections with the words they are about, opened by their keys; what has no key stays closed."""

import zlib
from base64 import b64decode
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.case import CorrectionConfirmed
from contracts.event import Sealed
from contracts.inquiry import InquiryClassified
from infra.database import Database
from infra.keyring import DataKey, Keyring
from services.classifier.adapters.decisions import Decision, first_decisions
from services.classifier.adapters.tables import confirmed_correction, intake
from services.classifier.corrections import Material
from services.classifier.mail import read_mail

LOOKUP_CHUNK = 500


async def read_materials(database: Database, keyring: Keyring) -> list[Material]:
    """Oldest first."""
    async with database.read() as reader:
        rows = (
            await reader.execute(select(confirmed_correction).order_by(confirmed_correction.c.at))
        ).all()
        inquiries = [row.inquiry for row in rows]
        decided = await first_decisions(reader, inquiries)
        mails = await _mails(reader, [one for one in inquiries if one not in decided])
    keys = await keyring.data_keys(inquiries)
    return [_material(row, keys, decided, mails) for row in rows]


async def _mails(reader: AsyncConnection, inquiries: list[UUID]) -> dict[UUID, str]:
    found: dict[UUID, str] = {}
    for start in range(0, len(inquiries), LOOKUP_CHUNK):
        rows = await reader.execute(
            select(intake.c.inquiry, intake.c.raw).where(
                intake.c.inquiry.in_(inquiries[start : start + LOOKUP_CHUNK])
            )
        )
        found |= {row.inquiry: row.raw for row in rows}
    return found


def _material(
    row: Row[Any],
    keys: dict[UUID, DataKey],
    decided: dict[UUID, Decision],
    mails: dict[UUID, str],
) -> Material:
    correction = CorrectionConfirmed.model_validate(row.confirmed)
    key = keys.get(row.inquiry)
    if key is None:
        return Material(correction, None, None, None, erased=True)
    if row.inquiry in decided:
        decision = decided[row.inquiry]
        received = decision.received
        return Material(
            correction,
            key.open("title", received.title) if received.title else None,
            key.open("text", received.text),
            InquiryClassified.model_validate_json(decision.classified),
        )
    if row.inquiry in mails:
        # Classified before decisions were kept: the mail itself still stands in the intake.
        sealed = Sealed.model_validate_json(mails[row.inquiry])
        mail = read_mail(zlib.decompress(b64decode(key.open("raw", sealed))), return_path=None)
        return Material(correction, mail.title or None, mail.text, None)
    return Material(correction, None, None, None)
