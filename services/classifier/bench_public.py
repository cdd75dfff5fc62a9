"""`henvend bench public`: the training recipe on public intent sets, to compare it with published ones.

Not municipal and not tuned on: the sets say whether the recipe is sound, the municipality's own evaluation
says what it is worth. The data stay outside this repository (MASSIVE 1.1 CC BY 4.0, CLINC150 CC BY 3.0).
"""

import json
import random
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from contracts.inquiry import Language
from infra.text.mask import blank, find_personal
from infra.text.normalise import words
from services.classifier.adapters.sentence_transformer import SentenceTransformerEmbedder
from services.classifier.calibrate import expected_calibration_error
from services.classifier.classify import Inquiry, Reading, classify
from services.classifier.cross_fit import Rows, cross_fit
from services.classifier.embedding import weigh_words
from services.classifier.examples import spoken
from services.classifier.export import to_sentence_transformer
from services.classifier.head import HeadPlan, choose_features, count, fit_head
from services.classifier.lexicon import load_lexicon
from services.classifier.measures import auroc, macro_f1
from services.classifier.model import Kind, Known, Model
from services.classifier.thresholds import set_thresholds
from services.classifier.train import unseen

SetName = Literal["massive-da", "massive-sv", "massive-en", "clinc150"]
_MASSIVE: dict[SetName, tuple[str, Language]] = {
    "massive-da": ("da-DK", "da"),
    "massive-sv": ("sv-SE", "sv"),
    "massive-en": ("en-US", "en"),
}
SETS: tuple[SetName, ...] = (*_MASSIVE, "clinc150")
FULL = 0
"""As number of examples per intent: all there are."""
BATCH = 64
_DEPARTMENT = "public"


class Said(NamedTuple):
    text: str
    intent: str


class PublicSet(NamedTuple):
    """`test` is the development part of the set: the published test parts are kept apart."""

    name: SetName
    language: Language
    train: Sequence[Said]
    test: Sequence[Said]
    foreign: Sequence[str] = ()
    """Texts of no intent; never trained on."""


class Figures(NamedTuple):
    """Shares between 0 and 1; `train_seconds` of processor time, all threads."""

    name: SetName
    shots: int
    seed: int
    rows: int
    accuracy: float
    accuracy_new: float
    """Of test rows whose words are not in the training rows."""
    macro_f1: float
    ece: float
    outside_auroc: float | None
    outside_fpr95: float | None
    train_seconds: float


class Task(NamedTuple):
    name: SetName
    shots: int
    seed: int


def tasks(sets: str, shots: str, seeds: int) -> list[Task]:
    """From lists separated by commas; few-shot first, for it is quick. Raises ValueError."""
    names = [name for name in SETS if name in sets.split(",")]
    if len(names) < len(sets.split(",")):
        raise ValueError(f"Sets are {', '.join(SETS)}.")
    sizes = [FULL if size == "full" else int(size) for size in shots.split(",")]
    return [
        Task(name, size, seed)
        for size in sorted(sizes, key=lambda size: (size == FULL, size))
        for name in names
        for seed in range(1 if size == FULL else seeds)
    ]


def run(folder: Path, chosen: Sequence[Task]) -> Iterator[Figures]:
    for task in chosen:
        yield measure(read_set(folder, task.name), task.shots, task.seed)


def read_set(folder: Path, name: SetName) -> PublicSet:
    """Raises OSError or ValueError naming the file."""
    if name == "clinc150":
        return _clinc(folder / "clinc150" / "train_val.json")
    file, language = _MASSIVE[name]
    path = folder / "massive" / f"{file}.jsonl"
    parts: dict[str, list[Said]] = defaultdict(list)
    for line in path.read_text("utf-8").splitlines():
        row = json.loads(line)
        parts[row["partition"]].append(_said(row["utt"], row["intent"]))
    return PublicSet(name, language, parts["train"], parts["dev"])


def _clinc(path: Path) -> PublicSet:
    parts = json.loads(path.read_text("utf-8"))
    foreign = [text for part in ("oos_train", "oos_val") for text, _ in parts[part]]
    train, test = ([_said(*row) for row in parts[part]] for part in ("train", "val"))
    return PublicSet("clinc150", "en", train, test, foreign)


def _said(text: str, intent: str) -> Said:
    return Said(text, intent.replace("_", "-"))


