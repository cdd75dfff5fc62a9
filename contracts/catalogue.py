"""All event types by name, and the topics they travel on."""

from importlib.resources import files
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

from contracts import answer, case, governance, inquiry, trail
from contracts.event import Event

SERVICES = ("classifier", "router", "chatbot", "audit")
ServiceName = Literal["classifier", "router", "chatbot", "audit"]

EVENTS: dict[str, type[Event]] = {
    model.type: model
    for model in (
        inquiry.InquiryReceived,
        inquiry.InquiryClassified,
        case.CaseOpened,
        case.CaseMoved,
        case.CaseAssigned,
        case.CaseReplied,
        case.CaseClosed,
        case.CorrectionConfirmed,
        answer.QuestionAnswered,
        answer.AnswerRecalled,
        inquiry.DecisionContested,
        inquiry.InquiryErased,
        answer.ArticlePublished,
        answer.ArticleWithdrawn,
        governance.ModelPromoted,
        governance.RulesChanged,
        governance.SwitchTurned,
        governance.ErrorReported,
        governance.DeadLettered,
        trail.TrailReceipt,
    )
}


class Topic(BaseModel):
    """One topic; its name is the event type it carries."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    description: str
    producers: tuple[ServiceName, ...] = Field(min_length=1)
    consumers: tuple[ServiceName, ...] = Field(min_length=1)
    key: str
    partitions: int = Field(ge=1)
    retention_days: int = Field(ge=1)


def topics() -> dict[str, Topic]:
    """Topic name to its description, from topics.yaml; raises ValueError when the file is wrong."""
    raw = yaml.safe_load(files("contracts").joinpath("topics.yaml").read_text("utf-8"))
    catalogue = {name: Topic.model_validate(body) for name, body in raw["topics"].items()}
    if catalogue.keys() != EVENTS.keys():
        odd = sorted(catalogue.keys() ^ EVENTS.keys())
        raise ValueError(f"topics.yaml and the event models disagree about: {', '.join(odd)}")
    return catalogue
