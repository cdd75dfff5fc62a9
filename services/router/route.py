"""Who should handle it? Turns what was received and understood into the cases to open."""

from collections.abc import Container
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from contracts.case import CaseOpened
from contracts.event import effect_id
from contracts.inquiry import InquiryClassified, InquiryReceived
from contracts.reference import reference_of
from contracts.taxonomy import Taxonomy
from services.router.deadline import deadline_after
from services.router.rules import Rules, Situation, first_fitting
from services.router.switch import Stopped

NOTHING_STOPPED = Stopped()


@dataclass(frozen=True)
class RoutingTable:
    """What routing needs to know besides the inquiry."""

    rules: Rules
    taxonomy: Taxonomy
    holidays: Container[date]


def route(
    received: InquiryReceived,
    classified: InquiryClassified | None,
    table: RoutingTable,
    now: datetime,
    *,
    stopped: Stopped = NOTHING_STOPPED,
    contested: bool = False,
) -> tuple[CaseOpened, ...]:
    """One case, or one per subject of a mixed inquiry, linked to each other; never none.

    What is in `stopped` gets no case without a person; neither does a contested inquiry.
    """
    subjects = _subjects(classified)
    cases = [effect_id(received.inquiry, f"case/{part}") for part in range(len(subjects))]
    routed = (
        _case(received, classified, category, part, cases, table, now)
        for part, category in enumerate(subjects)
    )
    return tuple(_hold_back(case, stopped, contested=contested) for case in routed)


def _hold_back(case: CaseOpened, stopped: Stopped, *, contested: bool) -> CaseOpened:
    if case.queue == "triage":
        return case
    if contested:
        return case.model_copy(update={"queue": "triage", "reason": "contested"})
    if case.department in stopped.departments:
        return case.model_copy(update={"queue": "triage", "reason": "switched-off"})
    if case.category in stopped.categories:
        return case.model_copy(update={"queue": "triage", "reason": "category-stopped"})
    return case


def _subjects(classified: InquiryClassified | None) -> tuple[str | None, ...]:
    if classified is None:
        return (None,)
    distinct = tuple(dict.fromkeys(part.category for part in classified.parts))
    return distinct if len(distinct) > 1 else (classified.category,)


def _case(
    received: InquiryReceived,
    classified: InquiryClassified | None,
    category: str | None,
    part: int,
    cases: list[UUID],
    table: RoutingTable,
    now: datetime,
) -> CaseOpened:
    department = table.taxonomy.department_of(category) if category else None
    situation = _situation(received, classified, category, department, table.taxonomy)
    rule = first_fitting(table.rules, situation)
    return CaseOpened(
        inquiry=received.inquiry,
        case=cases[part],
        reference=reference_of(received.inquiry, part),
        channel=received.channel,
        conversation=received.conversation,
        queue=rule.then.queue,
        department=rule.then.department or department or "",
        category=category,
        rule=rule.id,
        reason=rule.id,
        rules_digest=table.rules.digest,
        language=classified.language if classified else received.language or "da",
        urgent=situation.urgent,
        sensitive=situation.sensitive,
        opened_at=now,
        deadline=deadline_after(received.received_at, rule.then.deadline_days, table.holidays),
        linked=tuple(case for case in cases if case != cases[part]),
    )


def _situation(
    received: InquiryReceived,
    classified: InquiryClassified | None,
    category: str | None,
    department: str | None,
    taxonomy: Taxonomy,
) -> Situation:
    by_category = bool(category and taxonomy.categories[category].sensitive)
    return Situation(
        classified=classified is not None,
        verdict=classified.verdict if classified else None,
        category=category,
        department=department,
        channel=received.channel,
        language=classified.language if classified else received.language,
        urgent=bool(classified and classified.urgent),
        sensitive=by_category or bool(classified and classified.sensitive),
        wants_person=received.wants_person,
        mixed=bool(classified and len({part.category for part in classified.parts}) > 1),
    )
