"""The editors' preview: what the folder would change, which questions it would answer otherwise, and
the two signatures that publish it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect, Template
from litestar.types import ControllerRouterHandler

from infra.chassis.staff import StaffMember
from infra.chassis.web import requires
from infra.pages.pages import language_of, text
from services.chatbot.compare import KINDS, Kind, Outcome
from services.chatbot.drafts import Draft, Drafts
from services.chatbot.preview_chart import bars
from services.chatbot.previews import STAGES, Changed, Previews
from services.chatbot.releases import ReleaseRefusedError, Releases

StaffRequest = Request[StaffMember, Any, Any]
Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
EDITORS = requires("editor", "coordinator")
MOST_ROWS = 40
# What citizens wrote stands on the page: no cache may keep it.
PRIVATE = {"cache-control": "no-store"}
PAGE = "/editor/preview"


class Line(NamedTuple):
    """Questions of the same words that change in the same way."""

    words: str
    language: str
    before: Outcome
    after: Outcome
    times: int


@dataclass(frozen=True)
class Group:
    kind: Kind
    count: int
    lines: tuple[Line, ...]
    gone: int
    """Deleted by their citizens since."""


def groups(changed: Sequence[Changed], words: Mapping[UUID, str]) -> list[Group]:
    """In the order of KINDS, without empty ones; what was asked most stands first."""
    found: list[Group] = []
    for kind in KINDS:
        here = [one for one in changed if one.kind == kind]
        if not here:
            continue
        counted = Counter(
            (words[one.question], one.language, one.before, one.after)
            for one in here
            if one.question in words
        )
        lines = tuple(Line(*key, times) for key, times in counted.most_common())
        found.append(Group(kind, len(here), lines, len(here) - counted.total()))
    return found


def preview_routes(
    drafts: Drafts, previews: Previews, releases: Releases
) -> list[ControllerRouterHandler]:
    async def show(request: StaffRequest, refused: str = "") -> Template:
        draft = await drafts.current()
        preview = previews.of(draft.digest)
        found = groups(preview.changed, await previews.words(preview.changed)) if preview else []
        job = previews.job
        return Template(
            "preview.html",
            context={
                "draft": draft,
                "preview": preview,
                "groups": found,
                "chart": _chart(found, language_of(request)) if found else None,
                "most": MOST_ROWS,
                # What failed for another state of the folder is history.
                "job": job if job and (job.running or job.digest == draft.digest) else None,
                "stages": STAGES,
                "release": await releases.of(draft.digest),
                "me": request.user.account,
                "refused": refused,
                "typical": previews.last.seconds if previews.last else None,
            },
            status_code=409 if refused else 200,
            headers=PRIVATE,
        )

    @get(PAGE, guards=[EDITORS], include_in_schema=False)
    async def preview_page(request: StaffRequest) -> Template:
        return await show(request)

    @post(PAGE, guards=[EDITORS], include_in_schema=False)
    async def make(request: StaffRequest) -> Response[Any]:
        draft = await drafts.current()
        if draft.problems or not draft.revisions:
            return await show(request, "nothing")
        # Another one's job is as good: whoever comes second sees the same progress.
        previews.start(draft.digest)
        return Redirect(PAGE, status_code=303)

    @post(f"{PAGE}/release", guards=[EDITORS], include_in_schema=False)
    async def release(request: StaffRequest, data: Form) -> Response[Any]:
        try:
            await _released(request.user, data, await drafts.current(), releases)
        except ReleaseRefusedError as error:
            return await show(request, error.reason)
        return Redirect(PAGE, status_code=303)

    return [preview_page, make, release]


async def _released(
    member: StaffMember, data: Mapping[str, str], draft: Draft, releases: Releases
) -> None:
    digest = data.get("digest", "")
    if digest != draft.digest:
        # Somebody saved a file after this page was drawn: nobody has seen what it would change.
        raise ReleaseRefusedError("stale")
    match data.get("verdict"):
        case "propose":
            await releases.propose(member, digest)
        case "approve":
            await releases.approve(member, digest)
        case _:
            await releases.withdraw(digest)


def _chart(found: Sequence[Group], language: str) -> Any:
    named = [(text(f"chatbot.preview.kinds.{one.kind}", language), one.count) for one in found]
    title = text("chatbot.preview.chart", language)
    return bars(named, title=title, about="; ".join(f"{name}: {count}" for name, count in named))
