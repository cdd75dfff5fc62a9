"""Pages of those who keep things going: dead letters to send again, corrections to confirm."""

from base64 import b64decode
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.exceptions import HTTPException, NotFoundException
from litestar.response import Redirect, Template
from litestar.types import ControllerRouterHandler

from contracts.event import Record, Sealed
from infra.chassis.chassis import Chassis
from services.router.acts import Desk
from services.router.adapters import corrections as waiting
from services.router.adapters import dead_letters as letters
from services.router.api import MANAGERS, Form, StaffRequest
from services.router.refusal import ActRefusedError


def operator_routes(chassis: Chassis, desk: Desk) -> list[ControllerRouterHandler]:
    @get("/dead-letters", guards=[MANAGERS], include_in_schema=False)
    async def dead_letters() -> Template:
        async with chassis.database.read() as connection:
            rows = await letters.dead_letters(connection)
        return Template("dead_letters.html", context={"letters": rows})

    @post("/dead-letters/{letter:uuid}/again", guards=[MANAGERS], include_in_schema=False)
    async def send_again(request: StaffRequest, letter: UUID) -> Redirect:
        async with chassis.database.read() as connection:
            row = await letters.find_dead_letter(connection, letter)
        if row is None:
            raise NotFoundException
        if not row.letter.get("raw"):
            raise HTTPException("The record was too large to keep.", status_code=409)
        key = await chassis.keyring.data_key(letter)
        value = b64decode(key.open("raw", Sealed(**row.letter["raw"])))
        headers = {
            **row.letter["headers"],
            "ce_id": row.letter.get("event") or "",
            "ce_subject": row.letter.get("about") or "",
            "content-type": "application/json",
        }
        about = (row.letter.get("about") or "").encode()
        await chassis.publish_record(Record(row.letter["topic"], about, value, headers))
        async with chassis.database.write() as tx:
            await letters.mark_sent_again(tx, letter, request.user.account, chassis.clock())
        return Redirect("/dead-letters", status_code=303)

    @get("/corrections", guards=[MANAGERS], include_in_schema=False)
    async def corrections() -> Template:
        async with chassis.database.read() as connection:
            rows = await waiting.open_corrections(connection)
        return Template(
            "corrections.html",
            context={"corrections": rows, "taxonomy": desk.taxonomy, "refused": None},
        )

    @post("/corrections/{case:uuid}", guards=[MANAGERS], include_in_schema=False)
    async def settle(request: StaffRequest, case: UUID, data: Form) -> Response[Any]:
        try:
            await desk.settle_correction(case, request.user, agreed=data.get("verdict") == "agree")
        except ActRefusedError as error:
            async with chassis.database.read() as connection:
                rows = await waiting.open_corrections(connection)
            return Template(
                "corrections.html",
                context={
                    "corrections": rows,
                    "taxonomy": desk.taxonomy,
                    "refused": error.reason,
                },
                status_code=409,
            )
        return Redirect("/corrections", status_code=303)

    return [dead_letters, send_again, corrections, settle]
