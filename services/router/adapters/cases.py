"""Inquiries, cases and what was done with them, in SQL."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Table, and_, func, or_, select, update
from sqlalchemy import case as sql_case
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.case import CaseOpened
from contracts.inquiry import InquiryClassified, InquiryReceived
from infra.database import Transaction
from services.router.adapters.tables import (
    act,
    case,
    classification,
    inquiry,
)

PAGE = 50


async def keep_inquiry(tx: Transaction, received: InquiryReceived, event_id: UUID) -> None:
    await insert_once(
        tx,
        inquiry,
        id=received.inquiry,
        reference=received.reference,
        received_at=received.received_at,
        event_id=event_id,
        received=received.model_dump(mode="json"),
    )


async def keep_classification(
    tx: Transaction, classified: InquiryClassified, event_id: UUID
) -> None:
    """The first classification counts; a later model's opinion on the same inquiry does not."""
    await insert_once(
        tx,
        classification,
        inquiry=classified.inquiry,
        event_id=event_id,
        classified=classified.model_dump(mode="json"),
    )


async def unrouted(
    tx: Transaction, inquiry_id: UUID
) -> tuple[InquiryReceived, UUID, InquiryClassified | None, UUID | None] | None:
    """The inquiry with its event id and classification, unless it is unknown or has its cases."""
    found = (
        await tx.execute(
            select(
                inquiry.c.received,
                inquiry.c.event_id,
                classification.c.classified,
                classification.c.event_id.label("classified_event"),
            )
            .outerjoin(classification, classification.c.inquiry == inquiry.c.id)
            .where(inquiry.c.id == inquiry_id, inquiry.c.routed_at.is_(None))
        )
    ).first()
    if found is None:
        return None
    received = InquiryReceived.model_validate(found.received)
    classified = InquiryClassified.model_validate(found.classified) if found.classified else None
    return received, found.event_id, classified, found.classified_event


async def overdue_unrouted(connection: AsyncConnection, before: datetime) -> list[UUID]:
    rows = await connection.execute(
        select(inquiry.c.id)
        .where(inquiry.c.routed_at.is_(None), inquiry.c.received_at < before)
        .limit(200)
    )
    return list(rows.scalars())


async def open_cases(
    tx: Transaction,
    opened: Sequence[CaseOpened],
    classified: InquiryClassified | None,
    now: datetime,
) -> None:
    for one in opened:
        await insert_once(
            tx,
            case,
            id=one.case,
            inquiry=one.inquiry,
            reference=one.reference,
            channel=one.channel,
            conversation=one.conversation,
            queue=one.queue,
            department=one.department,
            category=one.category,
            rule=one.rule,
            reason=one.reason,
            language=one.language,
            verdict=classified.verdict if classified else None,
            confidence=classified.confidence if classified else None,
            urgent=one.urgent,
            sensitive=one.sensitive,
            opened_at=one.opened_at,
            deadline=one.deadline,
            status="open",
            moves=0,
        )
    await tx.execute(update(inquiry).where(inquiry.c.id == opened[0].inquiry).values(routed_at=now))


async def add_act(
    tx: Transaction,
    *,
    act_id: UUID,
    case_id: UUID,
    at: datetime,
    kind: str,
    by: str,
    detail: dict[str, Any],
) -> None:
    await insert_once(tx, act, id=act_id, case=case_id, at=at, kind=kind, by=by, detail=detail)


async def find_case(connection: AsyncConnection, reference: str) -> Any | None:
    return (
        await connection.execute(
            select(
                case,
                inquiry.c.received,
                inquiry.c.received_at,
                inquiry.c.contested_at,
                classification.c.classified,
            )
            .join(inquiry, inquiry.c.id == case.c.inquiry)
            .outerjoin(classification, classification.c.inquiry == inquiry.c.id)
            .where(case.c.reference == reference)
        )
    ).first()


async def case_by_id(connection: AsyncConnection, case_id: UUID) -> Any | None:
    reference = await connection.scalar(select(case.c.reference).where(case.c.id == case_id))
    return await find_case(connection, reference) if reference else None


