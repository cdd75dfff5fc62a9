"""What the classifier and its mail intake can be told."""

import os
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field

from infra.chassis.residency import Endpoint
from infra.chassis.settings import ServiceSettings

HUB = "https://huggingface.co"
"""Where sentence-transformers fetches a model that is named by an id; HF_ENDPOINT names another."""


class ClassifierSettings(ServiceSettings):
    classifier_smtp_port: int = Field(default=8025, ge=1, le=65535)
    """Where mail servers and clients deliver by SMTP."""
    classifier_lmtp_port: int = Field(default=8024, ge=1, le=65535)
    """The same by LMTP, for a local mail server."""
    classifier_mail_domains: str = ""
    """Domains mail is taken for, separated by commas; empty takes mail for any address."""
    classifier_mail_bytes: int = Field(default=25_000_000, ge=10_000, le=200_000_000)
    """Larger mails are refused with 552."""
    classifier_repeat_seconds: float = Field(default=15.0, ge=1, le=3600)
    """An inquiry whose case is not open after this long is published again."""
    embedding_model: str | None = None
    """Id or path of a sentence-transformers model; None means the one in the model folder."""
    embedding_prefix: str = ""
    """Put before each text, e.g. `query: ` for e5 models."""
    classifier_core_watts: float = Field(default=15.0, gt=0, le=1000)
    """What one busy core draws, for the energy estimate where the processor does not tell."""

    def endpoints(self) -> list[Endpoint]:
        found = super().endpoints()
        if self.embedding_model and not Path(self.embedding_model).exists():
            host = urlsplit(os.environ.get("HF_ENDPOINT", HUB)).hostname or ""
            found.append(Endpoint("embedding_model", host, "model host", personal=False))
        return found

    @property
    def mail_domains(self) -> frozenset[str]:
        return frozenset(
            domain.strip().lower()
            for domain in self.classifier_mail_domains.split(",")
            if domain.strip()
        )
