"""Trains everything from the municipality's examples: embedding, head, calibration."""

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from contracts.taxonomy import Taxonomy
from infra.text.mask import blank, find_personal, mask
from infra.text.normalise import words
from services.classifier import calibrate
from services.classifier.calibrate import OutsideModel, outside_signs, softmax
from services.classifier.cross_fit import Held, Rows, cross_fit, inside
from services.classifier.embedding import weigh_words
from services.classifier.examples import Example, ExamplesError
from services.classifier.export import to_sentence_transformer
from services.classifier.features import Floats
from services.classifier.head import OUTSIDE, Head, HeadPlan, fit_head, fit_sparse_space
from services.classifier.lexicon import load_lexicon
from services.classifier.measures import auroc
from services.classifier.model import Calibration, Embedder, Kind, Known, Model

PRECISION = 0.95
ASK_MISS = 0.1
URGENT_RECALL = 0.96
SENSITIVE_RECALL = 0.92
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
    outside_embedding: Embedding | None = None,
    head_plan: HeadPlan | None = None,
    step: Step = lambda: None,
) -> Trained:
    """Raises ExamplesError."""
    examples = [*examples, *_named_examples(examples, taxonomy)]
    head_plan = head_plan or HeadPlan()
    clean = [_whole(example) for example in examples]
    rows = _rows(examples, clean)
    step()
    own = outside_embedding or _own_embedding(rows)
    dense = own.embedder.embed(clean)
    # The final head and the folds need nothing of each other: two cores share them.
    with ThreadPoolExecutor(1) as beside:
        final = beside.submit(_final_head, rows, dense, head_plan)
        source = load_lexicon() if outside_embedding is None else dense
        held = cross_fit(rows, source, head_plan, step=step)
        head = replace(final.result(), scales=held.scales)
    step()
    calibration, metrics = calibrate_on(held, rows, head.classes, head_plan, taxonomy)
    kept = [number for number, label in enumerate(rows.labels) if label != OUTSIDE]
    model = Model(
        name="henvend" if outside_embedding is None else outside_embedding.name,
        digest="",
        embedder=own.embedder,
        head=head,
        calibration=calibration,
        examples=dense[kept],
        known=[_shown(examples[number]) for number in kept],
        kinds=_kinds(taxonomy, head.classes),
    )
    step()
    about = {
        "prefix": outside_embedding.prefix if outside_embedding else "",
        "examples": _counts(examples),
        "examples_digest": _examples_digest(examples),
        "metrics": metrics,
    }
    return Trained(model, own.name if own.stored is None else own.stored, about)


def calibrate_on(
    held: Held, rows: Rows, classes: Sequence[str], plan: HeadPlan, taxonomy: Taxonomy
) -> tuple[Calibration, dict[str, float]]:
    """Temperature, thresholds and the outside model from rows the models had not seen."""
    names = [name for name in classes if name != OUTSIDE]
    ours = inside(rows.labels)
    combined: Floats = np.asarray(
        plan.dense_share * held.dense + (1 - plan.dense_share) * held.sparse, dtype=np.float32
    )
    scores, outside_scores = combined[:, : len(names)], _outside_scores(combined, len(names))
    place = {name: number for number, name in enumerate(names)}
    right = np.array([place[label] for label in rows.labels if label != OUTSIDE])
    temperature = calibrate.fit_temperature(scores[ours], right)
    raw = softmax(scores[ours] / temperature)
    correct = raw.argmax(axis=1) == right
    trust = calibrate.fit_trust(raw, correct)
    probabilities = calibrate.trusted(raw, trust)
    predicted, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    signs = outside_signs(scores, temperature, outside_scores, held.similar, held.known)
    outside, separation = _fit_outside(signs, ours)
    calibration = Calibration(
        temperature=temperature,
        trust=trust,
        thresholds=calibrate.fit_thresholds(names, predicted, confidence, correct, PRECISION),
        precision=PRECISION,
        ask_cut=calibrate.conformal_cut(probabilities, right, ASK_MISS),
        urgent=calibrate.recall_threshold(held.flags[:, 0], rows.flags[:, 0], URGENT_RECALL),
        sensitive=calibrate.recall_threshold(held.flags[:, 1], rows.flags[:, 1], SENSITIVE_RECALL),
        outside=outside,
        typicality=calibrate.percentiles(held.similar[ours, 0]),
    )
    departments = [taxonomy.department_of(name) for name in names]
    metrics = _metrics(names, departments, predicted, right, confidence, calibration)
    return calibration, metrics | {"outside_auroc": round(separation, 4)}


class _Encoder:
    """The freshly trained model, used the way the stored one will be."""

    def __init__(self, model: Any) -> None:
        self._model = model

    def embed(self, texts: Sequence[str]) -> Floats:
        rows = self._model.encode(
            list(texts), batch_size=256, convert_to_numpy=True, show_progress_bar=False
        )
        return np.nan_to_num(np.asarray(rows, dtype=np.float32))


