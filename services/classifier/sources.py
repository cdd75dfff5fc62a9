"""What a model is made from: the municipality's files, or the sample's where it has none."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from contracts.taxonomy import Taxonomy, load_taxonomy
from infra.text.normalise import words
from services.classifier.examples import Example, load_examples, spoken
from services.classifier.terms import (
    SAMPLE_KNOWLEDGE,
    load_questions,
    load_terms,
    without_repeats,
)

SAMPLE_EXAMPLES = Path(__file__).parent / "examples"


LEFT_OUT = "left_out.txt"
"""In the folder of examples: digests of texts that must not teach, for the evaluation set holds their like."""


class Sources(NamedTuple):
    taxonomy: Taxonomy
    examples: Sequence[Example]
    """All that teaches: written examples, terms, questions of approved articles."""
    written: Sequence[Example]


def sources_of(municipality: Path | None, data: Path | None, taxonomy: Path | None) -> Sources:
    """Explicit paths win over the municipality's folder, that over the sample.

    Raises TaxonomyError or ExamplesError. A municipality with its own taxonomy and no examples starts
    cold, from the names of its categories.
    """
    own = _own(municipality, "taxonomy.yaml") if taxonomy is None else taxonomy
    loaded = load_taxonomy(own)
    folder = _own(municipality, "examples") if data is None else data
    cold = own is not None and folder is None
    written = [] if cold else load_examples(folder, loaded)
    terms = [] if cold else load_terms(folder or SAMPLE_EXAMPLES, loaded)
    questions = load_questions(_knowledge(municipality, own), loaded)
    left_out = _left_out(folder or SAMPLE_EXAMPLES)
    helping = [row for row in (*terms, *questions) if digest_of(row) not in left_out]
    return Sources(loaded, without_repeats(written, helping), written)


def digest_of(example: Example) -> str:
    """Names a text in LEFT_OUT without repeating it."""
    own = spoken([word.text for word in words(example.text)])
    return hashlib.sha256(own.encode()).hexdigest()[:16]


def _left_out(folder: Path) -> frozenset[str]:
    path = folder / LEFT_OUT
    lines = path.read_text("utf-8").splitlines() if path.is_file() else []
    return frozenset(line.strip() for line in lines if line.strip() and not line.startswith("#"))


def _knowledge(municipality: Path | None, own_taxonomy: Path | None) -> Path:
    """The municipality's approved articles; the sample's only with the sample's own categories."""
    own = _own(municipality, "knowledge")
    if own is not None:
        return own
    return SAMPLE_KNOWLEDGE if own_taxonomy is None else Path("no-articles")


def _own(municipality: Path | None, name: str) -> Path | None:
    path = municipality / name if municipality else None
    return path if path and path.exists() else None
