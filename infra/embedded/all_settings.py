"""The settings of all services at once: what the one-command run reads and checks."""

from pathlib import Path

from pydantic import Field

from infra.chassis.settings import PREFIX
from services.audit.settings import AuditSettings
from services.chatbot.settings import ChatbotSettings
from services.classifier.settings import ClassifierSettings
from services.router.settings import RouterSettings


class AllSettings(ClassifierSettings, RouterSettings, ChatbotSettings, AuditSettings):
    mailbox_smtp_port: int = Field(default=8026, ge=1, le=65535)
    """Where the sample's outgoing mailbox takes mail."""
    embedded_broker: bool = True
    """False: use the broker at HENVEND_BROKER, which somebody else runs."""

    @property
    def model_folder(self) -> Path:
        return self.data / "model"

    def ports(self) -> dict[str, int]:
        """Every port this run needs, by the variable that changes it."""
        names = [name for name in type(self).model_fields if name.endswith("_port")]
        ports = {PREFIX + name.upper(): int(getattr(self, name)) for name in names}
        if self.embedded_broker:
            ports[f"{PREFIX}BROKER"] = int(self.broker.rpartition(":")[2])
        return ports


def known_settings() -> set[str]:
    return set(AllSettings.model_fields)
