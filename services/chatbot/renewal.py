"""After an upgrade the approved texts answer on as they were taught, while they are taught anew.

The software, a phrase file or past inquiries changed: a process of its own makes the same texts into a
new publication, which answers when it is ready. Until then, and when it fails, the old one does.
"""

import asyncio
from pathlib import Path
from typing import Literal

import structlog

from services.chatbot import own_process
from services.chatbot.adapters.index_files import adopt_prepared, current_digest
from services.chatbot.engine import Engine
from services.chatbot.knowledge import KnowledgeError
from services.chatbot.prepare import Step
from services.chatbot.settings import ChatbotSettings

log = structlog.get_logger()

State = Literal["current", "renewing", "renewal-failed"]


class Renewal:
    """`state` stands on /health and on the editors' page."""

    def __init__(self, settings: ChatbotSettings, engine: Engine) -> None:
        self._settings = settings
        self._engine = engine
        self._failed: str | None = None
        """The publication that could not be made anew."""

    @property
    def state(self) -> State:
        old = self._engine.outdated
        if old is None or old.name != self._engine.publication:
            return "current"
        return "renewal-failed" if self._failed == old.name else "renewing"

    async def run(self) -> None:
        """Once: what fails now fails again until somebody changes something, and then publishes."""
        if self.state == "renewing":
            try:
                await self._renew()
            except KnowledgeError as error:
                self._fail(error.problems)
            except Exception:
                # It must not end the service that answers citizens.
                log.exception("renewal_broke")
                self._fail(())
        await asyncio.Event().wait()

    async def _renew(self) -> None:
        old = self._engine.outdated
        assert old is not None
        log.info("renewal_started", publication=old.name, renewed=old.renewed)
        await own_process.make(self._settings, self._told, old.name)
        root = self._settings.index_folder
        if not await asyncio.to_thread(_adopted, root, old.name, old.renewed):
            # Somebody published meanwhile; what was made of the older texts must never answer.
            log.info("renewal_overtaken", publication=old.name)
            return
        await self._engine.refresh()
        log.info("renewal_done", publication=old.renewed)

    def _told(self, step: Step) -> None:
        log.info("renewal_went_on", step=step.step)

    def _fail(self, problems: tuple[str, ...]) -> None:
        self._failed = self._engine.publication
        log.error("renewal_failed", problems=problems, publication=self._failed)


def _adopted(root: Path, old: str, renewed: str) -> bool:
    if current_digest(root) != old:
        return False
    adopt_prepared(root, renewed)
    return True
