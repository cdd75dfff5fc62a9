"""A citizen's side of the chat, over its HTTP API."""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx


@dataclass
class Talk:
    base: str
    id: str
    client: httpx.Client

    @classmethod
    def begin(cls, chatbot: str, language: str = "da") -> "Talk":
        base = f"{chatbot.rstrip('/')}/api/v1/conversations"
        begun = httpx.post(base, json={"language": language}, timeout=20)
        begun.raise_for_status()
        body = begun.json()
        headers = {"authorization": f"Bearer {body['token']}"}
        return cls(base, body["id"], httpx.Client(headers=headers, timeout=30))

    def url(self, path: str) -> str:
        return f"{self.base}/{self.id}{path}"

    def ask(self, text: str, message_id: str | None = None) -> list[dict[str, Any]]:
        """The answers; the same id again gives the same answers."""
        return self._post("/messages", text=text, id=message_id or str(uuid4()))["messages"]

    def call_person(self, note: str, call_id: str | None = None) -> str:
        """The reference; the same id again gives the same one."""
        return self._post("/person", note=note, id=call_id or str(uuid4()))["reference"]

    def messages(self) -> list[dict[str, Any]]:
        found = self.client.get(self.url("/messages"))
        found.raise_for_status()
        return found.json()["messages"]

    def _post(self, path: str, **body: Any) -> Any:
        done = self.client.post(self.url(path), json=body)
        done.raise_for_status()
        return done.json()