def measure(public: PublicSet, shots: int, seed: int) -> Figures:
    """Trains on `shots` examples per intent (FULL: all), tests once on the whole test part."""
    chosen = choose(public.train, shots, seed)
    began = time.process_time()
    model = fit(chosen)
    spent = time.process_time() - began
    readings = list(_readings([row.text for row in public.test], model, public.language))
    said = [_best(reading) for reading in readings]
    right = np.array([best == row.intent for best, row in zip(said, public.test, strict=True)])
    confidence = np.array([r.alternatives[0].confidence if r.alternatives else 0 for r in readings])
    known = {_key(row.text) for row in chosen}
    new = np.array([_key(row.text) not in known for row in public.test])
    separation, missed = _outside(public, model, readings)
    return Figures(
        name=public.name,
        shots=shots,
        seed=seed,
        rows=len(chosen),
        accuracy=float(right.mean()),
        accuracy_new=float(right[new].mean()),
        macro_f1=macro_f1([row.intent for row in public.test], said),
        ece=expected_calibration_error(confidence, right),
        outside_auroc=separation,
        outside_fpr95=missed,
        train_seconds=spent,
    )


def choose(rows: Sequence[Said], shots: int, seed: int) -> list[Said]:
    """No text twice; at most `shots` per intent."""
    fresh = list({_key(row.text): row for row in rows}.values())
    if shots == FULL:
        return fresh
    by_intent: dict[str, list[Said]] = defaultdict(list)
    for row in fresh:
        by_intent[row.intent].append(row)
    dice = random.Random(seed)  # noqa: S311 - a sample, not a secret
    return [
        row
        for _, own in sorted(by_intent.items())
        for row in dice.sample(own, min(shots, len(own)))
    ]


def fit(rows: Sequence[Said]) -> Model:
    """What `henvend train` does with its own embedding, without rows made of category names."""
    clean = [blank(row.text, find_personal(row.text)) for row in rows]
    plan, lexicon = HeadPlan(), load_lexicon()
    texts = tuple([word.text for word in words(text)] for text in clean)
    known = Rows(
        texts=texts,
        labels=tuple(row.intent for row in rows),
        flags=np.zeros((len(rows), 2), dtype=np.bool_),
        counted=count(texts),
    )
    embedder = SentenceTransformerEmbedder(
        to_sentence_transformer(weigh_words(lexicon, known.texts))
    )
    dense = embedder.embed(clean)
    held = cross_fit(known, lexicon, plan)
    every = np.arange(len(rows), dtype=np.int32)
    chosen = choose_features(known.counted, every, plan)
    matrix = known.counted.matrix(every, chosen)
    head = fit_head(chosen.space, dense, matrix, known.labels, known.flags, plan)
    calibration, _ = set_thresholds(
        unseen(held, known, plan), None, head.classes, lambda _: _DEPARTMENT
    )
    return Model(
        name="bench",
        digest="",
        embedder=embedder,
        head=replace(head, scales=held.scales),
        calibration=calibration,
        examples=dense,
        known=[Known(row.intent, "") for row in rows],
        kinds={name: Kind(_DEPARTMENT, external=False, sensitive=False) for name in head.classes},
    )


def _outside(
    public: PublicSet, model: Model, readings: Sequence[Reading]
) -> tuple[float | None, float | None]:
    if not public.foreign:
        return None, None
    ours = [reading.outside for reading in readings]
    theirs = [reading.outside for reading in _readings(public.foreign, model, public.language)]
    scores = np.array([*ours, *theirs])
    foreign = np.array([False] * len(ours) + [True] * len(theirs))
    return auroc(scores, foreign), false_alarms(scores, foreign)


def false_alarms(scores: NDArray[np.floating], foreign: NDArray[np.bool_]) -> float:
    """FPR95: share of foreign texts let in at the threshold that lets in 95 % of ours."""
    limit = np.quantile(scores[~foreign], 0.95)
    return float((scores[foreign] <= limit).mean())


def _readings(texts: Sequence[str], model: Model, language: Language) -> Iterator[Reading]:
    for start in range(0, len(texts), BATCH):
        batch = texts[start : start + BATCH]
        yield from classify([Inquiry(text, hint=language) for text in batch], model)


def _best(reading: Reading) -> str:
    return reading.alternatives[0].category if reading.alternatives else ""


def _key(text: str) -> str:
    return spoken([word.text for word in words(text)])
