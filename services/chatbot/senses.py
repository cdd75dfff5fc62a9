"""What words are about when somebody is in danger: senses that hold in three languages at once.

A person writes of a rope, another of rails: the examples of alarm.py can hold only some of the words,
phrases/senses.yaml says which words mean alike. Pairs of senses near each other carry what is meant.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files

from infra.text.safe_yaml import read_yaml
from services.chatbot.terms import spoken_words

NEAR = 10
"""Words between which two senses belong together."""
SHORTEST_STEM = 2


@dataclass(frozen=True)
class Senses:
    words: Mapping[str, tuple[str, ...]]
    stems: Mapping[str, tuple[str, ...]]
    """By the beginning of a word."""
    _known: dict[str, tuple[str, ...]] = field(default_factory=dict, compare=False)

    def of(self, word: str) -> tuple[str, ...]:
        """In order, each once."""
        found = self._known.get(word)
        if found is None:
            found = tuple(sorted(set(self._look_up(word))))
            if len(self._known) < REMEMBERED:
                self._known[word] = found
        return found

    def _look_up(self, word: str) -> Iterator[str]:
        yield from self.words.get(word, ())
        for end in range(SHORTEST_STEM, len(word) + 1):
            yield from self.stems.get(word[:end], ())


REMEMBERED = 20_000
"""Words whose senses are kept: enough for the training texts, and a bound for what strangers write."""


def read_senses() -> Senses:
    raw = read_yaml(files("services.chatbot").joinpath("phrases/senses.yaml").read_text("utf-8"))
    words: dict[str, tuple[str, ...]] = {}
    stems: dict[str, tuple[str, ...]] = {}
    for sense, listed in raw.items():
        for entry in str(listed).split():
            place = stems if entry.endswith("*") else words
            # One spelling for all: "dø", "doe" and "dö" are the same word.
            for word in spoken_words(entry.rstrip("*")):
                place[word] = (*place.get(word, ()), str(sense))
    return Senses(words, stems)


def sensed(words: Sequence[str], senses: Senses) -> set[str]:
    """Senses of the words, and pairs of senses within NEAR words."""
    by_word = [senses.of(word) for word in words]
    found = {sense for some in by_word for sense in some}
    pairs: set[str] = set()
    for number, some in enumerate(by_word):
        if not some:
            continue
        around = {other for near in by_word[number : number + NEAR] for other in near}
        pairs.update(
            f"{one}+{other}" if one < other else f"{other}+{one}"
            for one in some
            for other in around
            if one != other
        )
    return found | pairs
