"""What a model is made from: the municipality's files, or the sample's where it has none."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from contracts.taxonomy import Taxonomy, load_taxonomy
from infra.text.normalise import words
from services.classifier.evaluate import read_cases
from services.classifier.examples import Example, load_examples, spoken
from services.classifier.terms import (
    SAMPLE_KNOWLEDGE,
    load_questions,
    load_terms,
    without_repeats,
)

SAMPLE_EXAMPLES = Path(__file__).parent / "examples"
SAMPLE_CALIBRATION = Path(__file__).parent / "development"


LEFT_OUT = "left_out.txt"
"""In the folder of examples: digests of texts that must not teach, for the evaluation set holds their like."""


class Sources(NamedTuple):
    taxonomy: Taxonomy
    examples: Sequence[Example]
    """All that teaches: written examples, terms, questions of approved articles."""
    written: Sequence[Example]
    calibration: Sequence[Example]
    """Real or realistic inquiries nobody trains on: what they measure sets the thresholds."""


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
    learned = without_repeats(written, helping)
    calibration = _calibration(municipality, own, loaded, learned)
    return Sources(loaded, learned, written, calibration)


def digest_of(example: Example) -> str:
    """Names a text in LEFT_OUT without repeating it."""
    own = spoken([word.text for word in words(example.text)])
    return hashlib.sha256(own.encode()).hexdigest()[:16]


def _left_out(folder: Path) -> frozenset[str]:
    path = folder / LEFT_OUT
    lines = path.read_text("utf-8").splitlines() if path.is_file() else []
    return frozenset(line.strip() for line in lines if line.strip() and not line.startswith("#"))


def _calibration(
    municipality: Path | None,
    own_taxonomy: Path | None,
    taxonomy: Taxonomy,
    learned: Sequence[Example],
) -> list[Example]:
    folder = _own(municipality, "calibration")
    if folder is None:
        if own_taxonomy is not None:
            return []
        folder = SAMPLE_CALIBRATION
    cases = [case for case in read_cases(folder) if case.kind != "mixed"]
    taxonomy.require({c.category for c in cases if c.category}, f"The inquiries in {folder}")
    seen = {example.text.casefold().strip() for example in learned}
    return [
        Example(
            id=case.id,
            category=case.category,
            language=case.language,
            title=case.title,
            text=case.text,
            urgent=case.urgent,
            sensitive=case.sensitive,
        )
        for case in cases
        if case.text.casefold().strip() not in seen
    ]


def _knowledge(municipality: Path | None, own_taxonomy: Path | None) -> Path:
    """The municipality's approved articles; the sample's only with the sample's own categories."""
    own = _own(municipality, "knowledge")
    if own is not None:
        return own
    return SAMPLE_KNOWLEDGE if own_taxonomy is None else Path("no-articles")


def _own(municipality: Path | None, name: str) -> Path | None:
    path = municipality / name if municipality else None
    return path if path and path.exists() else None
