"""What an event means in the trail: the kind of act, its outcome, who or what decided, and why.

Everything here may stand in a leaf for ever, so free text never passes: codes only.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, TypeVar

from contracts import answer, case, governance, inquiry
from contracts.event import Event
from services.audit.leaf import LeafValue

_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,99}\Z")
_WORDS = re.compile(r"[a-z][a-z.-]{0,59}\Z")
MAX_LISTED = 12

E = TypeVar("E", bound=Event)


class Account(NamedTuple):
    """One event in the words of a leaf."""

    typ: str
    out: str
    mode: str
    """`human`: a person decided. `auto`: the system acted. `support`: the system only suggested."""
    why: tuple[str, ...] = ()
    sys: Mapping[str, LeafValue] = {}
    scores: Mapping[str, LeafValue] = {}
    tmpl: tuple[str, ...] = ()
    staff: tuple[str, ...] = ()
    """Accounts; the leaf gets their pseudonyms."""


def describe(event: Event) -> Account:
    """Raises KeyError for an event type that nobody described."""
    return _DESCRIPTIONS[event.type](event)


def code(text: str | None) -> str:
    """`text` if it is a code, else `other`; `none` for nothing."""
    if text is None:
        return "none"
    return text if _CODE.match(text) else "other"


def word(text: str) -> str:
    """A reason somebody typed, if it is a plain word: digits could be a personal number."""
    return text if _WORDS.match(text) else "free-text"


def _marks(marks: Mapping[str, bool]) -> Iterable[str]:
    return (name for name, holds in marks.items() if holds)


def _model(model: inquiry.ModelRef) -> dict[str, LeafValue]:
    return {"model": code(model.name), "model_sha256": code(model.digest)}


def _ppm(share: float) -> int:
    return round(share * 1_000_000)


def _received(event: inquiry.InquiryReceived) -> Account:
    why = _marks({
        "wants-person": event.wants_person,
        "handed-over": event.conversation is not None,
        "follow-up": event.follows is not None,
    })
    return Account("decision", event.channel, "auto", tuple(why))


def _classified(event: inquiry.InquiryClassified) -> Account:
    marks = _marks({
        "urgent": event.urgent,
        "sensitive": event.sensitive,
        "mixed": len(event.parts) > 1,
        "wants-person": event.wants_person,
    })
    best = event.alternatives[:3]
    scores: dict[str, LeafValue] = {
        "conf_e6": _ppm(event.confidence),
        "thr_e6": _ppm(event.threshold),
        "alt": [[code(other.category), _ppm(other.confidence)] for other in best],
    }
    why = (event.verdict, f"language:{event.language}", *marks)
    return Account("decision", code(event.category), "support", why, _model(event.model), scores)


def _opened(event: case.CaseOpened) -> Account:
    marks = _marks({
        "urgent": event.urgent,
        "sensitive": event.sensitive,
        "mixed": bool(event.linked),
    })
    why = (
        code(event.reason),
        f"rule:{code(event.rule)}",
        f"queue:{event.queue}",
        f"category:{code(event.category)}",
        *marks,
    )
    rules = {"rules_sha256": code(event.rules_digest)}
    return Account("decision", code(event.department), "auto", why, rules)


def _moved(event: case.CaseMoved) -> Account:
    why = (
        "wrong-department",
        f"from:{code(event.from_department)}",
        f"from-category:{code(event.from_category)}",
        f"category:{code(event.to_category)}",
    )
    return Account("override", code(event.to_department), "human", why, staff=(event.by.account,))


def _assigned(event: case.CaseAssigned) -> Account:
    staff = (event.by.account, *((event.to,) if event.to else ()))
    return Account("decision", "assigned" if event.to else "released", "human", staff=staff)


def _replied(event: case.CaseReplied) -> Account:
    why = (f"language:{event.language}",)
    return Account("reply_sent", event.channel, "human", why, staff=(event.by.account,))


def _closed(event: case.CaseClosed) -> Account:
    return Account("decision", event.outcome, "human", staff=(event.by.account,))


def _corrected(event: case.CorrectionConfirmed) -> Account:
    staff = (event.proposed_by.account, event.confirmed_by.account)
    why = (f"was:{code(event.was)}",)
    return Account("override", code(event.now), "human", why, staff=staff)


def _answered(event: answer.QuestionAnswered) -> Account:
    shown = event.verdict in {"answered", "crisis", "other-authority"}
    scores = {"conf_e6": _ppm(event.confidence), "thr_e6": _ppm(event.threshold)}
    offered = tuple(f"offered:{code(topic)}" for topic in event.offered[:MAX_LISTED])
    return Account(
        "reply_sent" if shown else "decision",
        event.verdict,
        "auto",
        (f"language:{event.language}", *offered),
        _model(event.model),
        scores,
        tuple(_article(ref) for ref in event.articles[:MAX_LISTED]),
    )


def _recalled(event: answer.AnswerRecalled) -> Account:
    why = ("recalled", *(f"told:{way}" for way in event.told))
    return Account(
        "override", "recalled", "human", why, tmpl=(_article(event.article),), staff=(event.by,)
    )


def _contested(event: inquiry.DecisionContested) -> Account:
    return Account("override", event.wish, "human", ("citizen",))


def _erased(event: inquiry.InquiryErased) -> Account:
    records = (f"records:{word(event.records)}",) if event.records else ()
    why = (word(event.reason), *records)
    if event.approved_by == inquiry.RETENTION:
        return Account("erase", "erased", "auto", why)
    staff = (event.requested_by, event.approved_by)
    return Account("erase", "erased", "human", why, staff=staff)


def _published(event: answer.ArticlePublished) -> Account:
    digest = {"cfg_sha256": code(event.article.digest)}
    why = (f"valid-from:{event.valid_from}", f"review-by:{event.review_by}")
    return Account(
        "config", _article(event.article), "human", why, digest, staff=(event.approved_by,)
    )


def _withdrawn(event: answer.ArticleWithdrawn) -> Account:
    digest = {"cfg_sha256": code(event.article.digest)}
    if event.reason == "review-overdue":
        return Account("config", _article(event.article), "auto", (event.reason,), digest)
    return Account(
        "config", _article(event.article), "human", (word(event.reason),), digest, staff=(event.by,)
    )


def _promoted(event: governance.ModelPromoted) -> Account:
    previous = f"previous:{code(event.previous)}"
    # The first model of a fresh start: no person approved it, and the trail must not say so.
    if event.approved_by == ("installation",):
        why = (previous, "by:installation")
        return Account("config", code(event.model.name), "auto", why, _model(event.model))
    return Account(
        "config",
        code(event.model.name),
        "human",
        (previous,),
        _model(event.model),
        staff=event.approved_by[:MAX_LISTED],
    )


def _rules_changed(event: governance.RulesChanged) -> Account:
    why = (f"previous:{code(event.previous)}",)
    rules = {"rules_sha256": code(event.digest)}
    return Account("config", "rules", "human", why, rules, staff=(event.by,))


def _switched(event: governance.SwitchTurned) -> Account:
    why = (word(event.reason), f"switch:{code(event.switch)}")
    if event.by == governance.MONITOR:
        return Account("config", "on" if event.on else "off", "auto", why)
    return Account("config", "on" if event.on else "off", "human", why, staff=(event.by,))


def _reported(event: governance.ErrorReported) -> Account:
    return Account("decision", "error-reported", "human", staff=(event.by,))


def _dead_lettered(event: governance.DeadLettered) -> Account:
    why = (
        f"consumer:{code(event.consumer)}",
        f"topic:{code(event.topic)}",
        f"partition:{event.partition}",
        f"offset:{event.offset}",
    )
    return Account("ingest_error", event.reason, "auto", why)


def _article(ref: answer.ArticleRef) -> str:
    return f"{code(ref.topic)}.{ref.language}@{ref.version}"


_DESCRIPTIONS: dict[str, Callable[[Any], Account]] = {
    inquiry.InquiryReceived.type: _received,
    inquiry.InquiryClassified.type: _classified,
    inquiry.DecisionContested.type: _contested,
    inquiry.InquiryErased.type: _erased,
    case.CaseOpened.type: _opened,
    case.CaseMoved.type: _moved,
    case.CaseAssigned.type: _assigned,
    case.CaseReplied.type: _replied,
    case.CaseClosed.type: _closed,
    case.CorrectionConfirmed.type: _corrected,
    answer.QuestionAnswered.type: _answered,
    answer.AnswerRecalled.type: _recalled,
    answer.ArticlePublished.type: _published,
    answer.ArticleWithdrawn.type: _withdrawn,
    governance.ModelPromoted.type: _promoted,
    governance.RulesChanged.type: _rules_changed,
    governance.SwitchTurned.type: _switched,
    governance.ErrorReported.type: _reported,
    governance.DeadLettered.type: _dead_lettered,
}
