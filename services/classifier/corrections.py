"""Corrections that two persons agreed on, as training rows. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from contracts.case import CorrectionConfirmed
from contracts.inquiry import InquiryClassified
from contracts.taxonomy import Taxonomy
from infra.text.language import guess_language
from infra.text.mask import Span, blank, find_personal
from infra.text.normalise import Word, words
from services.classifier.examples import Example, training_words

LeftOut = Literal[
    "erased", "words-gone", "one-person", "unknown-category", "evaluated", "empty", "rare-words"
]
SEVERAL = 3
"""Words that so many corrected inquiries use are nobody's own."""


class Material(NamedTuple):
    """A kept correction with the opened words it is about; None: their key is destroyed."""

    correction: CorrectionConfirmed
    title: str | None
    text: str | None
    classified: InquiryClassified | None
    erased: bool = False


class Harvest(NamedTuple):
    rows: tuple[Example, ...]
    """The id of each names its case: `correction/HV-...`."""
    left_out: tuple[tuple[str, LeftOut], ...]
    """Reference of the case and why."""

    @property
    def references(self) -> tuple[str, ...]:
        return tuple(row.id.removeprefix(PREFIX) for row in self.rows)


PREFIX = "correction/"


def of_two_persons(correction: CorrectionConfirmed) -> bool:
    """Nobody teaches the model alone."""
    return correction.proposed_by.account != correction.confirmed_by.account


def harvest(
    materials: Iterable[Material], taxonomy: Taxonomy, evaluated: Iterable[Sequence[str]] = ()
) -> Harvest:
    """`evaluated` are the words of evaluation inquiries: what is measured on is not learned from."""
    seen_in_evaluation = {tuple(one) for one in evaluated}
    rows: list[Example] = []
    left_out: list[tuple[str, LeftOut]] = []
    for material in materials:
        row = _row(material, taxonomy)
        if isinstance(row, Example) and tuple(training_words(None, row.text)) in seen_in_evaluation:
            row = "evaluated"
        if isinstance(row, Example):
            rows.append(row)
        else:
            left_out.append((material.correction.reference, row))
    return Harvest(tuple(rows), tuple(left_out))


def without_rare_words(found: Harvest, examples: Iterable[Example]) -> Harvest:
    """Takes out words that neither an example nor SEVERAL corrections use.

    A model keeps the words it learned from, longer than the key of an inquiry: what only one citizen
    wrote, a name no mask found among it, must not become one of them.
    """
    common = {word.text for example in examples for word in _words(example)}
    used = Counter(word for row in found.rows for word in {one.text for one in _words(row)})
    common |= {word for word, count in used.items() if count >= SEVERAL}
    rows, left_out = [], list(found.left_out)
    for row in found.rows:
        rare = [Span(w.start, w.end, "person") for w in words(row.text) if w.text not in common]
        text = blank(row.text, rare)
        if training_words(None, text):
            rows.append(row.model_copy(update={"text": text}))
        else:
            left_out.append((row.id.removeprefix(PREFIX), "rare-words"))
    return Harvest(tuple(rows), tuple(left_out))


def _words(example: Example) -> list[Word]:
    return words(f"{example.title}\n{example.text}" if example.title else example.text)


def _row(material: Material, taxonomy: Taxonomy) -> Example | LeftOut:
    correction, said = material.correction, material.classified
    if not of_two_persons(correction):
        return "one-person"
    if correction.now not in taxonomy.categories:
        return "unknown-category"
    if material.erased:
        return "erased"
    if material.text is None:
        return "words-gone"
    text = _masked(_subject(correction, material))
    if not training_words(None, text):
        return "empty"
    return Example(
        id=f"{PREFIX}{correction.reference}",
        category=correction.now,
        language=said.language if said else guess_language(text, None).language,
        channel=correction.channel,
        text=text,
        # Nobody contradicted these: without them the row would teach "not urgent".
        urgent=bool(said and said.urgent),
        sensitive=bool(said and said.sensitive) or taxonomy.categories[correction.now].sensitive,
    )


def _subject(correction: CorrectionConfirmed, material: Material) -> str:
    """Of a mixed inquiry only the part this case is about: the others keep their own subjects."""
    assert material.text is not None
    text, parts = material.text, material.classified.parts if material.classified else ()
    subjects = list(dict.fromkeys(part.category for part in parts))
    if len(subjects) > 1:
        number = _part_number(correction.reference)
        wanted = subjects[number] if number < len(subjects) else None
        return "\n".join(text[p.start : p.end] for p in parts if p.category == wanted)
    return f"{material.title}\n{text}" if material.title else text


def _part_number(reference: str) -> int:
    """Part n > 0 of a mixed inquiry has the suffix -n+1 (contracts.reference)."""
    pieces = reference.split("-")
    return int(pieces[3]) - 1 if len(pieces) == 4 and pieces[3].isdigit() else 0


def _masked(text: str) -> str:
    return blank(text, find_personal(text)).strip()
