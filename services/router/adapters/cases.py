"""All the router's SQL: inquiries, cases, acts."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Table, and_, delete, func, or_, select, update
from sqlalchemy import case as sql_case
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.case import CaseOpened
from contracts.inquiry import InquiryClassified, InquiryReceived
from infra.database import Transaction
from services.router.adapters.tables import (
    act,
    case,
    classification,
    correction,
    dead_letter,
    inquiry,
    mail_out,
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


async def propose_correction(
    tx: Transaction, case_id: UUID, was: str | None, now: str, by: str, at: datetime
) -> None:
    """The newest proposal of a case counts until somebody else has confirmed one; a case that
    is moved back where it came from needs none."""
    first = await tx.scalar(select(correction.c.was).where(correction.c.case == case_id))
    if first == now:
        await tx.execute(
            delete(correction).where(
                correction.c.case == case_id, correction.c.confirmed_at.is_(None)
            )
        )
        return
    insert = tx.insert(correction).values(
        case=case_id, was=was, now=now, proposed_by=by, proposed_at=at
    )
    await tx.execute(
        insert.on_conflict_do_update(
            index_elements=[correction.c.case],
            set_={"now": now, "proposed_by": by, "proposed_at": at, "rejected_at": None},
            where=correction.c.confirmed_at.is_(None),
        )
    )


async def open_corrections(connection: AsyncConnection) -> Sequence[Any]:
    rows = await connection.execute(
        select(correction, case.c.reference, case.c.department)
        .join(case, case.c.id == correction.c.case)
        .where(correction.c.confirmed_at.is_(None), correction.c.rejected_at.is_(None))
        .order_by(correction.c.proposed_at)
    )
    return rows.all()


async def settle_correction(
    tx: Transaction, case_id: UUID, *, by: str, at: datetime, agreed: bool
) -> bool:
    """False when it was settled before, or `by` is the one who proposed it."""
    values = {"confirmed_by": by, "confirmed_at": at} if agreed else {"rejected_at": at}
    done = await tx.execute(
        update(correction)
        .where(
            correction.c.case == case_id,
            correction.c.proposed_by != by,
            correction.c.confirmed_at.is_(None),
            correction.c.rejected_at.is_(None),
        )
        .values(**values)
    )
    return bool(done.rowcount)


async def queue_mail(
    tx: Transaction,
    *,
    mail_id: UUID,
    case_id: UUID,
    kind: str,
    event_id: UUID,
    now: datetime,
    reply: dict[str, Any] | None = None,
    by: str | None = None,
) -> None:
    await insert_once(
        tx,
        mail_out,
        id=mail_id,
        case=case_id,
        kind=kind,
        event_id=event_id,
        reply=reply,
        by=by,
        put_at=now,
        attempts=0,
        next_at=now,
    )


async def mails_of(connection: AsyncConnection, case_id: UUID) -> Sequence[Any]:
    rows = await connection.execute(
        select(mail_out).where(mail_out.c.case == case_id).order_by(mail_out.c.put_at)
    )
    return rows.all()


async def due_mails(connection: AsyncConnection, outbox: Table, now: datetime) -> Sequence[Any]:
    """Mails whose event the trail holds: log before act."""
    rows = await connection.execute(
        select(mail_out)
        .join(outbox, outbox.c.event_id == mail_out.c.event_id)
        .where(
            mail_out.c.sent_at.is_(None),
            mail_out.c.failure.is_(None),
            mail_out.c.next_at <= now,
            outbox.c.confirmed_at.is_not(None),
        )
        .order_by(mail_out.c.put_at)
        .limit(50)
    )
    return rows.all()


async def settle_mail(
    tx: Transaction,
    mail_id: UUID,
    *,
    sent_at: datetime | None = None,
    failure: str | None = None,
    next_at: datetime | None = None,
) -> None:
    values: dict[str, Any] = {"attempts": mail_out.c.attempts + 1}
    if sent_at is not None:
        values["sent_at"] = sent_at
    if failure is not None:
        values["failure"] = failure
    if next_at is not None:
        values["next_at"] = next_at
    await tx.execute(update(mail_out).where(mail_out.c.id == mail_id).values(**values))


async def keep_dead_letter(
    tx: Transaction, letter_id: UUID, letter: dict[str, Any], at: datetime
) -> None:
    await insert_once(tx, dead_letter, id=letter_id, letter=letter, at=at)


async def dead_letters(connection: AsyncConnection) -> Sequence[Any]:
    rows = await connection.execute(
        select(dead_letter).order_by(dead_letter.c.at.desc()).limit(200)
    )
    return rows.all()


async def find_dead_letter(connection: AsyncConnection, letter_id: UUID) -> Any | None:
    return (
        await connection.execute(select(dead_letter).where(dead_letter.c.id == letter_id))
    ).first()


async def mark_sent_again(tx: Transaction, letter_id: UUID, by: str, at: datetime) -> None:
    await tx.execute(
        update(dead_letter)
        .where(dead_letter.c.id == letter_id)
        .values(sent_again_at=at, sent_again_by=by)
    )


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
