"""A seeded past to monitor: several hundred decisions and what staff made of them."""

from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any
from uuid import UUID

from services.router.adapters.tables import chat_answer, decision
from services.router.outcome import BINS, TENTHS, bin_of
from tests.router.office import Office

CATEGORIES = (
    ("tmf.veje", 5),
    ("tmf.affald", 5),
    ("tmf.parkering", 4),
    ("kff.pas", 4),
    ("kff.flytning", 2),
    ("buf.daginstitution", 3),
    ("suf.hjemmehjaelp", 2),
    ("bif.sygedagpenge", 2),
    ("okf.opkraevning", 1),
    ("sof.boliganvisning", 1),
)
MISTAKEN_FOR = {
    "tmf.affald": "tmf.miljoe",
    "tmf.veje": "tmf.parker",
    "kff.flytning": "extern.opholdstilladelse",
    "buf.daginstitution": "buf.betaling-tilskud",
}


@dataclass(frozen=True)
class Past:
    """What happened between `oldest` and `newest` days ago."""

    cases: int
    newest: float
    oldest: float
    precision: float = 0.97
    bad: tuple[str, float] | None = None
    """A category and its own precision."""
    strange: float = 0.1
    swedish: float = 0.08
    seed: int = 1


async def live_through(office: Office, *pasts: Past) -> None:
    rows = [row for past in pasts for row in _rows(office, past)]
    async with office.chassis.database.write() as tx:
        await tx.execute(decision.insert(), rows)


async def chat(office: Office, answered: int) -> None:
    rows = [
        {"id": UUID(int=number + 1), "at": office.clock() - timedelta(hours=1), "language": "da"}
        for number in range(answered)
    ]
    async with office.chassis.database.write() as tx:
        await tx.execute(chat_answer.insert(), rows)


def _rows(office: Office, past: Past) -> list[dict[str, Any]]:
    random = Random(past.seed)
    names, weights = zip(*CATEGORIES, strict=True)
    return [
        _row(office, past, random, random.choices(names, weights)[0]) for _ in range(past.cases)
    ]


def _row(office: Office, past: Past, random: Random, category: str) -> dict[str, Any]:
    confidence = min(0.999, random.betavariate(6, 1.2))
    automatic = confidence >= 0.7
    typicality = random.random() * (0.1 if random.random() < past.strange - 0.1 else 1)
    at = office.clock() - timedelta(days=random.uniform(past.newest, past.oldest))
    outside = random.random() < 0.04
    row: dict[str, Any] = {
        "case": UUID(int=random.getrandbits(128)),
        "at": at,
        "queue": "department" if automatic and not outside else "triage",
        "department": "" if outside else office.desk.taxonomy.department_of(category),
        "category": None if outside else category,
        "language": random.choices(["da", "sv", "en"], [1 - 2 * past.swedish, past.swedish, 0.08])[
            0
        ],
        "channel": "mail",
        "verdict": "outside" if outside else "confident" if automatic else "unsure",
        "reason": "confident" if automatic else "unsure",
        "confidence": confidence,
        "confidence_bin": bin_of(confidence, BINS),
        "typicality_bin": bin_of(typicality, TENTHS),
        "model": "ab" * 32,
        "first_act_seconds": random.expovariate(1 / 14_400),
        "contested": random.random() < 0.01,
        "outcome": None,
        "settled_at": None,
        "to_department": None,
        "to_category": None,
    }
    if not outside and random.random() < 0.85:
        _settle(office, past, random, row)
    return row


def _settle(office: Office, past: Past, random: Random, row: dict[str, Any]) -> None:
    category = row["category"]
    row["settled_at"] = row["at"] + timedelta(seconds=row["first_act_seconds"])
    right = past.precision if row["queue"] == "department" else row["confidence"]
    if past.bad and past.bad[0] == category:
        right = past.bad[1]
    if random.random() < right:
        row["outcome"] = "kept"
        return
    other = MISTAKEN_FOR.get(category) or random.choice([n for n, _ in CATEGORIES if n != category])
    row |= {
        "outcome": "changed",
        "to_category": other,
        "to_department": office.desk.taxonomy.department_of(other),
    }
