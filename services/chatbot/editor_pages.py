"""The editors' rooms: what the knowledge base lacks, and the switch of the automatic answers."""

from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect, Template
from litestar.types import ControllerRouterHandler

from infra.chassis.staff import StaffMember
from infra.chassis.web import requires
from services.chatbot.drafts import Drafts
from services.chatbot.editors import Editors
from services.chatbot.settings import ChatbotSettings
from services.chatbot.switch import REASONS, AnswerSwitch, TurnRefusedError

StaffRequest = Request[StaffMember, Any, Any]
Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
READERS = requires("editor", "coordinator")
SWITCHERS = requires("editor", "coordinator", "operator")
PERIODS = (7, 30, 90)
MOST_GROUPS = 40
MOST_CHANGES = 12
# What citizens wrote stands on the page: no cache may keep it.
PRIVATE = {"cache-control": "no-store"}


def editor_routes(
    editors: Editors, drafts: Drafts, switch: AnswerSwitch, settings: ChatbotSettings
) -> list[ControllerRouterHandler]:
    @get("/editor", guards=[READERS], include_in_schema=False)
    async def editor_page(days: int = 30) -> Template:
        kept = settings.chatbot_retention_days
        days = min(days if days in PERIODS else 30, kept)
        questions = await editors.questions(days) if editors.publication else None
        return Template(
            "editor.html",
            context={
                "days": days,
                "periods": [one for one in PERIODS if one <= kept],
                "articles": len(editors.articles),
                "titles": {key: article.title for key, article in editors.articles.items()},
                "publication": editors.publication,
                "renewal": editors.renewal,
                "answers_on": await switch.is_on(),
                "questions": questions,
                "most": MOST_GROUPS,
                "unhelpful": await editors.unhelpful(days),
                "reviews": await editors.reviews(),
                "gaps": editors.gaps(),
                "draft": await drafts.current(),
                "most_changes": MOST_CHANGES,
                "recalls": await editors.recalls(),
            },
            headers=PRIVATE,
        )

    return [editor_page, *_switch_routes(switch)]


def _switch_routes(switch: AnswerSwitch) -> list[ControllerRouterHandler]:
    async def show(*, refused: bool = False) -> Template:
        return Template(
            "answer_switch.html",
            context={
                "answers_on": await switch.is_on(),
                "allowed": switch.allowed,
                "turned": await switch.turned(),
                "reasons": REASONS,
                "refused": refused,
            },
            status_code=400 if refused else 200,
        )

    @get("/editor/switch", guards=[SWITCHERS], include_in_schema=False)
    async def switch_page() -> Template:
        return await show()

    @post("/editor/switch", guards=[SWITCHERS], include_in_schema=False)
    async def turn(request: StaffRequest, data: Form) -> Response[Any]:
        try:
            await switch.turn(request.user, data.get("reason", ""), on=data.get("turn") == "on")
        except TurnRefusedError:
            return await show(refused=True)
        return Redirect("/editor/switch", status_code=303)

    return [switch_page, turn]
