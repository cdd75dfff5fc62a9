"""Staff pages: queues (live) and a case."""

from collections.abc import AsyncIterator, Iterable
from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.enums import RequestEncodingType
from litestar.exceptions import NotFoundException, PermissionDeniedException
from litestar.params import Body
from litestar.response import Redirect, ServerSentEvent, ServerSentEventMessage, Template
from litestar.types import ControllerRouterHandler
from sqlalchemy import Row

from contracts.reference import tidy_reference
from infra.chassis.chassis import Chassis
from infra.chassis.staff import StaffMember
from infra.chassis.web import requires
from infra.pages.pages import language_of
from services.router.acts import Desk, may_handle
from services.router.adapters import cases, erasures, mails, switches
from services.router.bounce import MOVES, chain
from services.router.erasure import GROUNDS
from services.router.read import CaseReader, read_evidence
from services.router.refusal import ActRefusedError
from services.router.route import RoutingTable
from services.router.switch import stopped_by

StaffRequest = Request[StaffMember, Any, Any]
Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
CASE_ROLES = requires("caseworker", "coordinator", "operator")
MANAGERS = requires("coordinator", "operator")
PAGE = cases.PAGE


def staff_routes(
    chassis: Chassis, desk: Desk, table: RoutingTable
) -> list[ControllerRouterHandler]:
    reader = CaseReader(chassis)
    return [
        *_queue_routes(chassis, desk, table, reader),
        *_case_routes(chassis, desk, table, reader),
    ]


def _places(member: StaffMember, table: RoutingTable) -> list[str]:
    """The queues this member may look into, triage first for those who may triage."""
    own = [
        name
        for name, department in table.taxonomy.departments.items()
        if member.may_see(name) and not department.external
    ]
    external = [n for n, d in table.taxonomy.departments.items() if d.external]
    return own if member.departments else ["triage", *own, *external]


def _stopped_here(off: Iterable[str], chosen: str, table: RoutingTable) -> list[str]:
    """Categories whose cases a person routes, of the chosen queue; all of them in triage."""
    departments = table.taxonomy.departments
    return sorted(
        one
        for one in stopped_by(off, departments).categories
        if one in table.taxonomy.categories
        and chosen in {"triage", table.taxonomy.department_of(one)}
    )


def _queue_routes(
    chassis: Chassis, desk: Desk, table: RoutingTable, reader: CaseReader
) -> list[ControllerRouterHandler]:
    async def queue_context(
        request: StaffRequest, place: str | None, page: int, status: str
    ) -> dict[str, Any]:
        places = _places(request.user, table)
        chosen = place or places[0]
        if chosen not in places:
            raise PermissionDeniedException("This queue belongs to another department.")
        # Before anything is read: what changes from here on is told to the page.
        seen = desk.changes.count
        async with chassis.database.read() as connection:
            rows = await cases.queue_of(
                connection,
                queue="triage" if chosen == "triage" else "department",
                departments=[chosen],
                status=status if status in {"open", "closed"} else "open",
                page=max(1, page),
            )
            sizes = await cases.queue_sizes(connection)
            off = await switches.stopped(connection)
        return {
            "places": places,
            "chosen": chosen,
            "sizes": sizes,
            "stopped": _stopped_here(off, chosen, table),
            "changes_seen": seen,
            "cases": await reader.headlines(rows[:PAGE]),
            "page": max(1, page),
            "more": len(rows) > PAGE,
            "status": status,
            "taxonomy": table.taxonomy,
            "now": chassis.clock(),
            "many_moves": MOVES,
            "language_code": language_of(request),
        }

    @get("/", guards=[CASE_ROLES], include_in_schema=False)
    async def queues(
        request: StaffRequest, place: str | None = None, page: int = 1, status: str = "open"
    ) -> Template:
        context = await queue_context(request, place, page, status)
        partial = request.headers.get("hx-request") == "true"
        return Template("queue_list.html" if partial else "queues.html", context=context)

    @get("/changes", guards=[CASE_ROLES], include_in_schema=False, sync_to_thread=False)
    def changes(seen: int | None = None) -> ServerSentEvent:
        async def stream() -> AsyncIterator[ServerSentEventMessage]:
            async for changed in desk.changes.listen(seen):
                yield (
                    ServerSentEventMessage(event="changed", data="1")
                    if changed
                    else ServerSentEventMessage(comment="alive")
                )

        return ServerSentEvent(stream())

    @get("/find", guards=[CASE_ROLES], include_in_schema=False)
    async def find(reference: str = "") -> Response[Any]:
        wanted = tidy_reference(reference)
        async with chassis.database.read() as connection:
            found = await cases.search_cases(connection, wanted)
            if not found and await erasures.tombstone(connection, wanted):
                return Redirect(f"/cases/{wanted}", status_code=303)
        if len(found) == 1:
            return Redirect(f"/cases/{found[0].reference}", status_code=303)
        return Template("found.html", context={"wanted": wanted, "found": found})

    return [queues, changes, find]


