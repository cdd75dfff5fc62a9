"""Labelled examples as the municipality keeps them: JSON Lines, one file per department."""

from collections.abc import Iterator, Sequence
from importlib.resources import as_file, files
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from contracts.inquiry import Channel, Language
from contracts.taxonomy import Taxonomy
from infra.text.mask import blank, find_personal
from infra.text.normalise import words


class ExamplesError(ValueError):
    """The examples cannot be used; the message names file and line, never their text."""


class Example(BaseModel):
    """One inquiry and what it is about."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Annotated[str, Field(min_length=1)]
    category: str | None
    """None: fits nobody here."""
    language: Language
    channel: Channel = "form"
    title: str | None = None
    text: Annotated[str, Field(min_length=1)]
    urgent: bool = False
    sensitive: bool = False


def load_examples(folder: Path | None, taxonomy: Taxonomy) -> list[Example]:
    """All examples of a folder (None: the sample municipality's), in a stable order.

    Raises ExamplesError, or TaxonomyError naming categories the taxonomy lacks.
    """
    if folder is None:
        with as_file(files("services.classifier") / "examples") as own:
            return load_examples(own, taxonomy)
    paths = sorted(folder.glob("*.jsonl"))
    examples = [example for path in paths for example in read_examples(path)]
    taxonomy.require({e.category for e in examples if e.category}, f"The examples in {folder}")
    _refuse_repeated_ids(examples)
    return examples


def read_examples(path: Path) -> Iterator[Example]:
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            yield Example.model_validate_json(line)
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(map(str, first["loc"])) or "the line"
            raise ExamplesError(f"{path.name}, line {number}: {field}: {first['msg']}.") from None


def training_words(title: str | None, text: str) -> list[str]:
    """The folded words a model sees of an inquiry: title first, personal data taken out."""
    whole = f"{title}\n{text}" if title else text
    return [word.text for word in words(blank(whole, find_personal(whole)))]


def spoken(words: Sequence[str]) -> str:
    """What two exact duplicates have in common: the words without punctuation, if there are any."""
    return " ".join([word for word in words if word.isalnum()] or words)


def _refuse_repeated_ids(examples: list[Example]) -> None:
    seen: set[str] = set()
    for example in examples:
        if example.id in seen:
            raise ExamplesError(f"The id {example.id} is used twice.")
        seen.add(example.id)
