"""What the chatbot said, and which approved text it said it from."""

from datetime import date
from typing import ClassVar, Literal
from uuid import UUID

from contracts.event import Confidence, Event, InquiryEvent, Part, Sealed
from contracts.inquiry import Language, ModelRef

AnswerVerdict = Literal[
    "answered", "clarified", "declined", "handed-over", "crisis", "other-authority"
]


class ArticleRef(Part):
    topic: str
    language: Language
    version: int
    digest: str
    """SHA-256 of the article's text, hex."""


class QuestionAnswered(InquiryEvent):
    """One turn of a chat; `inquiry` is the conversation until it is handed over."""

    type: ClassVar[str] = "question.answered"

    turn: int
    verdict: AnswerVerdict
    language: Language
    confidence: Confidence
    threshold: Confidence
    articles: tuple[ArticleRef, ...] = ()
    offered: tuple[str, ...] = ()
    """Topic ids offered as buttons."""
    question: Sealed | None = None
    """Masked question (field name `question` when opened)."""
    model: ModelRef
    handed_over: UUID | None = None
    """The inquiry it became."""


class AnswerRecalled(InquiryEvent):
    """A person found that a text shown in this conversation was wrong, and the citizen is told."""

    type: ClassVar[str] = "answer.recalled"

    turn: int
    article: ArticleRef
    by: str
    told: tuple[Literal["chat", "mail"], ...]


class ArticlePublished(Event):
    type: ClassVar[str] = "article.published"

    article: ArticleRef
    valid_from: date
    review_by: date
    approved_by: str
    """Role that answers for the text."""
    released_by: tuple[str, ...] = ()
    """Accounts that proposed and approved this publication; empty: whoever runs the installation."""
    alone: str | None = None
    """Why no second person released it: `first-publication`, or the reason given at the shell."""

    @property
    def subject(self) -> str:
        return self.article.topic


class ArticleWithdrawn(Event):
    type: ClassVar[str] = "article.withdrawn"

    article: ArticleRef
    by: str
    reason: str
    released_by: tuple[str, ...] = ()
    """As of ArticlePublished; empty too when the text stopped answering by itself."""
    alone: str | None = None
    """As of ArticlePublished."""

    @property
    def subject(self) -> str:
        return self.article.topic
