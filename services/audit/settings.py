"""What the audit service can be told."""

from pydantic import field_validator

from infra.chassis.settings import ServiceSettings


class AuditSettings(ServiceSettings):
    audit_origin: str = "audit.sundby.example/henvend/2026"
    """Name of the log: schemeless URL `audit.<domain>/<log>/<year>`; its key belongs to it."""

    @field_validator("audit_origin")
    @classmethod
    def _origin(cls, value: str) -> str:
        plain = value.isascii() and value.isprintable() and not set(value) & set(" +?#")
        if not plain or value.count("/") < 2 or not value.rpartition("/")[2].isdigit():
            raise ValueError("must be audit.<domain>/<log>/<year>, e.g. audit.town.dk/henvend/2026")
        return value

    @property
    def log_year(self) -> str:
        return self.audit_origin.rpartition("/")[2]
