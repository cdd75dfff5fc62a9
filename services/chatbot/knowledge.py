"""The knowledge base: approved articles, one Markdown file per topic and language."""

import hashlib
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from infra.text.safe_yaml import read_yaml

Tongue = Literal["da", "sv", "en"]
"""Languages articles are written in."""
TONGUES: tuple[Tongue, ...] = ("da", "sv", "en")


def tongue_of(language: str) -> Tongue:
    """Danish for everything we do not speak."""
    return next((tongue for tongue in TONGUES if tongue == language), "da")


_FRONT_MATTER = re.compile(r"\A---\r?\n(.*?)\r?\n---\r?\n(.*)\Z", re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")

Sentence = Annotated[str, Field(min_length=2, max_length=400)]


class KnowledgeError(ValueError):
    """An article file is wrong; each problem says file and field."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class Source(BaseModel):
    """What the editor read when writing the article."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str = Field(min_length=1)
    url: str = Field(pattern=r"^https?://\S+$")


class Article(BaseModel):
    """An approved text in one language. `body` is shown word for word."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=64)
    language: Tongue
    category: str = Field(pattern=r"^[a-z0-9-]+\.[a-z0-9-]+$")
    title: str = Field(min_length=2, max_length=80)
    questions: tuple[Sentence, ...] = Field(min_length=1)
    valid_from: date
    review_by: date
    version: int = Field(ge=1)
    approved_by: str = Field(min_length=2, max_length=80)
    sources: tuple[Source, ...] = Field(min_length=1)
    sample: bool = False
    other_authority: str | None = None
    """The authority that decides the matter when it is not the municipality."""
    body: str = Field(min_length=20)

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> "Article":
        if self.review_by <= self.valid_from:
            raise ValueError("review_by must be after valid_from")
        return self

    @property
    def key(self) -> str:
        return f"{self.id}.{self.language}"

    @property
    def digest(self) -> str:
        """SHA-256 of title and body, hex: two articles with the same digest say the same."""
        return hashlib.sha256(f"{self.title}\n\n{self.body}".encode()).hexdigest()

    def answers_on(self, day: date) -> bool:
        """Whether the text may be shown on `day`: approved from then on, review not overdue."""
        return self.valid_from <= day <= self.review_by

    def links(self) -> tuple[str, ...]:
        return tuple(_LINK.findall(self.body))


class Base(NamedTuple):
    """All articles of one municipality by key (`topic.language`)."""

    articles: Mapping[str, Article]

    def __len__(self) -> int:
        return len(self.articles)

    def of_topic(self, topic: str, language: str) -> Article | None:
        return self.articles.get(f"{topic}.{language}")

    def topics(self) -> tuple[str, ...]:
        return tuple(sorted({article.id for article in self.articles.values()}))

    @property
    def digest(self) -> str:
        """SHA-256 over every article's whole content, so that any change is a new publication."""
        whole = hashlib.sha256()
        for key in sorted(self.articles):
            whole.update(self.articles[key].model_dump_json().encode() + b"\n")
        return whole.hexdigest()


def parse_article(name: str, text: str) -> Article:
    """One article from the text of the file `name`. Raises KnowledgeError."""
    match = _FRONT_MATTER.match(text)
    if match is None:
        raise KnowledgeError([f"{name}: must begin with front matter between two --- lines"])
    try:
        raw: Any = read_yaml(match[1])
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" near line {mark.line + 2}" if mark else ""
        raise KnowledgeError([f"{name}: front matter is not valid YAML{line}"]) from error
    if not isinstance(raw, dict):
        raise KnowledgeError([f"{name}: front matter must be a list of `field: value`"])
    try:
        article = Article.model_validate({**raw, "body": match[2].strip()})
    except ValidationError as error:
        raise KnowledgeError([_problem(name, part) for part in error.errors()]) from error
    if name.removesuffix(".md") != article.key:
        raise KnowledgeError([f"{name}: id and language say {article.key}.md"])
    return article


def load_base(folder: Path) -> Base:
    """Every `*.md` article there. Raises KnowledgeError with every problem of every file."""
    if not folder.is_dir():
        raise KnowledgeError([f"{folder}: no such folder of articles"])
    articles: dict[str, Article] = {}
    problems: list[str] = []
    for path in sorted(folder.glob("*.*.md")):
        try:
            article = parse_article(path.name, path.read_text("utf-8"))
        except UnicodeDecodeError:
            problems.append(f"{path.name}: is not UTF-8")
        except KnowledgeError as error:
            problems.extend(error.problems)
        else:
            articles[article.key] = article
    if problems:
        raise KnowledgeError(problems)
    if not articles:
        raise KnowledgeError([f"{folder}: holds no article (<topic>.<language>.md)"])
    return Base(articles)


def join(base: Base, more: Base) -> Base:
    """Both; where both have an article, the one of `base`."""
    return Base({**more.articles, **base.articles})


def _problem(name: str, part: Mapping[str, Any]) -> str:
    field = ".".join(map(str, part["loc"])) or "front matter"
    return f"{name}: {field}: {part['msg']}"


def main(arguments: Iterable[str]) -> int:
    """`python -m services.chatbot.knowledge FOLDER`: says what is wrong with the articles there."""
    for folder in arguments:
        try:
            base = load_base(Path(folder))
        except KnowledgeError as error:
            sys.stderr.write(f"{error}\n")
            return 1
        questions = sum(len(article.questions) for article in base.articles.values())
        sys.stdout.write(f"{len(base)} articles, {questions} questions\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
