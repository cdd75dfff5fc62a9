"""Publishing: what changed since the last time, and the index of what answers now."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID, uuid5

import numpy as np
import yaml
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from contracts.answer import ArticlePublished, ArticleRef, ArticleWithdrawn
from contracts.event import EFFECTS
from infra.text.safe_yaml import read_yaml
from services.chatbot.alarm import Heard, hear_out, read_cries
from services.chatbot.categories import NONE, Categories, fit_categories
from services.chatbot.fit import Budget, Material, build_index
from services.chatbot.index import OUTSIDE, Entry, Index, entries_of, passages_of, stored_points
from services.chatbot.kinds import Example, Kind, read_refused
from services.chatbot.knowledge import TONGUES, Article, Base, KnowledgeError, join, load_base
from services.chatbot.ports import Embedder, Floats, StoredPoint, VectorStore
from services.chatbot.screen import Phrases, Screening, screen
from services.chatbot.settings import ChatbotSettings
from services.chatbot.trials import Case


class Inquiry(NamedTuple):
    """A labelled message of the past."""

    text: str
    urgent: bool
    language: str = "da"
    category: str | None = None
    """None: nobody's here."""


class Changes(NamedTuple):
    """Between what is published and what is to be."""

    published: tuple[Article, ...]
    """New, or with another text."""
    withdrawn: tuple[Article, ...]
    """Gone, or replaced by another text."""


class Released(NamedTuple):
    """Who let a publication answer citizens."""

    by: tuple[str, ...] = ()
    alone: str | None = None
    """Why it was not two people."""


NOBODY = Released()
FIRST = Released(alone="first-publication")
"""A new installation publishes what it came with by itself."""


def whole_base(settings: ChatbotSettings) -> Base:
    """Articles and signposts of the municipality. Raises KnowledgeError."""
    return join(load_base(settings.articles_folder), load_base(settings.signposts_folder))


def changes(before: Mapping[str, Article], after: Mapping[str, Article]) -> Changes:
    def differs(key: str, one: Mapping[str, Article], other: Mapping[str, Article]) -> bool:
        return key not in other or _said(one[key]) != _said(other[key])

    return Changes(
        tuple(after[key] for key in sorted(after) if differs(key, after, before)),
        tuple(before[key] for key in sorted(before) if differs(key, before, after)),
    )


def same_version_other_text(before: Mapping[str, Article], after: Base) -> list[str]:
    """Articles whose text changed while the version did not: the trail could not tell them apart."""
    return [
        f"{key}.md: version: the text changed, so the version must go up (is {article.version})"
        for key, article in sorted(after.articles.items())
        if key in before
        and before[key].digest != article.digest
        and article.version <= before[key].version
    ]


def reference(article: Article) -> ArticleRef:
    return ArticleRef(
        topic=article.id, language=article.language, version=article.version, digest=article.digest
    )


def announcements(
    changed: Changes, publication: str, released: Released = NOBODY
) -> list[tuple[UUID, ArticlePublished | ArticleWithdrawn]]:
    """The events of a publication with their ids; the same publication gives the same bytes."""
    events: list[tuple[UUID, ArticlePublished | ArticleWithdrawn]] = [
        (
            uuid5(EFFECTS, f"{publication}/withdrawn/{article.key}/{article.version}"),
            ArticleWithdrawn(
                article=reference(article),
                by=article.approved_by,
                reason="replaced-or-removed",
                released_by=released.by,
                alone=released.alone,
            ),
        )
        for article in changed.withdrawn
    ]
    events += [
        (
            uuid5(EFFECTS, f"{publication}/published/{article.key}/{article.version}"),
            ArticlePublished(
                article=reference(article),
                valid_from=article.valid_from,
                review_by=article.review_by,
                approved_by=article.approved_by,
                released_by=released.by,
                alone=released.alone,
            ),
        )
        for article in changed.published
    ]
    return events


def embed_difference(
    texts: Iterable[str], embedder: Embedder, known: Mapping[str, Floats]
) -> tuple[Floats, int]:
    """One row a text, and how many had to be embedded anew."""
    wanted = list(texts)
    fresh = sorted({text for text in wanted if text not in known})
    made = dict(zip(fresh, embedder.embed(fresh), strict=True)) if fresh else {}
    rows = [known.get(text, made.get(text)) for text in wanted]
    return np.stack([row for row in rows if row is not None]).astype(np.float32), len(fresh)


def publish(
    base: Base,
    outside: tuple[Entry, ...],
    *,
    municipality: str,
    embedder: Embedder,
    known: Mapping[str, Floats],
    inquiries: Sequence[Inquiry] = (),
    cases: Sequence[Case] = (),
    budget: Budget | None = None,
) -> tuple[Index, int]:
    """The index of these articles, and how many texts had to be embedded."""
    entries = entries_of(base)
    outside = with_nobodys(outside, inquiries)
    refused, cries = read_refused(), cry_lines()
    vectors, fresh = embed_difference([e.text for e in entries], embedder, known)
    passages = passages_of(base.articles)
    passage_vectors, also = embed_difference([e.text for e in passages], embedder, known)
    outside_vectors, more = (
        embed_difference([e.text for e in outside], embedder, known)
        if outside
        else (np.zeros((0, vectors.shape[1]), np.float32), 0)
    )
    # One thread in each product: they are many and small, and a second core only waits for them.
    with threadpool_limits(1):
        material = Material(
            municipality=municipality,
            model_name=embedder.name,
            model_digest=embedder.digest,
            articles=base.articles,
            entries=entries,
            vectors=vectors,
            passages=passages,
            passage_vectors=passage_vectors,
            outside=outside,
            outside_vectors=outside_vectors,
            alarm=_alarm([e.text for e in entries], inquiries),
            categories=_categories(inquiries, embedder),
            refused=_examples(refused, embedder),
            cries=_examples(cries, embedder),
            cases=tuple(cases),
            case_vectors=embedder.embed([case.text for case in cases]),
        )
        return build_index(material, budget), fresh + also + more