def _own_embedding(rows: Rows) -> Embedding:
    model = to_sentence_transformer(weigh_words(load_lexicon(), rows.texts))
    return Embedding("henvend", "", _Encoder(model), stored=model)


def _final_head(rows: Rows, dense: Floats, plan: HeadPlan) -> Head:
    space = fit_sparse_space(rows.texts, plan)
    return fit_head(space, dense, space.matrix(rows.texts), rows.labels, rows.flags, plan)


def _rows(examples: Sequence[Example], clean: Sequence[str]) -> Rows:
    if len({example.category for example in examples if example.category}) < 2:
        raise ExamplesError("Training needs at least two categories.")
    return Rows(
        texts=tuple([word.text for word in words(text)] for text in clean),
        labels=tuple(e.category or OUTSIDE for e in examples),
        flags=np.array([(e.urgent, e.sensitive) for e in examples], dtype=bool),
    )


def _named_examples(examples: Sequence[Example], taxonomy: Taxonomy) -> list[Example]:
    """Names and descriptions of categories are examples too: all there is at a cold start."""
    made = []
    for name, category in taxonomy.categories.items():
        texts = {
            "da": f"{category.name.da}. {category.description}",
            "sv": category.name.sv,
            "en": category.name.en,
        }
        department = taxonomy.departments[category.department]
        if not any(example.category == name for example in examples):
            texts["en"] += f". {department.does}"
        for language, text in texts.items():
            made.append(
                Example.model_validate({
                    "id": f"{name}.{language}.name",
                    "category": name,
                    "language": language,
                    "text": text.strip(),
                    "sensitive": category.sensitive,
                })
            )
    return made


def _fit_outside(signs: Floats, ours: NDArray[np.bool_]) -> tuple[OutsideModel, float]:
    """Learned from examples that fit nobody; without them, unlikeness to all examples decides."""
    means, scales = signs.mean(axis=0), signs.std(axis=0)
    scales = np.where(scales == 0, 1, scales)
    standard = (signs - means) / scales
    if ours.all():
        weights = np.array([-0.5, 0, -0.5, 0, 0, -1, -0.5], dtype=np.float32)
        guess = 1 / (1 + np.exp(-(standard @ weights - 4)))
        cut = float(np.quantile(guess, 0.97))
        return OutsideModel(means, scales, weights, -4.0, cut), 0.0
    model = LogisticRegression(C=1.0, class_weight="balanced").fit(standard, ~ours)
    guess = model.predict_proba(standard)[:, 1]
    # At most one in twenty-five of our own inquiries may be called foreign.
    cut = max(float(np.quantile(guess[ours], 0.96)), 0.5)
    weights, bias = model.coef_[0].astype(np.float32), float(model.intercept_[0])
    return OutsideModel(means, scales, weights, bias, cut), auroc(guess, ~ours)


def _metrics(
    names: Sequence[str],
    departments: Sequence[str],
    predicted: NDArray[np.int64],
    right: NDArray[np.int64],
    confidence: Floats,
    calibration: Calibration,
) -> dict[str, float]:
    """What cross-fitting measured; the model card and the promotion gate read it."""
    correct = predicted == right
    department = np.array(departments)
    floors = np.array([calibration.thresholds[name] for name in names])[predicted]
    sure = confidence >= floors
    return {
        "category_accuracy": round(float(correct.mean()), 4),
        "department_accuracy": round(float((department[predicted] == department[right]).mean()), 4),
        "ece": round(calibrate.expected_calibration_error(confidence, correct), 4),
        "coverage": round(float(sure.mean()), 4),
        "precision_when_sure": round(float(correct[sure].mean()) if sure.any() else 0.0, 4),
    }


def _outside_scores(combined: Floats, categories: int) -> Floats:
    if combined.shape[1] > categories:
        return np.asarray(combined[:, categories])
    return np.zeros(len(combined), dtype=np.float32)


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


def _shown(example: Example) -> Known:
    text = mask(_whole(example)).text
    return Known(example.category or "", text[:SHOWN_LETTERS])


def _whole(example: Example) -> str:
    whole = f"{example.title}\n{example.text}" if example.title else example.text
    return blank(whole, find_personal(whole))


def _counts(examples: Sequence[Example]) -> dict[str, dict[str, int]]:
    counted: dict[str, Counter[str]] = {}
    for example in examples:
        counted.setdefault(example.category or "outside", Counter())[example.language] += 1
    return {name: dict(sorted(counts.items())) for name, counts in sorted(counted.items())}


def _examples_digest(examples: Sequence[Example]) -> str:
    lines = sorted(example.model_dump_json() for example in examples)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
