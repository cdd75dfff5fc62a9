"""What was decided and what became of it, for monitoring; longer switch names."""

from typing import Any

from alembic import op
from sqlalchemy import String, func, select

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
    cases = bind.execute(
        select(case, classification.c.classified).outerjoin(
            classification, classification.c.inquiry == case.c.inquiry
        )
    ).all()
    for row in cases:
        acts = bind.execute(select(act).where(act.c.case == row.id).order_by(act.c.at, act.c.id))
        bind.execute(decision.insert().values(**_decided(row, list(acts))))


def _decided(row: Any, acts: list[Any]) -> dict[str, Any]:
    """What the case was opened with, as far as its history still tells."""
    understood = row.classified or {}
    first_move = next((one for one in acts if one.kind == "moved"), None)
    origin = first_move.detail["from"] if first_move else None
    queue = row.queue if first_move is None else ("triage" if origin == "triage" else "department")
    category = row.category if first_move is None else understood.get("category")
    department = row.department if origin in {None, "triage"} else origin
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
