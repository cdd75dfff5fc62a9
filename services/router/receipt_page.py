"""The public receipt page and its two buttons. Its address is the key to it: no login, no script."""

import hmac
from datetime import datetime
from typing import Annotated, Any, NamedTuple

from litestar import Request, Response, get, post
from litestar.enums import RequestEncodingType
from litestar.exceptions import HTTPException, NotFoundException
from litestar.middleware.rate_limit import RateLimitConfig
from litestar.params import Body
from litestar.response import Redirect, Template
from litestar.types import ControllerRouterHandler
from sqlalchemy import Row

from contracts.event import Envelope, effect_id
from contracts.inquiry import DecisionContested
from contracts.reference import tidy_reference
from infra.chassis.chassis import Chassis
from infra.keyring import KeyDestroyedError, UnknownKeyError
from infra.pages.pages import LANGUAGE_COOKIE, LANGUAGES, language_of
from services.router.adapters import cases, contests, erasures
from services.router.contest import apply_contest
from services.router.erasing import receipt_mark
from services.router.erasure import GROUNDS
from services.router.live import Changes
from services.router.receipt import SHOWN_ACTS, Step, certainty, handled_by_person, opens
from services.router.route import RoutingTable

Wish = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
Visit = Request[Any, Any, Any]
PER_MINUTE = 30
PRIVATE = {"cache-control": "no-store", "x-robots-tag": "noindex, nofollow"}


class Gone(NamedTuple):
    """What the citizen is told of an erased case."""

    reference: str
    language: str
    reason: str
    approved_at: datetime
    erased_at: datetime | None
    """None while the decision waits for the trail."""


class ErasedError(LookupError):
    """There was such a case; `gone` says when and why it went, None when only its key is gone."""

    def __init__(self, gone: Gone | None = None) -> None:
        super().__init__()
        self.gone = gone


class Counter:
    """Where citizens come to ask about their case."""

    def __init__(self, chassis: Chassis, table: RoutingTable, changes: Changes) -> None:
        self._chassis = chassis
        self._table = table
        self._changes = changes

    async def case_of(self, reference: str, token: str) -> Row[Any]:
        """Raises NotFoundException or ErasedError; a wrong token and a wrong reference look alike."""
        async with self._chassis.database.read() as connection:
            case: Row[Any] | None = await cases.find_case(connection, tidy_reference(reference))
            left = await erasures.tombstone(connection, tidy_reference(reference))
            state = await erasures.state_of(connection, case.inquiry) if case else None
        if left is not None and hmac.compare_digest(left.receipt or "", receipt_mark(token)):
            raise ErasedError(_gone(left, left))
        if case is None:
            raise NotFoundException
        try:
            key = await self._chassis.keyring.data_key(case.inquiry)
        except KeyDestroyedError:
            raise ErasedError from None
        except UnknownKeyError:
            raise NotFoundException from None
        if not opens(key, token):
            raise NotFoundException
        if state is not None and state.approved_at is not None:
            raise ErasedError(_gone(case, state))
        return case

    async def shown(self, case: Row[Any], language: str) -> dict[str, Any]:
        async with self._chassis.database.read() as connection:
            acts = await cases.acts_of(connection, case.id)
        steps = [_step(act) for act in acts if act.kind in SHOWN_ACTS]
        understood = case.classified
        return {
            "case": case,
            "language": language,
            "taxonomy": self._table.taxonomy,
            "rule": next((r for r in self._table.rules.rules if r.id == case.rule), None),
            "understood": understood,
            "certainty": certainty(understood["confidence"], understood["threshold"])
            if understood
            else None,
            "steps": steps,
            "by_person": handled_by_person(steps),
            "phone": getattr(self._chassis.settings, "router_phone", ""),
        }

    async def contest(self, case: Row[Any], wish: str) -> None:
        """Once per wish until staff have done something; then the citizen may say it again."""
        now = self._chassis.clock()
        async with self._chassis.database.write() as tx:
            last = await contests.last_act(tx.connection, case.id)
            if last and last.kind == "contested" and last.detail.get("wish") == wish:
                return
            turn = await contests.act_count(tx.connection, case.id)
            if await erasures.is_decided(tx, case.inquiry):
                return
            envelope = Envelope[DecisionContested].of(
                DecisionContested.model_validate({
                    "inquiry": case.inquiry,
                    "case": case.id,
                    "wish": wish,
                }),
                event_id=effect_id(case.id, f"contested/{wish}/{turn}"),
                source="router",
                time=now,
            )
            # Handled here and now; when it comes round by the broker it has been seen.
            await self._chassis.inbox.first(tx, envelope.id)
            await self._chassis.outbox.put(tx, envelope, cause=None)
            await apply_contest(tx, envelope, now)
            tx.after_commit(self._changes.announce)


def receipt_routes(counter: Counter) -> list[ControllerRouterHandler]:
    limit = RateLimitConfig(rate_limit=("minute", PER_MINUTE), store="receipt").middleware

    @get(
        "/receipt/{reference:str}/{token:str}",
        exclude_from_auth=True,
        include_in_schema=False,
        middleware=[limit],
    )
    async def receipt(request: Visit, reference: str, token: str) -> Template:
        try:
            case = await counter.case_of(reference, token)
        except ErasedError as error:
            return _erased(request, error.gone)
        context = await counter.shown(case, _language(request, case))
        return Template("receipt.html", context={**context, "token": token}, headers=PRIVATE)

    @post(
        "/receipt/{reference:str}/{token:str}",
        exclude_from_auth=True,
        include_in_schema=False,
        middleware=[limit],
    )
    async def contest(request: Visit, reference: str, token: str, data: Wish) -> Response[Any]:
        try:
            case = await counter.case_of(reference, token)
        except ErasedError as error:
            return _erased(request, error.gone)
        wish = data.get("wish", "")
        if wish not in {"wrong", "person"}:
            raise HTTPException(status_code=400, detail="Choose one of the two.")
        await counter.contest(case, wish)
        return Redirect(f"/receipt/{case.reference}/{token}", status_code=303)

    return [receipt, contest]


def _gone(case: Row[Any], decided: Row[Any]) -> Gone:
    return Gone(
        case.reference, case.language, decided.reason, decided.approved_at, decided.erased_at
    )


def _erased(request: Visit, gone: Gone | None) -> Template:
    language = _language(request, gone) if gone else language_of(request)
    context = {"gone": gone, "language": language, "grounds": GROUNDS}
    return Template("receipt_erased.html", context=context, status_code=410, headers=PRIVATE)


def _language(request: Visit, case: Row[Any] | Gone) -> str:
    """What the reader chose, else what the citizen wrote in."""
    chosen = request.query_params.get("lang") or request.cookies.get(LANGUAGE_COOKIE)
    if chosen in LANGUAGES or case.language not in LANGUAGES:
        return language_of(request)
    return str(case.language)


def _step(act: Row[Any]) -> Step:
    return Step(
        at=act.at,
        kind=act.kind,
        by_citizen=act.by == "citizen",
        department=act.detail.get("to") if act.kind == "moved" else None,
        outcome=act.detail.get("outcome"),
    )
