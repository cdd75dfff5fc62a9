"""Where data may go: every host a service talks to must be listed with its country, or nothing starts.

The list is `residency.yaml` in the municipality's folder. This machine needs no line. Whoever gets what citizens
write must stand in the European Economic Area (GDPR art. 44; Schrems II, C-311/18).
"""

from collections.abc import Iterable, Sequence
from importlib.resources import files
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from infra.text.safe_yaml import read_yaml

FILE = "residency.yaml"
EEA = frozenset(
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK".split()  # noqa: SIM905 - thirty lines otherwise
)
"""ISO 3166 codes of the European Union and of Iceland, Liechtenstein and Norway."""


class ResidencyError(ValueError):
    """The list is broken, or a host may not be talked to; says which and what to do."""


class Endpoint(NamedTuple):
    """A host that a setting names."""

    setting: str
    host: str
    what: str
    """What is there."""
    personal: bool = True
    """Whether anything of what citizens write goes there."""


class Place(BaseModel):
    """One line of the list: who runs a host, and where."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = Field(min_length=1)
    """A name or address as the settings write it; `*.town.example` is every name below it."""
    country: str = Field(pattern=r"^[A-Z]{2}$")
    """Where the machine stands, as an ISO 3166 code."""
    operator: str = Field(min_length=2)
    basis: str = Field(min_length=2)
    """On what ground of law data are there: one's own machine, or the agreement with its operator."""
    personal: bool = True
    """False: nothing of what citizens write goes there, so it may stand anywhere."""

    def is_of(self, host: str) -> bool:
        if self.host.startswith("*."):
            return host.endswith(self.host[1:].lower())
        return host == self.host.lower()


class Verdict(NamedTuple):
    endpoint: Endpoint
    place: Place | None
    problem: str | None
    """Why nothing may go there; None when it may."""


def read_places(municipality: Path | None) -> tuple[Place, ...]:
    """The municipality's list, or the sample's. Raises ResidencyError."""
    own = municipality / FILE if municipality else None
    path = own if own and own.exists() else None
    source = files("infra.chassis").joinpath(FILE) if path is None else path
    name = str(path or FILE)
    try:
        raw = read_yaml(source.read_text("utf-8"))
    except (OSError, yaml.YAMLError, ValueError) as error:
        raise ResidencyError(f"{name} cannot be read as YAML.") from error
    lines = raw.get("places") if isinstance(raw, dict) else None
    if not isinstance(lines, list):
        raise ResidencyError(f"{name}: must hold `places:` and a list of hosts.")
    return tuple(_place(name, number, line) for number, line in enumerate(lines, 1))


def _place(name: str, number: int, line: object) -> Place:
    try:
        return Place.model_validate(line)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "the line"
        raise ResidencyError(f"{name}: place {number}: {field}: {first['msg']}.") from None


def judge(endpoints: Iterable[Endpoint], places: Sequence[Place]) -> list[Verdict]:
    """What is on this machine needs no place."""
    return [_judged(one, places) for one in endpoints]


def _judged(endpoint: Endpoint, places: Sequence[Place]) -> Verdict:
    if is_this_machine(endpoint.host):
        return Verdict(endpoint, None, None)
    host = endpoint.host.lower()
    place = next((one for one in places if one.is_of(host)), None)
    if place is None:
        return Verdict(endpoint, None, f"is not in {FILE}")
    if endpoint.personal and not place.personal:
        return Verdict(
            endpoint, place, f"gets what citizens write, and {FILE} says that nothing of it does"
        )
    if endpoint.personal and place.country not in EEA:
        return Verdict(endpoint, place, f"stands in {place.country}, outside EU and EEA")
    return Verdict(endpoint, place, None)


def require_residency(endpoints: Sequence[Endpoint], municipality: Path | None) -> None:
    """Raises ResidencyError when something would go where it may not."""
    own = municipality is not None and (municipality / FILE).exists()
    if not own and all(is_this_machine(one.host) for one in endpoints):
        return
    for verdict in judge(endpoints, read_places(municipality)):
        if verdict.problem is not None:
            one = verdict.endpoint
            raise ResidencyError(
                f"HENVEND_{one.setting.upper()}: {one.host} ({one.what}) {verdict.problem}. "
                f"Nothing starts so: mend {FILE} or name another host (`henvend residency` shows all)."
            )


def is_this_machine(host: str) -> bool:
    """An empty host is a socket file."""
    if host in ("", "localhost"):
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