def _case_routes(
    chassis: Chassis, desk: Desk, table: RoutingTable, reader: CaseReader
) -> list[ControllerRouterHandler]:
    async def seen_case(request: StaffRequest, reference: str) -> Row[Any]:
        async with chassis.database.read() as connection:
            case: Row[Any] | None = await cases.find_case(connection, tidy_reference(reference))
        if case is None:
            raise NotFoundException("No case has this reference.")
        if not may_handle(request.user, case):
            raise PermissionDeniedException("This case belongs to another department.")
        return case

    async def show(
        request: StaffRequest, case: Row[Any], refused: str | None = None, draft: str = ""
    ) -> Template:
        language = language_of(request)
        async with chassis.database.read() as connection:
            acts = await cases.acts_of(connection, case.id)
            linked = [s for s in await cases.siblings(connection, case.inquiry) if s.id != case.id]
            sent = await mails.mails_of(connection, case.id)
            erasing = await erasures.state_of(connection, case.inquiry)
        opened = await reader.open(case)
        return Template(
            "case.html",
            context={
                "case": case,
                "opened": opened,
                "evidence": await read_evidence(chassis, case, opened),
                "acts": await reader.histories(case, acts),
                "mails": sent,
                "erasing": erasing,
                "linked": linked,
                "taxonomy": table.taxonomy,
                "rule": next((r for r in table.rules.rules if r.id == case.rule), None),
                "chain": chain([
                    (a.detail["from"], a.detail["to"]) for a in acts if a.kind == "moved"
                ]),
                "many_moves": MOVES,
                "refused": refused,
                "draft": draft,
                "language_code": language,
                "now": chassis.clock(),
            },
            status_code=409 if refused else 200,
        )

    @get("/cases/{reference:str}", guards=[CASE_ROLES], include_in_schema=False)
    async def case_page(request: StaffRequest, reference: str) -> Template:
        gone = await _erased_case(chassis, table, request, reference)
        return gone or await show(request, await seen_case(request, reference))

    @post("/cases/{reference:str}/{act:str}", guards=[CASE_ROLES], include_in_schema=False)
    async def act(request: StaffRequest, reference: str, act: str, data: Form) -> Response[Any]:
        gone = await _erased_case(chassis, table, request, reference)
        if gone:
            return gone
        case = await seen_case(request, reference)
        try:
            await _do(desk, case.id, request.user, act, data)
        except ActRefusedError as error:
            return await show(request, case, refused=error.reason, draft=data.get("text", ""))
        stays = act in {"assign", "reply"}
        place = "triage" if case.queue == "triage" else case.department
        return Redirect(
            f"/cases/{case.reference}" if stays else f"/?place={place}", status_code=303
        )

    return [case_page, act]


async def _erased_case(
    chassis: Chassis, table: RoutingTable, request: StaffRequest, reference: str
) -> Template | None:
    """What is left of it, for whoever could have seen it."""
    async with chassis.database.read() as connection:
        gone = await erasures.tombstone(connection, tidy_reference(reference))
    if gone is None:
        return None
    if not may_handle(request.user, gone):
        raise PermissionDeniedException("This case belonged to another department.")
    context = {
        "gone": gone,
        "taxonomy": table.taxonomy,
        "language_code": language_of(request),
        "grounds": GROUNDS,
    }
    # A browser keeps a 410 for ever unless it is told not to: in the old language, after logging out.
    private = {"cache-control": "no-store"}
    return Template("case_erased.html", context=context, status_code=410, headers=private)


async def _do(
    desk: Desk, case_id: UUID, member: StaffMember, act: str, data: dict[str, str]
) -> None:
    match act:
        case "assign":
            await desk.assign(case_id, member)
        case "move":
            await desk.move(case_id, member, data.get("target", ""))
        case "reply":
            await desk.reply(case_id, member, data.get("text", ""))
        case "close":
            outcome = data.get("outcome", "")
            if outcome not in {"answered", "forwarded", "no-reply-needed", "duplicate"}:
                raise ActRefusedError("outcome")
            await desk.close(case_id, member, outcome)  # type: ignore[arg-type]
        case _:
            raise NotFoundException