def with_nobodys(outside: tuple[Entry, ...], inquiries: Sequence[Inquiry]) -> tuple[Entry, ...]:
    """Past inquiries that were nobody's teach what is nobody's, each text once."""
    known = {entry.text for entry in outside}
    more = {one.text: one for one in inquiries if one.category is None and one.text not in known}
    return (
        *outside,
        *(
            Entry(
                uuid5(EFFECTS, f"outside/{one.language}/{one.text}"),
                OUTSIDE,
                one.language,
                number,
                one.text,
            )
            for number, one in enumerate(more.values())
        ),
    )


def _categories(inquiries: Sequence[Inquiry], embedder: Embedder) -> Categories:
    texts = [one.text for one in inquiries]
    return fit_categories(
        texts,
        [one.language for one in inquiries],
        [one.category or NONE for one in inquiries],
        embedder.embed(texts),
    )


def _examples(lines: Sequence[tuple[Kind, str]], embedder: Embedder) -> tuple[Example, ...]:
    vectors = embedder.embed([text for _, text in lines])
    return tuple(
        Example(kind, text, vector) for (kind, text), vector in zip(lines, vectors, strict=True)
    )


def cry_lines() -> tuple[tuple[Kind, str], ...]:
    """Cries for help, then what only sounds like one."""
    known = read_cries()
    danger: list[tuple[Kind, str]] = [("danger", text) for text in known.cries]
    return (*danger, *(("calm", text) for text in known.lookalikes))


def _alarm(questions: Sequence[str], inquiries: Sequence[Inquiry]) -> Heard:
    """Learnt from labelled inquiries; the articles' own questions are ordinary by definition."""
    urgent = [one.text for one in inquiries if one.urgent]
    calm = [one.text for one in inquiries if not one.urgent]
    cries = read_cries()
    # Pleas and legal questions are for a person, and still nobody is in danger.
    ordinary = [*questions, *(text for _, text in read_refused())]
    return hear_out(cries.cries, ordinary, cries.lookalikes, urgent=urgent, calm=calm)


def read_inquiries(folder: Path | None) -> tuple[Inquiry, ...]:
    """The municipality's labelled inquiries (*.jsonl with text and urgent); none without a folder."""
    if folder is None or not folder.is_dir():
        return ()
    lines = (
        line for path in sorted(folder.glob("*.jsonl")) for line in path.open("r", encoding="utf-8")
    )
    rows = (json.loads(line) for line in lines if line.strip())
    return tuple(
        Inquiry(
            str(row["text"]),
            bool(row.get("urgent", False)),
            str(row.get("language") or "da"),
            row.get("category"),
        )
        for row in rows
        if "text" in row
    )


def read_cases(folder: Path | None, phrases: Phrases) -> tuple[Case, ...]:
    """Questions that came with what is right for them; none without a folder.

    Lines as in `services/chatbot/development/*.jsonl`. Conversations and crises are for measuring.
    """
    if folder is None or not folder.is_dir():
        return ()
    lines = (
        line for path in sorted(folder.glob("*.jsonl")) for line in path.open("r", encoding="utf-8")
    )
    rows = [json.loads(line) for line in lines if line.strip()]
    return tuple(
        Case(
            str(row["text"]),
            str(row.get("language") or "da"),
            row.get("topic"),
            caught=screen(str(row["text"]), phrases) != Screening(),
        )
        for row in rows
        if "text" in row and ("topic" in row or row.get("expect") in ("declined", "handed-over"))
    )


def sync(store: VectorStore, index: Index) -> tuple[int, int]:
    """Make the store hold exactly this index; how many points were added and removed."""
    points: dict[UUID, StoredPoint] = {point.id: point for point in stored_points(index)}
    there = store.ids()
    # Withdrawn texts first: better no answer for a moment than a withdrawn one.
    store.remove(there - points.keys())
    store.put(point for id_, point in points.items() if id_ not in there)
    return len(points.keys() - there), len(there - points.keys())


def read_outside(text: str, name: str = "outside.yaml") -> tuple[Entry, ...]:
    """Questions that are nobody's here, by language. Raises KnowledgeError."""
    try:
        raw: Any = read_yaml(text) or {}
    except yaml.YAMLError as error:
        raise KnowledgeError([f"{name}: is not valid YAML"]) from error
    entries: list[Entry] = []
    for language, questions in raw.items():
        if language not in TONGUES or not isinstance(questions, list):
            raise KnowledgeError([f"{name}: {language}: must be da, sv or en and hold a list"])
        entries += [
            Entry(uuid5(EFFECTS, f"outside/{language}/{q}"), OUTSIDE, language, number, str(q))
            for number, q in enumerate(questions)
        ]
    return tuple(entries)


def overdue(base: Mapping[str, Article], day: date) -> list[Article]:
    """Articles that no longer answer because nobody reviewed them in time."""
    return [article for _, article in sorted(base.items()) if article.review_by < day]


def _said(article: Article) -> tuple[str, int, date, date]:
    return article.digest, article.version, article.valid_from, article.review_by
