"""Pages besides cases: automatic routing, cases passed back and forth, error reports."""

from collections import defaultdict
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.response import Redirect, Template
from litestar.types import ControllerRouterHandler

from contracts.event import Sealed
from contracts.governance import MONITOR
from infra.pages.pages import language_of
from services.router.adapters import cases, reports, switches
from services.router.api import MANAGERS, Form, StaffRequest
from services.router.bounce import MOVES, chain, unclear_boundaries
from services.router.office import Office
from services.router.refusal import ActRefusedError
from services.router.switch import BROKEN, REASONS, ROUTING, category_of, switch_of


def office_routes(office: Office) -> list[ControllerRouterHandler]:
    return [*_switch_routes(office), *_bounce_routes(office), *_report_routes(office)]


def _switch_routes(office: Office) -> list[ControllerRouterHandler]:
    async def show(request: StaffRequest, refused: str | None = None) -> Template:
        async with office.chassis.database.read() as connection:
            turned = {row.name: row for row in await switches.switches(connection)}
        return Template(
            "switches.html",
            context={
                "all": turned.get(ROUTING),
                "departments": [
                    (name, department, turned.get(switch_of(name)))
                    for name, department in office.taxonomy.departments.items()
                    if not department.external
                ],
                "categories": sorted(
                    (category, row)
                    for name, row in turned.items()
                    if (category := category_of(name)) in office.taxonomy.categories
                ),
                "taxonomy": office.taxonomy,
                "reasons": REASONS,
                "known_reasons": (*REASONS, BROKEN),
                "monitor": MONITOR,
                "refused": refused,
                "language_code": language_of(request),
            },
            status_code=409 if refused else 200,
        )

    @get("/switches", guards=[MANAGERS], include_in_schema=False)
    async def switch_page(request: StaffRequest) -> Template:
        return await show(request)

    @post("/switches", guards=[MANAGERS], include_in_schema=False)
    async def turn(request: StaffRequest, data: Form) -> Response[Any]:
        try:
            await office.turn(
                data.get("place") or None,
                request.user,
                on=data.get("turn") == "on",
                reason=data.get("reason", ""),
            )
        except ActRefusedError as error:
            return await show(request, error.reason)
        return Redirect("/switches", status_code=303)

    return [switch_page, turn]


def _bounce_routes(office: Office) -> list[ControllerRouterHandler]:
    @get("/bounced", guards=[MANAGERS], include_in_schema=False)
    async def bounced(request: StaffRequest) -> Template:
        async with office.chassis.database.read() as connection:
            rows = await cases.bounced_cases(connection, MOVES)
            moves = await cases.moves_of(connection, [row.id for row in rows])
        steps: dict[UUID, list[tuple[str, str]]] = defaultdict(list)
        for move in moves:
            steps[move.case].append((move.detail["from"], move.detail["to"]))
        chains = {row.id: chain(steps[row.id]) for row in rows}
        return Template(
            "bounced.html",
            context={
                "cases": rows,
                "chains": chains,
                "boundaries": unclear_boundaries(chains.values()),
                "taxonomy": office.taxonomy,
                "language_code": language_of(request),
            },
        )

    return [bounced]


def _report_routes(office: Office) -> list[ControllerRouterHandler]:
    @get("/report", include_in_schema=False, sync_to_thread=False)
    def report_form(page: str = "", sent: bool = False) -> Template:
        return Template(
            "report.html", context={"page": page, "sent": sent, "refused": None, "draft": ""}
        )

    @post("/report", include_in_schema=False)
    async def send(request: StaffRequest, data: Form) -> Response[Any]:
        page, words = data.get("page", ""), data.get("text", "")
        try:
            await office.report(request.user, page, words)
        except ActRefusedError as error:
            return Template(
                "report.html",
                context={"page": page, "sent": False, "refused": error.reason, "draft": words},
                status_code=409,
            )
        return Redirect("/report?sent=true", status_code=303)

    @get("/reports", guards=[MANAGERS], include_in_schema=False)
    async def report_list() -> Template:
        async with office.chassis.database.read() as connection:
            rows = await reports.reports(connection)
        keys = await office.chassis.keyring.data_keys(row.id for row in rows)
        opened = [
            (row, keys[row.id].open("text", Sealed(**row.text)) if row.id in keys else None)
            for row in rows
        ]
        return Template("reports.html", context={"reports": opened})

    @post("/reports/{report:uuid}/settle", guards=[MANAGERS], include_in_schema=False)
    async def settle(request: StaffRequest, report: UUID) -> Redirect:
        await office.settle(report, request.user)
        return Redirect("/reports", status_code=303)

    return [report_form, send, report_list, settle]
