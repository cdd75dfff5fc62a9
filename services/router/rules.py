"""The municipality's routing rules: plain data, checked before they may decide anything."""

import json
from collections.abc import Sequence
from hashlib import sha256
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from contracts.case import Queue
from contracts.inquiry import Channel, Language, Verdict
from contracts.taxonomy import Names, Taxonomy, TaxonomyError
from services.router.own_file import parse

T = TypeVar("T")


class RulesError(ValueError):
    """The rules file is wrong; the message names the rule and what to change."""


def _several(value: Any) -> Any:
    return value if isinstance(value, list | tuple) or value is None else [value]


OneOf = Annotated[tuple[T, ...] | None, BeforeValidator(_several)]


class When(BaseModel):
    """All named conditions must hold; None means "does not matter"."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    verdict: OneOf[Verdict] = None
    category: OneOf[str] = None
    department: OneOf[str] = None
    channel: OneOf[Channel] = None
    language: OneOf[Language] = None
    urgent: bool | None = None
    sensitive: bool | None = None
    wants_person: bool | None = None
    mixed: bool | None = None
    classified: bool | None = None


class Then(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    queue: Queue
    deadline_days: int = Field(ge=0, le=90)
    department: str | None = None
    """Send here whatever the category says."""


class Rule(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$", max_length=60)]
    why: Names | str
    """For staff and citizens to read; a plain string stands for all languages."""
    when: When = When()
    then: Then

    def why_in(self, language: str) -> str:
        return self.why if isinstance(self.why, str) else self.why.in_language(language)


class Rules(BaseModel):
    """The rules in order, and the digest of what they mean (not of how they are written)."""

    model_config = ConfigDict(frozen=True)

    rules: tuple[Rule, ...]
    digest: str


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    rules: tuple[Rule, ...]


class Situation(BaseModel):
    """What a rule can ask about."""

    model_config = ConfigDict(frozen=True)

    classified: bool
    verdict: Verdict | None
    category: str | None
    department: str | None
    channel: Channel
    language: Language | None
    urgent: bool
    sensitive: bool
    wants_person: bool
    mixed: bool


def fits(when: When, situation: Situation) -> bool:
    return all(
        getattr(situation, name) in wanted
        if isinstance(wanted, tuple)
        else getattr(situation, name) == wanted
        for name in When.model_fields
        if (wanted := getattr(when, name)) is not None
    )


def first_fitting(rules: Rules, situation: Situation) -> Rule:
    """The last rule fits everything (checked when loading), so there always is one."""
    return next(rule for rule in rules.rules if fits(rule.when, situation))


def load_rules(path: Path | None, taxonomy: Taxonomy) -> Rules:
    """The municipality's rules or the sample ones; raises RulesError or TaxonomyError."""
    where = str(path) if path else "the sample routing rules"
    try:
        text = (
            path.read_text("utf-8")
            if path
            else files("services.router").joinpath("rules.yaml").read_text("utf-8")
        )
    except OSError as error:
        raise RulesError(f"{where} cannot be read: {error.strerror}.") from None
    rules = parse(text, where, _File, RulesError).rules
    _check(rules, taxonomy, where)
    canonical = json.dumps(
        [rule.model_dump(mode="json") for rule in rules], sort_keys=True, separators=(",", ":")
    )
    return Rules(rules=rules, digest=sha256(canonical.encode()).hexdigest())


def _check(rules: Sequence[Rule], taxonomy: Taxonomy, where: str) -> None:
    if not rules or rules[-1].when != When():
        raise RulesError(
            f"{where}: the last rule must have no `when`, so that every case has a way."
        )
    ids = sorted(rule.id for rule in rules)
    for one, other in pairwise(ids):
        if one == other:
            raise RulesError(f"{where}: two rules are called {one}.")
    for rule in rules:
        place = f"{where}, rule {rule.id},"
        taxonomy.require(rule.when.category or (), place)
        departments = (
            *(rule.when.department or ()),
            *([rule.then.department] if rule.then.department else []),
        )
        taxonomy.require_departments(departments, place)
    _refuse_shadowed(rules, where)


def _refuse_shadowed(rules: Sequence[Rule], where: str) -> None:
    """A rule that an earlier, wider one always beats would silently never act."""
    for position, rule in enumerate(rules):
        for earlier in rules[:position]:
            if _covers(earlier.when, rule.when):
                raise RulesError(
                    f"{where}: rule {rule.id} can never act, because {earlier.id} above it "
                    "fits everything it fits. Move it up or remove it."
                )


def _covers(wide: When, narrow: When) -> bool:
    for name in When.model_fields:
        wanted, asked = getattr(wide, name), getattr(narrow, name)
        if wanted is None:
            continue
        if asked is None:
            return False
        inside = set(asked) <= set(wanted) if isinstance(wanted, tuple) else asked == wanted
        if not inside:
            return False
    return True


def rules_path(municipality: Path | None) -> Path | None:
    """A municipality's folder may bring its own rules.yaml."""
    if municipality is None:
        return None
    own = municipality / "rules.yaml"
    return own if own.exists() else None


__all__ = [
    "Rule",
    "Rules",
    "RulesError",
    "Situation",
    "TaxonomyError",
    "When",
    "first_fitting",
    "fits",
    "load_rules",
    "rules_path",
]
