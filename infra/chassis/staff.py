"""Who works here: local accounts, roles, one-time login links. OpenID Connect replaces the door later."""

import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, get_args

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from sqlalchemy import Column, MetaData, String, Table, delete, update
from sqlalchemy import insert as sql_insert

from infra.chassis.clock import Clock
from infra.chassis.settings import ServiceSettings, SettingsError
from infra.database import Database, UtcDateTime

Role = Literal["caseworker", "coordinator", "editor", "ombudsman", "dpo", "operator"]
ROLES: tuple[Role, ...] = get_args(Role)
LINK_LIFETIME = timedelta(hours=12)

metadata = MetaData()
login_link = Table(
    "login_link",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("account", String(80), nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime),
)


class StaffMember(BaseModel):
    """A named person with a role; caseworkers see the queues of their departments only."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    account: str
    name: str
    role: Role
    departments: tuple[str, ...] = ()
    """Empty means all departments (coordinators, operators)."""

    def may_see(self, department: str) -> bool:
        return not self.departments or department in self.departments


class StaffDoor:
    """Hands out one-time links and opens them once."""

    def __init__(self, database: Database, members: dict[str, StaffMember], clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self.members = members

    async def new_link(self, account: str) -> str:
        """A token that logs `account` in once within LINK_LIFETIME. Raises KeyError if unknown."""
        member = self.members[account]
        token = secrets.token_urlsafe(24)
        async with self._database.write() as tx:
            await tx.execute(delete(login_link).where(login_link.c.expires_at < self._clock()))
            await tx.execute(
                sql_insert(login_link).values(
                    token_hash=_hash(token),
                    account=member.account,
                    expires_at=self._clock() + LINK_LIFETIME,
                )
            )
        return token

    async def redeem(self, token: str) -> StaffMember | None:
        """The member, once; None for an unknown, used or expired link."""
        now: datetime = self._clock()
        async with self._database.write() as tx:
            account = await tx.scalar(
                update(login_link)
                .where(login_link.c.token_hash == _hash(token))
                .where(login_link.c.used_at.is_(None))
                .where(login_link.c.expires_at > now)
                .values(used_at=now)
                .returning(login_link.c.account)
            )
        return self.members.get(account) if account else None

    async def close(self) -> None:
        await self._database.close()


def load_members(path: Path | None) -> dict[str, StaffMember]:
    """Accounts of the municipality's staff.yaml, or of the sample one. Raises SettingsError."""
    where = str(path) if path else "the sample staff file"
    try:
        text = (
            path.read_text("utf-8")
            if path
            else files("infra.embedded").joinpath("staff.yaml").read_text("utf-8")
        )
        raw: Any = yaml.safe_load(text)
        members = TypeAdapter(list[StaffMember]).validate_python(raw["staff"])
    except OSError as error:
        raise SettingsError(f"{where} cannot be read: {error.strerror}.") from None
    except (yaml.YAMLError, KeyError, TypeError):
        raise SettingsError(f"{where} must be YAML with a list named `staff`.") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise SettingsError(f"{where}: staff {place}: {first['msg']}.") from None
    return _by_account(members, where)


def _by_account(members: Iterable[StaffMember], where: str) -> dict[str, StaffMember]:
    by_account: dict[str, StaffMember] = {}
    for member in members:
        if member.account in by_account:
            raise SettingsError(f"{where}: the account {member.account} stands there twice.")
        by_account[member.account] = member
    return by_account


def _hash(token: str) -> str:
    return sha256(token.encode()).hexdigest()


async def open_door(url: str, members: dict[str, StaffMember], clock: Clock) -> StaffDoor:
    database = Database(url)
    await database.migrate("infra.chassis.staff_migrations")
    return StaffDoor(database, members, clock)


def login_address(settings: ServiceSettings, role: str, token: str) -> str:
    """Where a member of staff logs in, and comes to the pages they work on."""
    after = "?next=/editor" if role == "editor" else ""
    return f"{settings.url_of(home_of(role))}/login/{token}{after}"


def home_of(role: str) -> str:
    homes = {"editor": "chatbot", "ombudsman": "audit", "dpo": "audit"}
    return homes.get(role, "router")
