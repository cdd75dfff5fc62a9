"""Trains everything from the municipality's examples: embedding, head, calibration."""

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from contracts.taxonomy import Taxonomy
from infra.text.mask import Masked, blank, find_personal, mask
from infra.text.normalise import words
from services.classifier.adapters.sentence_transformer import embedder_of
from services.classifier.cross_fit import Held, Rows, cross_fit, inside, similarity
from services.classifier.embedding import weigh_words
from services.classifier.examples import Example, ExamplesError
from services.classifier.export import to_sentence_transformer
from services.classifier.features import Floats
from services.classifier.head import OUTSIDE, Head, HeadPlan, choose_features, count, fit_head
from services.classifier.lexicon import load_lexicon
from services.classifier.model import Embedder, Kind, Known, Model, dense_rows
from services.classifier.named import named_examples, without_parts
from services.classifier.numbered import number_words
from services.classifier.solver import Solve, solving
from services.classifier.thresholds import Unseen, set_thresholds

SHOWN_LETTERS = 200
STEPS = 9
"""How often `step` is called by one training."""
Step = Callable[[], None]


@dataclass(frozen=True)
class Trained:
    """A model not yet stored. `embedding` is a SentenceTransformer, or the id of an outside one."""

    model: Model
    embedding: Any
    about: dict[str, Any]


@dataclass(frozen=True)
class Embedding:
    """The embedding a head is trained on."""

    name: str
    prefix: str
    embedder: Embedder
    stored: Any = None
    """A SentenceTransformer to store with the model; None leaves it where `name` says."""


def train(
    examples: Sequence[Example],
    taxonomy: Taxonomy,
    *,
    calibration: Sequence[Example] = (),
    outside_embedding: Embedding | None = None,
    head_plan: HeadPlan | None = None,
    step: Step = lambda: None,
) -> Trained:
    """`calibration`: inquiries to set thresholds by, never to learn from. Raises ExamplesError."""
    # Order must not matter: the same examples make the same model, bit for bit.
    examples = sorted([*examples, *named_examples(examples, taxonomy)], key=lambda e: e.id)
    head_plan = head_plan or HeadPlan()
    # One thread in each product: the number of cores must not change a bit. Two run side by side.
    with solving(len(examples)) as solve, threadpool_limits(1), ThreadPoolExecutor(1) as beside:
        masked = [mask(_whole(example)) for example in examples]
        clean = [
            blank(_whole(example), one.spans) for example, one in zip(examples, masked, strict=True)
        ]
        rows = _rows(examples, clean)
        step()
        final = beside.submit(_final, rows, clean, outside_embedding, head_plan, solve)
        source = (
            load_lexicon() if outside_embedding is None else outside_embedding.embedder.embed(clean)
        )
        held = cross_fit(rows, source, head_plan, solve=solve, step=step)
        own, dense, head = final.result()
    head = replace(head, scales=held.scales)
    step()
    crossed = unseen(held, rows, head_plan)
    inside_rows = dense[inside(rows.labels)]
    checked = _checked(calibration, own, head, inside_rows) if calibration else None
    names = [name for name in head.classes if name != OUTSIDE]
    settled, metrics = set_thresholds(crossed, checked, names, taxonomy.department_of)
    kept = [number for number, label in enumerate(rows.labels) if label != OUTSIDE]
    model = Model(
        name="henvend" if outside_embedding is None else outside_embedding.name,
        digest="",
        embedder=own.embedder,
        head=head,
        calibration=settled,
        examples=inside_rows,
        known=[Known(rows.labels[number], _shortened(masked[number])) for number in kept],
        kinds=_kinds(taxonomy, head.classes),
    )
    step()
    about = {
        "prefix": outside_embedding.prefix if outside_embedding else "",
        "examples": _counts(without_parts(examples)),
        "examples_digest": _examples_digest(examples),
        "metrics": metrics,
    }
    return Trained(model, own.name if own.stored is None else own.stored, about)


def _own_embedding(rows: Rows) -> Embedding:
    model = to_sentence_transformer(weigh_words(load_lexicon(), rows.texts))
    return Embedding("henvend", "", embedder_of(model), stored=model)


def _final(
    rows: Rows,
    clean: Sequence[str],
    outside_embedding: Embedding | None,
    plan: HeadPlan,
    solve: Solve,
) -> tuple[Embedding, Floats, Head]:
    own = outside_embedding or _own_embedding(rows)
    dense = dense_rows(own.embedder, clean, number_words(rows.texts))
    every = np.arange(len(rows.texts), dtype=np.int32)
    chosen = choose_features(rows.counted, every, plan)
    matrix = rows.counted.matrix(every, chosen)
    return own, dense, fit_head(chosen.space, dense, matrix, rows.labels, rows.flags, plan, solve)


def unseen(held: Held, rows: Rows, plan: HeadPlan) -> Unseen:
    """What cross-fitting said of the training rows."""
    scores = plan.dense_share * held.dense + (1 - plan.dense_share) * held.sparse
    return Unseen(rows.labels, rows.flags, scores, held.flags, held.similar, held.known)


def _checked(
    calibration: Sequence[Example], own: Embedding, head: Head, examples: Floats
) -> Unseen:
    """What the finished head says of inquiries it has not seen."""
    texts = [_whole(example) for example in calibration]
    clean = [blank(text, find_personal(text)) for text in texts]
    found = [[word.text for word in words(text)] for text in clean]
    numbered = number_words(found)
    dense, rows = dense_rows(own.embedder, clean, numbered), head.space.spread(numbered).matrix
    return Unseen(
        labels=[example.category or OUTSIDE for example in calibration],
        flags=_flags(calibration),
        scores=head.scores(dense, rows),
        flag_scores=head.flags(dense, rows),
        similar=similarity(examples, dense),
        known=head.space.known_shares(numbered),
    )


def _flags(examples: Sequence[Example]) -> NDArray[np.bool_]:
    return np.array([(e.urgent, e.sensitive) for e in examples], dtype=bool)


def _rows(examples: Sequence[Example], clean: Sequence[str]) -> Rows:
    if len({example.category for example in examples if example.category}) < 2:
        raise ExamplesError("Training needs at least two categories.")
    texts = tuple([word.text for word in words(text)] for text in clean)
    return Rows(
        texts=texts,
        labels=tuple(e.category or OUTSIDE for e in examples),
        flags=_flags(examples),
        counted=count(texts),
    )


def _kinds(taxonomy: Taxonomy, classes: Sequence[str]) -> dict[str, Kind]:
    return {
        name: Kind(
            taxonomy.department_of(name),
            taxonomy.is_external(name),
            taxonomy.categories[name].sensitive,
        )
        for name in classes
        if name != OUTSIDE
    }


def shown(example: Example) -> str:
    """An example's text as evidence shows it: masked, shortened."""
    return _shortened(mask(_whole(example)))


def _shortened(masked: Masked) -> str:
    return masked.text[:SHOWN_LETTERS]


def _whole(example: Example) -> str:
    return f"{example.title}\n{example.text}" if example.title else example.text


def _counts(examples: Sequence[Example]) -> dict[str, dict[str, int]]:
    counted: dict[str, Counter[str]] = {}
    for example in examples:
        counted.setdefault(example.category or "outside", Counter())[example.language] += 1
    return {name: dict(sorted(counts.items())) for name, counts in sorted(counted.items())}


def _examples_digest(examples: Sequence[Example]) -> str:
    lines = sorted(example.model_dump_json() for example in examples)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
