"""What the chatbot can be told."""

from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field

from infra.chassis.outgoing import MailSettings
from infra.chassis.residency import Endpoint

HEARD_WHEN_ANSWERING = "elsewhere.yaml"
"""Nothing is learnt from it, so another name in it is no other publication."""


class ChatbotSettings(MailSettings):
    chatbot_model: str | None = None
    """Folder of a sentence-transformers model; None means the one `henvend train` made."""
    chatbot_qdrant: str | None = None
    """URL of a Qdrant server; None means the embedded engine in the data folder."""
    chatbot_on: bool = True
    """False: no automatic answers, whatever the switch says; people can still be written to."""
    chatbot_editor_mail: str | None = Field(default=None, pattern=r"^[^@\s<>]+@[^@\s<>]+$")
    """Where the editors are told of texts past their review date; None: on their page only."""
    chatbot_messages_per_minute: int = Field(default=12, ge=1, le=10_000)
    """Per conversation."""
    chatbot_conversations_per_hour: int = Field(default=60, ge=1, le=100_000)
    """Per address; a library or a workplace is one address."""
    chatbot_messages_per_hour: int = Field(default=600, ge=1, le=1_000_000)
    """Per address."""
    chatbot_origins: str = ""
    """Web addresses that may embed the widget, separated by spaces; empty: only our own pages."""
    chatbot_proofs_above: int = Field(default=120, ge=1, le=1_000_000)
    """New conversations a minute, from everybody together, above which a proof of work is asked."""
    chatbot_sentences: bool = True
    """Hear what a sentence means beside its words; knows Danish, Swedish and English. Not asked when the
    model is a transformer, which hears that itself."""
    chatbot_trust_proxy: bool = False
    """True: the citizen's address is the last one in X-Forwarded-For."""
    chatbot_republish_seconds: float = Field(default=20.0, ge=0.5, le=86_400)
    """A handover whose case is not open after this long is published again."""
    chatbot_retention_days: int = Field(default=90, ge=1, le=3650)
    """Conversations are destroyed this long after their last message."""

    def endpoints(self) -> list[Endpoint]:
        found = super().endpoints()
        if self.chatbot_qdrant:
            host = urlsplit(self.chatbot_qdrant).hostname or self.chatbot_qdrant
            found.append(Endpoint("chatbot_qdrant", host, "vector store"))
        return found

    @property
    def model_folder(self) -> Path:
        return Path(self.chatbot_model) if self.chatbot_model else self.data / "model" / "embedding"

    @property
    def index_folder(self) -> Path:
        return self.data / "knowledge"

    @property
    def store_folder(self) -> Path:
        return self.data / "knowledge" / "vectors"

    @property
    def inquiries_folder(self) -> Path:
        """Labelled inquiries, read when publishing: from them the chat learns what is urgent."""
        own = self.municipality / "examples" if self.municipality else None
        sample = Path(__file__).parents[1] / "classifier" / "examples"
        return own if own and own.is_dir() else sample

    @property
    def development_folder(self) -> Path | None:
        """Questions that came with what is right for them, read when publishing: they set how sure
        the chat must be."""
        if self.municipality:
            own = self.municipality / "development"
            return own if own.is_dir() else None
        return Path(__file__).parent / "development"

    @property
    def outside_file(self) -> Path:
        """Questions no article answers, read when publishing."""
        own = self.municipality / "outside.yaml" if self.municipality else None
        return own if own and own.exists() else Path(__file__).parent / "outside.yaml"

    @property
    def teaching_files(self) -> tuple[Path, ...]:
        """Everything beside articles and model that a publication is made of."""
        lines = [f for f in (self.inquiries_folder, self.development_folder) if f is not None]
        every = sorted((Path(__file__).parent / "phrases").glob("*.yaml"))
        phrases = [path for path in every if path.name != HEARD_WHEN_ANSWERING]
        rows = sorted(path for folder in lines for path in folder.glob("*.jsonl"))
        return (self.outside_file, *phrases, *rows)

    @property
    def signposts_folder(self) -> Path:
        """Articles that only say which other authority decides."""
        own = self.municipality / "signposts" if self.municipality else None
        return own if own and own.is_dir() else Path(__file__).parent / "signposts"

    @property
    def articles_folder(self) -> Path:
        own = self.municipality / "knowledge" if self.municipality else None
        return own if own and own.is_dir() else Path(__file__).parent / "knowledge"
