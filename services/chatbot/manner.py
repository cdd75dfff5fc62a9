"""How a message is said: whether it asks, how it begins and ends, how long it is.

Who is in danger mostly tells, who wants to know something mostly asks; the same words stand in both.
"""

import re
from collections.abc import Sequence

from services.chatbot.terms import spoken_words

_ASKING = frozenset(
    spoken_words(
        "hvad hvor hvordan hvornår hvem hvilke hvilken hvilket hvorfor må kan skal får er "
        "vad hur var när vem vilken vilka ska "
        "what how where when who which why may can should is are do does"
    )
)
_CLAUSE_END = re.compile(r"[.,;!?]\s*")
LONGEST = 6
"""Steps of length that are told apart; what is longer is simply long."""
STEP = 4
"""Words in a step."""


def manner(text: str, words: Sequence[str]) -> set[str]:
    """`words` are the text's own; each feature begins with a sign that no word has."""
    if not words:
        return set()
    questioned = "?" in text
    clauses = (spoken_words(clause)[:1] for clause in _CLAUSE_END.split(text))
    found = {
        f"^{words[0]}",
        f"^{' '.join(words[:2])}",
        f"${words[-1]}",
        f"&long{min(LONGEST, len(words) // STEP)}",
        "&questioned" if questioned else "&told",
        "&asks" if any(first and first[0] in _ASKING for first in clauses) else "&asks-not",
    }
    if any(word in _ASKING for word in words):
        found.add("&asking-word?" if questioned else "&asking-word")
    return found | ({"&loud"} if "!" in text else set())