async def acts_of(connection: AsyncConnection, case_id: UUID) -> Sequence[Any]:
    rows = await connection.execute(
        select(act).where(act.c.case == case_id).order_by(act.c.at, act.c.id)
    )
    return rows.all()


async def siblings(connection: AsyncConnection, inquiry_id: UUID) -> Sequence[Any]:
    rows = await connection.execute(
        select(case.c.id, case.c.reference, case.c.department, case.c.status)
        .where(case.c.inquiry == inquiry_id)
        .order_by(case.c.reference)
    )
    return rows.all()


def _of_queue(queue: str, departments: Iterable[str]) -> Any:
    if queue == "triage":
        return case.c.queue == "triage"
    return and_(case.c.queue == "department", case.c.department.in_(list(departments)))


async def queue_of(
    connection: AsyncConnection,
    *,
    queue: str,
    departments: Sequence[str],
    status: str = "open",
    page: int = 1,
) -> Sequence[Any]:
    """Urgent first, then by deadline; one more row than a page when there is a next page."""
    order = (case.c.urgent.desc(), case.c.deadline, case.c.opened_at)
    if status == "closed":
        order = (case.c.closed_at.desc(), case.c.deadline, case.c.opened_at)
    rows = await connection.execute(
        select(case, inquiry.c.received, inquiry.c.received_at, inquiry.c.contested_at)
        .join(inquiry, inquiry.c.id == case.c.inquiry)
        .where(case.c.status == status, _of_queue(queue, departments))
        .order_by(*order)
        .offset((page - 1) * PAGE)
        .limit(PAGE + 1)
    )
    return rows.all()


async def queue_sizes(connection: AsyncConnection) -> dict[str, int]:
    """Open cases per department, and under `triage` those awaiting triage."""
    place = sql_case((case.c.queue == "triage", "triage"), else_=case.c.department)
    rows = await connection.execute(
        select(place.label("place"), func.count().label("open"))
        .where(case.c.status == "open")
        .group_by(place)
    )
    return {row.place: row.open for row in rows}


async def move_case(
    tx: Transaction, case_id: UUID, *, department: str, category: str | None, moves: int
) -> None:
    await tx.execute(
        update(case)
        .where(case.c.id == case_id)
        .values(
            queue="department",
            department=department,
            category=category,
            assigned_to=None,
            moves=moves,
        )
    )


async def bounced_cases(connection: AsyncConnection, moves: int) -> Sequence[Any]:
    """Open cases moved at least so many times, the most moved first."""
    rows = await connection.execute(
        select(case)
        .where(case.c.status == "open", case.c.moves >= moves)
        .order_by(case.c.moves.desc(), case.c.deadline)
        .limit(PAGE)
    )
    return rows.all()


async def moves_of(connection: AsyncConnection, case_ids: Sequence[UUID]) -> Sequence[Any]:
    """The acts that moved these cases, oldest first."""
    rows = await connection.execute(
        select(act)
        .where(act.c.case.in_(list(case_ids)), act.c.kind == "moved")
        .order_by(act.c.at, act.c.id)
    )
    return rows.all()


async def assign_case(tx: Transaction, case_id: UUID, account: str | None) -> None:
    await tx.execute(update(case).where(case.c.id == case_id).values(assigned_to=account))


async def close_case(tx: Transaction, case_id: UUID, at: datetime) -> None:
    await tx.execute(update(case).where(case.c.id == case_id).values(status="closed", closed_at=at))


async def search_cases(connection: AsyncConnection, reference: str) -> Sequence[Any]:
    rows = await connection.execute(
        select(case.c.reference, case.c.department, case.c.status)
        .where(or_(case.c.reference == reference, case.c.reference.startswith(f"{reference}-")))
        .order_by(case.c.reference)
        .limit(PAGE)
    )
    return rows.all()


async def insert_once(tx: Transaction, table: Table, **values: Any) -> None:
    await tx.execute(tx.insert(table).values(**values).on_conflict_do_nothing())
