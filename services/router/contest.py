"""A citizen says "this is wrong" or "I want a person": the machine stops, a person gets the case (P4)."""

from datetime import datetime

from contracts.event import Envelope, effect_id
from contracts.inquiry import DecisionContested
from infra.database import Transaction
from services.router.adapters import cases, contests, decisions


async def apply_contest(
    tx: Transaction, envelope: Envelope[DecisionContested], now: datetime
) -> None:
    """In one transaction with its inbox mark; harmless when the case is not open yet."""
    contested = envelope.data
    await contests.keep_contest(tx, envelope.id, contested.inquiry, contested.wish, now)
    meant = await contests.back_to_triage(tx, contested.inquiry, contested.case)
    await decisions.mark_contested(tx, [case.id for case in meant])
    for case in meant:
        await cases.add_act(
            tx,
            act_id=effect_id(envelope.id, f"contested/{case.id}"),
            case_id=case.id,
            at=now,
            kind="contested",
            by="citizen",
            detail={"wish": contested.wish, "again": case.status == "closed"},
        )
