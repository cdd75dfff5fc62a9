"""Settings every service shares: read once at start, frozen, refusing nonsense in one sentence."""

import difflib
import os
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Literal, Self

import yaml
from pydantic import Field, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    YamlConfigSettingsSource,
)
from sqlalchemy import make_url

from infra.chassis.residency import Endpoint, ResidencyError, require_residency

PREFIX = "HENVEND_"
Port = int


class SettingsError(ValueError):
    """A setting is wrong; the message names it and says what is allowed."""


class ServiceSettings(BaseSettings):
    """Read from HENVEND_* variables, then from the YAML file named by HENVEND_SETTINGS."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    data: Path = Path(".henvend")
    """Data folder: databases, keys, model, index."""
    settings: Path | None = None
    """YAML file with any of these settings by lower-case name."""
    municipality: Path | None = None
    """Folder with the municipality's own files; None means the sample municipality."""
    host: str = "127.0.0.1"
    broker: str = "127.0.0.1:29092"
    broker_session_ms: int = Field(default=1000, ge=500, le=300_000)
    """Consumer session timeout. 1,000 suits the embedded broker; production wants 10,000 or more."""
    broker_replication: int = Field(default=1, ge=1, le=9)
    """Copies of each topic; no more than there are brokers, three in production."""
    classifier_port: Port = Field(default=8081, ge=1, le=65535)
    router_port: Port = Field(default=8082, ge=1, le=65535)
    chatbot_port: Port = Field(default=8083, ge=1, le=65535)
    audit_port: Port = Field(default=8084, ge=1, le=65535)
    mailbox_port: Port = Field(default=8085, ge=1, le=65535)
    public_url: str | None = None
    """Base URL all services share behind a proxy; None means each on its own port."""
    database_url: str | None = None
    """SQLAlchemy URL for all services (PostgreSQL); None means one SQLite file per service."""
    log_format: Literal["auto", "json", "console"] = "auto"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    secure_cookies: bool = False
    """True behind HTTPS, which production must use."""

    @field_validator("broker")
    @classmethod
    def _host_and_port(cls, value: str) -> str:
        for address in value.split(","):
            host, _, port = address.rpartition(":")
            if not host or not port.isdigit() or not 0 < int(port) < 65536:
                raise ValueError("must be HOST:PORT, or several separated by commas")
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        file = os.environ.get(f"{PREFIX}SETTINGS")
        if not file:
            return (init_settings, env_settings)
        return (init_settings, env_settings, YamlConfigSettingsSource(settings_cls, Path(file)))

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None) -> Self:
        """Raises SettingsError for an unknown variable, a wrong value, a broken settings file or a host
        that data may not go to."""
        settings = cls.read(environ)
        try:
            require_residency(settings.endpoints(), settings.municipality)
        except ResidencyError as error:
            raise SettingsError(str(error)) from None
        return settings

    @classmethod
    def read(cls, environ: Mapping[str, str] | None = None) -> Self:
        """`load` without asking whether data may go where they would go. Raises SettingsError."""
        environ = os.environ if environ is None else environ
        file = environ.get(f"{PREFIX}SETTINGS")
        if file:
            _require_readable(Path(file))
        try:
            return cls()
        except ValidationError as error:
            first = error.errors()[0]
            name = PREFIX + str(first["loc"][0]).upper() if first["loc"] else "the settings"
            if first["type"] == "extra_forbidden":
                raise SettingsError(_unknown(str(first["loc"][0]), cls)) from None
            raise SettingsError(f"{name} is wrong: {first['msg']}.") from None

    def database_for(self, service: str) -> str:
        """A file for each service, or a schema for each in one PostgreSQL database."""
        if self.database_url:
            url = make_url(self.database_url).update_query_dict({"schema": service})
            return url.render_as_string(hide_password=False)
        return f"sqlite:///{(self.data / f'{service}.db').absolute()}"

    def endpoints(self) -> list[Endpoint]:
        """Every host that is talked to."""
        brokers = [address.rpartition(":")[0] for address in self.broker.split(",")]
        found = [Endpoint("broker", host.strip(), "event broker") for host in brokers]
        if self.database_url:
            found += [
                Endpoint("database_url", host, "database") for host in _hosts(self.database_url)
            ]
        return found

    @property
    def keys(self) -> Path:
        """Folder of key files, outside every database."""
        return self.data / "keys"

    def port_of(self, service: str) -> int:
        return int(getattr(self, f"{service}_port"))

    def url_of(self, service: str) -> str:
        """Where people reach a service's pages."""
        if self.public_url:
            return f"{self.public_url.rstrip('/')}/{service}"
        return f"http://{self.host}:{self.port_of(service)}"

    @property
    def loopback_only(self) -> bool:
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


def check_environment(known: set[str], environ: Mapping[str, str] | None = None) -> None:
    """Raises SettingsError when a HENVEND_* variable is nobody's: a typo must not be ignored."""
    environ = os.environ if environ is None else environ
    for variable in sorted(environ):
        if variable.startswith(PREFIX) and variable.removeprefix(PREFIX).lower() not in known:
            close = difflib.get_close_matches(variable.removeprefix(PREFIX).lower(), known, n=1)
            hint = f" Did you mean {PREFIX}{close[0].upper()}?" if close else ""
            raise SettingsError(f"There is no setting {variable}.{hint}")


def _hosts(database_url: str) -> list[str]:
    """Also those that are named behind the question mark; a socket file is an empty host."""
    url = make_url(database_url)
    asked = url.query.get("host", ())
    named = [url.host or "", *([asked] if isinstance(asked, str) else asked)]
    hosts = [host.strip() for one in named for host in one.split(",")]
    # An address of IPv6 has more colons than the one before a port.
    bare = [host.partition(":")[0] if host.count(":") == 1 else host for host in hosts]
    return ["" if host.startswith("/") else host for host in bare]


def _unknown(name: str, cls: type[ServiceSettings]) -> str:
    close = difflib.get_close_matches(name, cls.model_fields, n=1)
    hint = f" Did you mean {close[0]}?" if close else ""
    return f"There is no setting {name}.{hint}"


def _require_readable(path: Path) -> None:
    try:
        content = yaml.safe_load(path.read_text("utf-8"))
    except OSError as error:
        raise SettingsError(f"The settings file {path} cannot be read: {error.strerror}.") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" near line {mark.line + 1}" if mark else ""
        raise SettingsError(f"The settings file {path} is not valid YAML{line}.") from None
    if content is not None and not isinstance(content, dict):
        raise SettingsError(f"The settings file {path} must hold `name: value` lines.")
