"""Names and descriptions of categories are examples too: all there is at a cold start."""

import re
from collections.abc import Iterator, Sequence

from contracts.inquiry import Language
from contracts.taxonomy import Taxonomy
from services.classifier.examples import Example

_SEVERAL = re.compile(r"[,;()/.]|\s(?:og|och|and|samt|or|eller)\s")
_PART = re.compile(r"\.(?:da|sv|en)\.part\d+\Z")


def named_examples(examples: Sequence[Example], taxonomy: Taxonomy) -> list[Example]:
    """Rows beside `examples`; a category without any gets more of them."""
    taught = {example.category for example in examples}
    return [
        Example(
            id=f"{name}.{language}.{part}",
            category=name,
            language=language,
            text=text,
            sensitive=taxonomy.categories[name].sensitive,
        )
        for name in taxonomy.categories
        for language, part, text in _texts(name, taxonomy, cold=name not in taught)
    ]


def without_parts(examples: Sequence[Example]) -> list[Example]:
    """What was given or named: a name in pieces is no more examples than the name."""
    return [example for example in examples if not _PART.search(example.id)]


def _texts(name: str, taxonomy: Taxonomy, *, cold: bool) -> Iterator[tuple[Language, str, str]]:
    category = taxonomy.categories[name]
    texts: tuple[tuple[Language, str], ...] = (
        ("da", f"{category.name.da}. {category.description}".strip()),
        ("sv", category.name.sv),
        ("en", category.name.en),
    )
    for language, text in texts:
        yield language, "name", text
        # People ask about rats; they do not ask about `noise, rats and environment`. What the whole
        # department does was tried too: it draws its categories together and finds fewer.
        parts = [part.strip() for part in _SEVERAL.split(text) if part.strip()] if cold else []
        for number, part in enumerate(parts if len(parts) > 1 else ()):
            yield language, f"part{number}", part
