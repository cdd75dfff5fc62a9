"""Where inquiries are erased: what is held, why it goes, who asked, who approves. Nothing of it is read here."""

from collections import Counter
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from litestar import Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import Parameter
from litestar.response import Redirect, Template
from litestar.types import ControllerRouterHandler

from contracts.inquiry import RETENTION
from contracts.reference import tidy_reference
from contracts.taxonomy import Taxonomy
from infra.chassis.web import requires
from infra.pages.pages import language_of
from services.router.adapters import due, erasures
from services.router.api import Form, StaffRequest
from services.router.erasing import Erasures
from services.router.erasure import GROUNDS, RECORDS, duties
from services.router.refusal import ActRefusedError

ERASERS = requires("dpo", "coordinator")
SOON = timedelta(days=30)


def erasure_routes(erasing: Erasures, taxonomy: Taxonomy) -> list[ControllerRouterHandler]:
    return [_overview_route(erasing, taxonomy), *_inquiry_routes(erasing, taxonomy)]


def _overview_route(erasing: Erasures, taxonomy: Taxonomy) -> ControllerRouterHandler:
    @get("/erasures", guards=[ERASERS], include_in_schema=False)
    async def overview(
        request: StaffRequest, wanted: Annotated[str, Parameter(query="reference")] = ""
    ) -> Response[Any]:
        async with erasing.chassis.database.read() as connection:
            if wanted and await erasures.inquiry_named(connection, tidy_reference(wanted)):
                return Redirect(f"/erasures/{tidy_reference(wanted)}", status_code=303)
            asked = await erasures.asked_for(connection)
            decided = await erasures.decided(connection)
            soon = await due.due_inquiries(
                connection, erasing.retention, erasing.chassis.clock() + SOON
            )
        return Template(
            "erasures.html",
            context={
                "wanted": wanted,
                "asked": asked,
                "decided": decided,
                "due": sorted(Counter(department for _, department in soon).items()),
                "due_count": len(soon),
                "due_days": SOON.days,
                "rules": erasing.retention,
                "taxonomy": taxonomy,
                "choices": GROUNDS,
                "retention": RETENTION,
                "language_code": language_of(request),
            },
        )

    return overview


def _inquiry_routes(erasing: Erasures, taxonomy: Taxonomy) -> list[ControllerRouterHandler]:
    async def show(request: StaffRequest, reference: str, refused: str | None = None) -> Template:
        found = await _found(erasing, await inquiry_of(erasing, reference))
        context = {
            **found,
            "choices": GROUNDS,
            "records": RECORDS,
            "taxonomy": taxonomy,
            "retention": RETENTION,
            "refused": refused,
            "language_code": language_of(request),
        }
        return Template("erasure.html", context=context, status_code=409 if refused else 200)

    @get("/erasures/{reference:str}", guards=[ERASERS], include_in_schema=False)
    async def page(request: StaffRequest, reference: str) -> Template:
        return await show(request, reference)

    @post("/erasures/{reference:str}", guards=[ERASERS], include_in_schema=False)
    async def ask(request: StaffRequest, reference: str, data: Form) -> Response[Any]:
        inquiry = await inquiry_of(erasing, reference)
        ground, records = data.get("reason", ""), data.get("records", "")
        try:
            await erasing.ask(inquiry, request.user, ground, records)
        except ActRefusedError as error:
            return await show(request, reference, error.reason)
        return Redirect(f"/erasures/{tidy_reference(reference)}", status_code=303)

    @post("/erasures/{reference:str}/settle", guards=[ERASERS], include_in_schema=False)
    async def settle(request: StaffRequest, reference: str, data: Form) -> Response[Any]:
        inquiry = await inquiry_of(erasing, reference)
        try:
            await erasing.settle(inquiry, request.user, agreed=data.get("verdict") == "approve")
        except ActRefusedError as error:
            return await show(request, reference, error.reason)
        return Redirect(f"/erasures/{tidy_reference(reference)}", status_code=303)

    return [page, ask, settle]


async def inquiry_of(erasing: Erasures, reference: str) -> UUID:
    async with erasing.chassis.database.read() as connection:
        found = await erasures.inquiry_named(connection, tidy_reference(reference))
    if found is None:
        raise NotFoundException("No inquiry has this reference.")
    return found


async def _found(erasing: Erasures, inquiry: UUID) -> dict[str, Any]:
    holding = await erasing.holding(inquiry)
    async with erasing.chassis.database.read() as connection:
        state = await erasures.state_of(connection, inquiry)
        gone = await erasures.tombstones(connection, inquiry)
    return {
        "reference": holding.reference if holding else state.reference if state else "",
        "holding": holding,
        "duties": duties(holding, erasing.retention.keep) if holding else (),
        "state": state,
        "gone": gone,
    }
