"""What a model is made from: the municipality's files, or the sample's where it has none."""

import re
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from contracts.taxonomy import Taxonomy, load_taxonomy
from services.classifier.examples import Example, load_examples

_HEADER = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)


class Sources(NamedTuple):
    taxonomy: Taxonomy
    examples: Sequence[Example]
    unlabelled: Sequence[str]
    """Paragraphs of the knowledge base."""


def sources_of(
    municipality: Path | None, data: Path | None, taxonomy: Path | None, knowledge: Path | None
) -> Sources:
    """Explicit paths win over the municipality's folder, that over the sample.

    Raises TaxonomyError or ExamplesError. A municipality with its own taxonomy and no examples starts
    cold, from the names of its categories.
    """
    own = _own(municipality, "taxonomy.yaml") if taxonomy is None else taxonomy
    loaded = load_taxonomy(own)
    folder = _own(municipality, "examples") if data is None else data
    cold = own is not None and folder is None
    examples = [] if cold else load_examples(folder, loaded)
    texts = knowledge or _own(municipality, "knowledge") or _sample_knowledge()
    return Sources(loaded, examples, _paragraphs(texts))


def _own(municipality: Path | None, name: str) -> Path | None:
    path = municipality / name if municipality else None
    return path if path and path.exists() else None


def _sample_knowledge() -> Path | None:
    folder = Path(str(files("services"))) / "chatbot" / "knowledge"
    return folder if folder.is_dir() else None


def _paragraphs(folder: Path | None) -> list[str]:
    if folder is None:
        return []
    texts = [_HEADER.sub("", path.read_text("utf-8")) for path in sorted(folder.rglob("*.md"))]
    return [part.strip() for text in texts for part in text.split("\n\n") if part.strip()]
