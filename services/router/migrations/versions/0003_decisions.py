"""What was decided and what became of it, for monitoring; longer switch names."""

from typing import Any

from alembic import op
from sqlalchemy import String, func, select

from contracts.case import CaseOpened
from infra.chassis.tables import outbox
from services.router.adapters.tables import act, case, classification, decision, metadata, switch
from services.router.outcome import BINS, Decision, bin_of, judge

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    bind = op.get_bind()
    metadata.create_all(bind)
    if bind.dialect.name == "postgresql":  # SQLite does not look at lengths.
        op.alter_column(switch.name, "name", type_=String(100))
    if bind.scalar(select(func.count()).select_from(decision)):
        return
    said = bind.execute(select(outbox.c.value).where(outbox.c.topic == CaseOpened.type)).scalars()
    opened = {one.case: one for one in map(CaseOpened.model_validate_json, said)}
    cases = bind.execute(
        select(case, classification.c.classified).outerjoin(
            classification, classification.c.inquiry == case.c.inquiry
        )
    ).all()
    for row in cases:
        acts = bind.execute(select(act).where(act.c.case == row.id).order_by(act.c.at, act.c.id))
        bind.execute(decision.insert().values(**_decided(row, list(acts), opened.get(row.id))))


def _decided(row: Any, acts: list[Any], opened: CaseOpened | None) -> dict[str, Any]:
    """What the case was opened with, as far as its history still tells."""
    understood = row.classified or {}
    queue, department, category = (
        (opened.queue, opened.department, opened.category)
        if opened
        else _guessed(row, acts, understood)
    )
    values: dict[str, Any] = {
        "case": row.id,
        "at": row.opened_at,
        "queue": queue,
        "department": department,
        "category": category,
        "language": row.language,
        "channel": row.channel,
        "verdict": row.verdict,
        "reason": row.reason or row.rule,
        "confidence": row.confidence,
        "confidence_bin": bin_of(row.confidence, BINS),
        "model": understood.get("model", {}).get("digest"),
        "contested": any(one.kind == "contested" for one in acts),
    }
    staff = [one for one in acts if one.by != "citizen"]
    if staff:
        values["first_act_seconds"] = (staff[0].at - row.opened_at).total_seconds()
    decided = Decision(department, category, automatic=queue == "department")
    for one in staff:
        judged = judge(decided, one.kind, one.detail)
        if judged:
            decided = Decision(department, category, decided.automatic, judged.outcome)
            values |= {
                "outcome": judged.outcome,
                "settled_at": one.at if judged.outcome else None,
                "to_department": judged.department,
                "to_category": judged.category,
            }
    return values


def _guessed(row: Any, acts: list[Any], understood: dict[str, Any]) -> tuple[str, str, str | None]:
    """Where a case began whose event is no longer in the outbox: from where it was first moved."""
    moved = next((one for one in acts if one.kind == "moved"), None)
    if moved is None:
        return row.queue, row.department, row.category
    if moved.detail["from"] == "triage":
        return "triage", row.department, understood.get("category")
    return "department", moved.detail["from"], understood.get("category")
