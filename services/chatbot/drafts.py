"""What the folder's articles say otherwise than the published ones, read again when a file changed."""

import asyncio
from collections.abc import Callable, Mapping
from typing import NamedTuple

from services.chatbot.differences import Revision, revisions
from services.chatbot.engine import publication_digest
from services.chatbot.index import Index
from services.chatbot.knowledge import KnowledgeError
from services.chatbot.publish import same_version_other_text, whole_base
from services.chatbot.settings import ChatbotSettings

_State = Mapping[str, tuple[int, int]]


class Draft(NamedTuple):
    """The folder as it would be published."""

    digest: str
    """Short name of the publication it would become."""
    revisions: tuple[Revision, ...]
    """Empty: it says what is published."""
    problems: tuple[str, ...] = ()
    """Why it cannot be published as it is."""


class Drafts:
    """`published` is asked each time: what answers now, None before the first publication."""

    def __init__(self, settings: ChatbotSettings, published: Callable[[], Index | None]) -> None:
        self._settings = settings
        self._published = published
        self._read: tuple[Index | None, _State, Draft] | None = None

    async def current(self) -> Draft:
        index = self._published()
        state = await asyncio.to_thread(self._state)
        read = self._read
        if read is None or read[0] is not index or read[1] != state:
            read = index, state, await asyncio.to_thread(self._draft, index)
            self._read = read
        return read[2]

    def _state(self) -> _State:
        folders = (self._settings.articles_folder, self._settings.signposts_folder)
        found = {path: path.stat() for folder in folders for path in folder.glob("*.md")}
        found |= {path: path.stat() for path in self._settings.teaching_files}
        return {str(path): (stat.st_mtime_ns, stat.st_size) for path, stat in found.items()}

    def _draft(self, index: Index | None) -> Draft:
        before = index.articles if index else {}
        try:
            base = whole_base(self._settings)
        except KnowledgeError as error:
            return Draft("", (), error.problems)
        digest = publication_digest(base, index.model_digest if index else "", self._settings)[:32]
        return Draft(
            digest,
            tuple(revisions(before, base.articles)),
            tuple(same_version_other_text(before, base)),
        )
