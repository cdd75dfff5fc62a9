"""The model and the vector store that the settings name."""

import shutil
from pathlib import Path

import structlog

from services.chatbot.adapters.edge_store import LAYOUT, EdgeStore
from services.chatbot.ports import Embedder, VectorStore
from services.chatbot.settings import ChatbotSettings

log = structlog.get_logger()


def load_embedder(settings: ChatbotSettings) -> Embedder | None:
    """None when no model was trained yet: every question then goes to a person."""
    folder = settings.model_folder
    if not (folder / "modules.json").exists():
        log.warning("model_missing")
        return None
    from services.chatbot.adapters.sentence_transformer import (  # noqa: PLC0415 - a test's own embedder needs none of it
        SentenceTransformerEmbedder,
    )

    return SentenceTransformerEmbedder(folder, sentences=settings.chatbot_sentences)


def open_store(settings: ChatbotSettings, model_digest: str, dimensions: int) -> VectorStore:
    """One for each model: the same question has another vector in each, and the same id in all."""
    name = f"{dimensions}-{model_digest[:16]}"
    if settings.chatbot_qdrant is None:
        folder = f"{name}-{LAYOUT}"
        _forget_others(settings.store_folder, folder)
        return EdgeStore(settings.store_folder / folder, dimensions)
    from qdrant_client import QdrantClient  # noqa: PLC0415 - only with a server

    from services.chatbot.adapters.server_store import ServerStore  # noqa: PLC0415

    client = QdrantClient(url=settings.chatbot_qdrant)
    return ServerStore(client, f"henvend-articles-{name}", dimensions)


def _forget_others(folder: Path, name: str) -> None:
    """Vectors of models that answer no more; they are made again from the publication when one returns."""
    for other in folder.iterdir() if folder.is_dir() else ():
        if other.is_dir() and other.name != name:
            shutil.rmtree(other)
