"""Words of the field and approved questions: short labelled texts beside the written examples."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from contracts.taxonomy import Taxonomy
from infra.text.normalise import words
from services.classifier.examples import Example, ExamplesError, spoken

TERMS_A_ROW = 8
"""Single words teach little each and cost a row each; a handful reads like a short message."""
SAMPLE_KNOWLEDGE = Path(__file__).parents[1] / "chatbot" / "knowledge"


def load_terms(folder: Path, taxonomy: Taxonomy) -> list[Example]:
    """Rows from `folder`/terms/*.yaml (category to language to terms). Raises ExamplesError."""
    rows: list[Example] = []
    for path in sorted((folder / "terms").glob("*.yaml")):
        content = _yaml(path.read_text("utf-8"), path.name)
        taxonomy.require(content, f"The terms in {path.name}")
        for category, by_language in sorted(content.items()):
            for language, terms in sorted(by_language.items()):
                rows.extend(_rows(category, language, terms))
    return rows


def load_questions(folder: Path, taxonomy: Taxonomy) -> list[Example]:
    """The questions of approved articles (front matter `category`, `language`, `questions`).

    Articles of categories the taxonomy lacks teach nothing here. Raises ExamplesError.
    """
    rows: list[Example] = []
    for path in sorted(folder.glob("*.md")):
        parts = path.read_text("utf-8").split("---\n", 2)
        if len(parts) < 3:
            continue
        front = _yaml(parts[1], path.name)
        if front.get("category") not in taxonomy.categories:
            continue
        rows.extend(
            Example(
                id=f"kb.{path.stem}.{number}",
                category=front["category"],
                language=front["language"],
                channel="chat",
                text=str(question),
            )
            for number, question in enumerate(front.get("questions") or [])
        )
    return rows


def without_repeats(first: Sequence[Example], more: Sequence[Example]) -> list[Example]:
    """`first` and what of `more` says something new."""
    seen = {_key(example) for example in first}
    fresh: list[Example] = []
    for example in more:
        key = _key(example)
        if key not in seen:
            seen.add(key)
            fresh.append(example)
    return [*first, *fresh]


def _key(example: Example) -> str:
    return spoken([word.text for word in words(example.text)])


def _rows(category: str, language: Any, terms: Sequence[str]) -> Iterator[Example]:
    for start in range(0, len(terms), TERMS_A_ROW):
        yield Example(
            id=f"terms.{category}.{language}.{start}",
            category=category,
            language=language,
            text=", ".join(map(str, terms[start : start + TERMS_A_ROW])),
        )


def _yaml(text: str, name: str) -> dict[str, Any]:
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" near line {mark.line + 1}" if mark else ""
        raise ExamplesError(f"{name} is not valid YAML{line}.") from None
    if not isinstance(content, dict):
        raise ExamplesError(f"{name} must map names to values.")
    return content
