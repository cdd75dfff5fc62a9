"""The page on which one person proposes a model and another approves it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect, Template
from litestar.types import ControllerRouterHandler
from sqlalchemy import Row

from infra.chassis.chassis import Chassis
from infra.chassis.staff import StaffMember
from infra.chassis.web import requires
from infra.pages.pages import MissingTextError, language_of, text
from services.classifier.adapters import promotions as rows
from services.classifier.energy import Meter
from services.classifier.gate import GateError, Verdict
from services.classifier.gate_file import read_verdict
from services.classifier.model_files import approved_folder, candidate_folder, candidates
from services.classifier.model_in_use import ModelInUse
from services.classifier.promote import PromotionRefusedError, Promotions
from services.classifier.signature import Statement
from services.classifier.storage import ModelError

StaffRequest = Request[StaffMember, Any, Any]
Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
MANAGERS = requires("coordinator", "operator")
SHOWN = 20


@dataclass(frozen=True)
class ModelsDesk:
    """Where models are looked at, proposed and approved."""

    chassis: Chassis
    promotions: Promotions
    models: ModelInUse
    data: Path
    meter: Meter


@dataclass(frozen=True)
class Shown:
    """A candidate, or what is proposed; `verdict` is None for a former model."""

    digest: str
    verdict: Verdict | None
    state: str
    """Text key under `classifier.models.state`."""
    proposal: Row[Any] | None = None


def model_routes(desk: ModelsDesk) -> list[ControllerRouterHandler]:
    async def show(request: StaffRequest, refused: str | None = None) -> Template:
        history = await desk.promotions.history()
        async with desk.chassis.database.read() as reader:
            waiting = await rows.open_proposals(reader)
        return Template(
            "models.html",
            context={
                "champion": history[0],
                "in_use": desk.models.model.digest,
                "energy": desk.meter.now(),
                "proposals": [_proposed(desk, one, history) for one in waiting],
                "candidates": _candidates(desk, history, waiting),
                "history": history[:SHOWN],
                "back": _ways_back(desk, history, waiting),
                "label": _labels(language_of(request)),
                "me": request.user.account,
                "refused": refused,
            },
            status_code=409 if refused else 200,
        )

    @get("/", guards=[MANAGERS], include_in_schema=False, sync_to_thread=False)
    def home() -> Redirect:
        return Redirect("/models", status_code=303)

    @get("/models", guards=[MANAGERS], include_in_schema=False)
    async def models(request: StaffRequest) -> Template:
        return await show(request)

    @post("/models/proposals", guards=[MANAGERS], include_in_schema=False)
    async def propose(request: StaffRequest, data: Form) -> Response[Any]:
        try:
            await desk.promotions.propose(data.get("digest", ""), request.user)
        except PromotionRefusedError as error:
            return await show(request, error.reason)
        return Redirect("/models", status_code=303)

    @post("/models/proposals/{proposal:uuid}", guards=[MANAGERS], include_in_schema=False)
    async def settle(request: StaffRequest, proposal: UUID, data: Form) -> Response[Any]:
        try:
            if data.get("verdict") == "approve":
                await desk.promotions.approve(proposal, request.user, desk.models.prepare)
            else:
                await desk.promotions.reject(proposal, request.user)
        except PromotionRefusedError as error:
            return await show(request, error.reason)
        return Redirect("/models", status_code=303)

    return [home, models, propose, settle]


def _candidates(
    desk: ModelsDesk, history: Sequence[Statement], waiting: Sequence[Row[Any]]
) -> list[Shown]:
    settled = {one.digest for one in history} | {one.digest for one in waiting}
    return [
        _candidate(desk, folder, history[0].digest)
        for folder in candidates(desk.data)[:SHOWN]
        if folder.name not in settled
    ]


def _candidate(desk: ModelsDesk, folder: Path, champion: str) -> Shown:
    try:
        verdict, _ = read_verdict(folder, desk.promotions.signer)
    except (GateError, ModelError, OSError):
        return Shown(folder.name, None, "changed")
    if not verdict.passed:
        return Shown(folder.name, verdict, "refused")
    return Shown(folder.name, verdict, "passed" if verdict.champion == champion else "stale")


def _proposed(desk: ModelsDesk, proposal: Row[Any], history: Sequence[Statement]) -> Shown:
    if proposal.kind == "rollback":
        return Shown(proposal.digest, None, "rollback", proposal)
    found = _candidate(desk, candidate_folder(desk.data, proposal.digest), history[0].digest)
    return Shown(found.digest, found.verdict, found.state, proposal)


def _ways_back(
    desk: ModelsDesk, history: Sequence[Statement], waiting: Sequence[Row[Any]]
) -> set[str]:
    """Former models that are still there and not proposed already."""
    busy = {history[0].digest} | {one.digest for one in waiting}
    former = {one.digest for one in history} - busy
    return {digest for digest in former if approved_folder(desk.data, digest).is_dir()}


def _labels(language: str) -> Any:
    def label(name: str) -> str:
        key = "".join(c if c.isalnum() else "_" for c in name)
        try:
            return text(f"classifier.figure.{key}", language)
        except MissingTextError:
            # A municipality may have the gate look at more than we have words for.
            return name.replace("_", " ")

    return label
