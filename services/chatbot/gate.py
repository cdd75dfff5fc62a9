"""Who may come in how often: limits that say when to come back, and a task when many come at once."""

from datetime import datetime
from time import monotonic
from typing import Any

from litestar import Request
from litestar.exceptions import HTTPException

from infra.pages.pages import text
from services.chatbot.adapters.conversations import Talk
from services.chatbot.limits import Allowance, Limiter
from services.chatbot.municipality import Municipality
from services.chatbot.proof import BITS, Spent, challenge, is_proved
from services.chatbot.room import hashed
from services.chatbot.settings import ChatbotSettings

HOUR, MINUTE = 3600, 60


class TaskRequiredError(PermissionError):
    """Many conversations begin at once: solve this task and come again."""

    def __init__(self, words: str, given: str) -> None:
        super().__init__(words)
        self.words = words
        self.challenge = given
        self.bits = BITS


class Gate:
    """Raises HTTPException 429 with Retry-After."""

    def __init__(
        self, settings: ChatbotSettings, municipality: Municipality, secret: bytes
    ) -> None:
        self._settings = settings
        self._municipality = municipality
        self._secret = secret
        self._conversation = Limiter(Allowance(settings.chatbot_messages_per_minute, MINUTE))
        self._beginnings = Limiter(Allowance(settings.chatbot_conversations_per_hour, HOUR))
        self._address = Limiter(Allowance(settings.chatbot_messages_per_hour, HOUR))
        self._everybody = Limiter(Allowance(settings.chatbot_proofs_above, MINUTE))
        self._spent = Spent()

    def begin(
        self, request: Request[Any, Any, Any], language: str, given: str = "", answer: str = ""
    ) -> None:
        """`given` and `answer`: a solved task; it opens the door for one conversation.

        Raises TaskRequiredError.
        """
        now = datetime.now().timestamp()  # noqa: DTZ005 - seconds only
        solved = is_proved(self._secret, given, answer, now) and self._spent.spend(given, now)
        if not solved and self._everybody.take("all", monotonic()):
            words = text("chatbot.busy", language, phone=self._municipality.phone)
            raise TaskRequiredError(words, challenge(self._secret, now))
        self._pass(self._beginnings.take(self._who(request), monotonic()), language)

    def message(self, request: Request[Any, Any, Any], talk: Talk) -> None:
        wait = self._conversation.take(str(talk.id), monotonic())
        self._pass(wait or self._address.take(self._who(request), monotonic()), talk.language)

    def _pass(self, wait: int, language: str) -> None:
        if wait:
            words = text(
                "chatbot.limited",
                language,
                when=waiting_time(wait, language),
                phone=self._municipality.phone,
            )
            raise HTTPException(words, status_code=429, headers={"retry-after": str(wait)})

    def _who(self, request: Request[Any, Any, Any]) -> str:
        """The address, hashed: it is compared, never kept or shown."""
        address = request.client.host if request.client else "?"
        forwarded = request.headers.get("x-forwarded-for", "")
        if self._settings.chatbot_trust_proxy and forwarded:
            address = forwarded.rpartition(",")[2].strip()
        return hashed(f"{self._secret.hex()}{address}")


def waiting_time(seconds: int, language: str) -> str:
    """As a person would say it: seconds up to a minute and a half, then minutes."""
    if seconds <= MINUTE * 1.5:
        return text("chatbot.in_seconds", language, seconds=seconds)
    return text("chatbot.in_minutes", language, minutes=-(-seconds // MINUTE))
