"""Erasure for other systems, by the same two persons: a session of each and the same refusals."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from litestar import get, post
from litestar.exceptions import HTTPException
from litestar.types import ControllerRouterHandler
from pydantic import BaseModel, ConfigDict
from sqlalchemy import Row

from services.router.adapters import erasures
from services.router.api import StaffRequest
from services.router.erasing import Erasures
from services.router.erasure import Ground, Records, duties
from services.router.erasure_page import ERASERS, inquiry_of
from services.router.refusal import ActRefusedError


class Asked(BaseModel):
    """`reason` is a code of GDPR art. 17; `records` is needed where records may have to be kept."""

    model_config = ConfigDict(extra="forbid")

    reason: Ground
    records: Records | None = None


class Verdict(BaseModel):
    model_config = ConfigDict(extra="forbid")

    approve: bool


class Erasure(BaseModel):
    reference: str
    reason: str
    records: str | None
    asked_by: str
    asked_at: datetime
    approved_by: str | None
    approved_at: datetime | None
    erased_at: datetime | None
    """None until the trail holds the decision and no byte is left."""


class Found(BaseModel):
    """What is held of an inquiry, without a word of it."""

    held: dict[str, Any] | None
    duties: tuple[str, ...]
    """Why its records may have to be kept."""
    erasure: Erasure | None


def erasure_api(erasing: Erasures) -> list[ControllerRouterHandler]:
    @get("/api/v1/erasures", guards=[ERASERS])
    async def listed() -> list[Erasure]:
        """Those that wait for a second person, then the newest decided ones."""
        async with erasing.chassis.database.read() as connection:
            rows = [*await erasures.asked_for(connection), *await erasures.decided(connection)]
        return [_erasure(row) for row in rows]

    @get("/api/v1/erasures/{reference:str}", guards=[ERASERS])
    async def found(reference: str) -> Found:
        """What is held, why it may have to be kept, and whether it is to be erased."""
        inquiry = await inquiry_of(erasing, reference)
        holding = await erasing.holding(inquiry)
        async with erasing.chassis.database.read() as connection:
            state = await erasures.state_of(connection, inquiry)
        return Found(
            held=asdict(holding) if holding else None,
            duties=duties(holding, erasing.retention.keep) if holding else (),
            erasure=_erasure(state) if state else None,
        )

    @post("/api/v1/erasures/{reference:str}", guards=[ERASERS])
    async def ask(request: StaffRequest, reference: str, data: Asked) -> None:
        """One person asks; 409 with a code when it cannot be asked for."""
        inquiry = await inquiry_of(erasing, reference)
        try:
            await erasing.ask(inquiry, request.user, data.reason, data.records or "")
        except ActRefusedError as error:
            raise HTTPException(error.reason, status_code=409) from None

    @post("/api/v1/erasures/{reference:str}/verdict", guards=[ERASERS])
    async def settle(request: StaffRequest, reference: str, data: Verdict) -> None:
        """Another person approves, or it is taken back; 409 with a code for one's own."""
        inquiry = await inquiry_of(erasing, reference)
        try:
            await erasing.settle(inquiry, request.user, agreed=data.approve)
        except ActRefusedError as error:
            raise HTTPException(error.reason, status_code=409) from None

    return [listed, found, ask, settle]


def _erasure(row: Row[Any]) -> Erasure:
    return Erasure(**{name: getattr(row, name) for name in Erasure.model_fields})
