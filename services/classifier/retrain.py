"""Trains a candidate from examples and confirmed corrections, and lets the gate judge it."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from contracts.taxonomy import Taxonomy
from services.classifier import storage
from services.classifier import train as training
from services.classifier.corrections import Harvest, without_rare_words
from services.classifier.evaluate import Case, Evaluation, evaluate
from services.classifier.examples import Example, training_words
from services.classifier.gate import Measured, SliceFigure, Tolerances, Verdict, compare
from services.classifier.model import Known, Model
from services.classifier.model_files import CANDIDATES, candidate_folder
from services.classifier.storage import ModelError

UNDER_WAY = "under-way"


class Candidate(NamedTuple):
    digest: str
    folder: Path
    learned: Harvest
    """The corrections it was trained on."""


def train_candidate(
    data: Path,
    examples: Sequence[Example],
    harvest: Harvest,
    taxonomy: Taxonomy,
    *,
    calibration: Sequence[Example] = (),
    outside_embedding: training.Embedding | None = None,
    step: training.Step = lambda: None,
) -> Candidate:
    """Stored below `data` under its digest, not yet judged. Raises ExamplesError or ModelError.

    Of `harvest` only words that several inquiries use are learned.
    """
    learned = without_rare_words(harvest, examples)
    trained = training.train(
        [*examples, *learned.rows],
        taxonomy,
        calibration=calibration,
        outside_embedding=outside_embedding,
        step=step,
    )
    model = replace(trained.model, known=without_words(trained.model.known, learned))
    fresh = data / CANDIDATES / UNDER_WAY
    digest = storage.save(fresh, model, trained.embedding, trained.about)
    folder = candidate_folder(data, digest)
    shutil.rmtree(folder, ignore_errors=True)
    fresh.rename(folder)
    return Candidate(digest, folder, learned)


def without_words(known: Sequence[Known], learned: Harvest) -> list[Known]:
    """Evidence names a corrected case by its reference: a model outlives the erasure of its words.

    Raises ModelError when the words are not found where they would be shown: then they stand in
    the model in another form, and it is not stored.
    """
    reference = {
        training.shown(row): name
        for row, name in zip(learned.rows, learned.references, strict=True)
    }
    if not reference.keys() <= {one.text for one in known}:
        raise ModelError("A correction's words would stand in the model; it was not stored.")
    return [Known(one.category, reference.get(one.text, one.text)) for one in known]


def judge(
    champion: Model,
    candidate: Model,
    cases: Sequence[Case],
    tolerances: Tolerances,
    *,
    evaluation: str,
    learned: Harvest,
    at: datetime,
    step: Callable[[], None] = lambda: None,
) -> Verdict:
    """Both models on the same inquiries. Raises GateError."""
    was = measured(evaluate(cases, champion))
    step()
    now = measured(evaluate(cases, candidate))
    step()
    return Verdict(
        champion=champion.digest,
        candidate=candidate.digest,
        inquiries=len(cases),
        evaluation=evaluation,
        corrections=learned.references,
        at=at,
        lines=compare(was, now, tolerances),
    )


def measured(evaluation: Evaluation) -> Measured:
    slices = tuple(SliceFigure(one.name, one.rows, one.department) for one in evaluation.slices)
    return Measured(evaluation.figures, slices)


def digest_of_cases(folder: Path) -> str:
    """SHA-256 over the evaluation files in the order they are read."""
    whole = sha256()
    for path in sorted(folder.glob("*.jsonl")):
        whole.update(path.name.encode() + b"\0" + path.read_bytes())
    return whole.hexdigest()


def words_of_cases(cases: Sequence[Case]) -> list[list[str]]:
    return [training_words(case.title, case.text) for case in cases]
