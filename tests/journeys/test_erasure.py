"""Two inquiries are erased by two persons, and no file, replay or second delivery gives them back."""

import asyncio
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from contracts.event import Sealed
from infra.keyring import DataKey, KeyDestroyedError, open_keyring
from tests.journeys.order import assert_every_event_is_one_leaf, kinds_in_trail, wait_settled
from tests.journeys.talk import Talk
from tests.journeys.town import Town, deliver, mail, new_town, post, wait_for, words_of

pytestmark = pytest.mark.slow

MAIL, NAME, ADDRESS, REPLY = "kvabbelsnurren", "Zebulonia", "zebu.quistorp", "brombærtasken"
CHAT, NOTE = "flimmerhatten", "gnavpotten"
OTHER = "skumfidusen"


@pytest.fixture(scope="module")
def town(
    town: Town, municipality: Path, model: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Town]:
    """Empty, so that every file may be searched; only the articles are already published."""
    folder = tmp_path_factory.mktemp("erasing") / "data"
    running = new_town(folder, model, municipality, published_in=town)
    running.start()
    yield running
    running.stop()


def forms(word: str) -> list[bytes]:
    """As it is, and in base64 at each of its three alignments."""
    plain = word.encode()
    return [plain, *(b64encode(plain[n : n + (len(plain) - n) // 3 * 3]) for n in range(3))]


def files_with(town: Town, *needles: bytes) -> list[str]:
    """Every file of the data folder, whoever writes it, but the model that was there before."""
    found = []
    for path in [*town.data.rglob("*"), town.terminal]:
        if path.is_file() and town.data / "model" not in path.parents:
            raw = path.read_bytes()
            found += [path.name for needle in needles if needle in raw]
    return found


def case_with(town: Town, word: str) -> Any:
    """The case whose page shows the word, as its row."""
    staff = town.login("emil.koordinator")

    def found() -> Any:
        for row in town.rows("router", "select * from case_file"):
            if word in words_of(staff.get(town.url("router", f"/cases/{row['reference']}"))):
                return row
        return None

    return wait_for(found, 90, f"no case with {word}")


def keys_of(town: Town, *inquiries: str) -> dict[UUID, DataKey]:
    async def fetch() -> dict[UUID, DataKey]:
        ring = await open_keyring(
            f"sqlite:///{town.data / 'keyring.db'}", town.data / "keys" / "wrapping.key"
        )
        try:
            return await ring.data_keys(UUID(one) for one in inquiries)
        finally:
            await ring.close()

    return asyncio.run(fetch())


def erase(town: Town, reference: str) -> None:
    hanne, emil = town.login("hanne.dpo"), town.login("emil.koordinator")
    address = town.url("router", f"/erasures/{reference}")
    asked = post(hanne, address, reason="consent-withdrawn", records="no-record")
    assert asked.status_code == 303, asked.text
    assert post(hanne, f"{address}/settle", verdict="approve").status_code == 409
    assert post(emil, f"{address}/settle", verdict="approve").status_code == 303


@dataclass(frozen=True)
class Story:
    """What was known of two inquiries before they were erased, and of a third that was not."""

    mailed: Any
    chatted: Any
    other: Any
    talk: Talk
    receipt: str
    wrapped: list[bytes]
    """Their keys and the conversation's, as they rested."""
    texts: list[bytes]
    """Their words, as they rested."""
    kept: list[Any]

    @property
    def erased(self) -> tuple[str, str]:
        return self.mailed["inquiry"], self.chatted["inquiry"]


@pytest.fixture(scope="module")
def story(town: Town) -> Story:
    """Erased by two persons; then the mail comes again, the broker forgets all, and all start anew."""
    gone_mail, told = write_in(town)
    for case in (told.mailed, told.chatted):
        erase(town, case["reference"])
    for service, done, count in (
        ("router", "select count(*) from erasure where erased_at is not null", 2),
        ("chatbot", "select count(*) from conversation where erased_at is not null", 1),
        ("classifier", "select count(*) from intake where raw = ''", 1),
    ):
        wait_for(lambda s=service, q=done, n=count: town.count(s, q) == n, 60, f"{service}: kept")
    deliver(town.ports.smtp, [gone_mail])
    town.wait_back("broker", town.kill("broker"))
    wait_settled(town)
    assert town.interrupt() == 0
    town.start()
    wait_settled(town)
    return told


def write_in(town: Town) -> tuple[EmailMessage, Story]:
    """Two mails and a chat become cases, and staff answer."""
    sender = f"{NAME} Quistorp <{ADDRESS}@eksempel.example>"
    first = mail(f"erased-{uuid4().hex}", f"Skraldespanden med {MAIL} er ikke tømt.", sender=sender)
    second = mail(f"kept-{uuid4().hex}", f"Skraldespanden med {OTHER} er ikke tømt i to uger.")
    deliver(town.ports.smtp, [first, second])
    talk = Talk.begin(town.url("chatbot"))
    talk.ask(f"Hvad koster et pas til {CHAT}?")
    talk.call_person(f"Det handler om {NOTE}.")
    mailed, chatted, other = (case_with(town, word) for word in (MAIL, NOTE, OTHER))
    emil = town.login("emil.koordinator")
    for case in (mailed, other):
        page = town.url("router", f"/cases/{case['reference']}/reply")
        assert post(emil, page, text=f"Vi henter {REPLY}.").status_code == 303
    wait_settled(town)
    letter = next(one for one in town.letters() if ADDRESS in str(one["To"]))
    receipt = next(word for word in letter.get_content().split() if "/receipt/" in word)
    assert httpx.get(receipt).status_code == 200
    keys = (mailed["inquiry"], chatted["inquiry"], UUID(talk.id).hex)
    wrapped = [
        row["wrapped"]
        for key in keys
        for row in town.rows("keyring", "select wrapped from data_key where id = ?", key)
    ]
    assert len(wrapped) == 3
    texts = [sealed_text(town, key).encode() for key in keys[:2]]
    assert {"router.db", "router.db-wal"} & set(files_with(town, *texts))
    kept = received(town, other["inquiry"])
    return first, Story(mailed, chatted, other, talk, receipt, wrapped, texts, kept)


def received(town: Town, inquiry: str) -> list[tuple[Any, ...]]:
    rows = town.rows("router", "select received from inquiry where id = ?", inquiry)
    return [tuple(row) for row in rows]


def sealed_text(town: Town, inquiry: str) -> str:
    query = "select json_extract(received, '$.text') from inquiry where id = ?"
    return Sealed.model_validate_json(town.rows("router", query, inquiry)[0][0]).text


def test_two_persons_erase_a_mail_and_a_chat_and_nothing_brings_them_back(
    town: Town, story: Story
) -> None:
    words = [
        form for word in (MAIL, NAME, ADDRESS, REPLY, CHAT, NOTE, OTHER) for form in forms(word)
    ]

    assert files_with(town, *words) == []
    assert files_with(town, *story.wrapped) == []
    assert not {"router.db", "router.db-wal"} & set(files_with(town, *story.texts))
    assert keys_of(town, *story.erased, story.talk.id) == {}
    cases = [row["id"] for row in town.rows("router", "select id from case_file")]
    assert cases == [story.other["id"]]
    assert town.count("router", "select count(*) from inquiry") == 1


def test_staff_and_citizen_are_told_when_and_why(town: Town, story: Story) -> None:
    emil = town.login("emil.koordinator")

    page = emil.get(town.url("router", f"/cases/{story.mailed['reference']}"))
    told = httpx.get(story.receipt, headers={"accept-language": "da"})

    for answer in (page, told):
        assert answer.status_code == 410
        assert "samtykket er trukket tilbage" in answer.text
    assert story.talk.client.get(story.talk.url("/messages")).status_code == 410


def test_the_other_case_is_untouched_and_the_trail_is_whole(town: Town, story: Story) -> None:
    emil = town.login("emil.koordinator")

    assert received(town, story.other["inquiry"]) == story.kept
    page = emil.get(town.url("router", f"/cases/{story.other['reference']}"))
    assert OTHER in words_of(page)
    verdict = town.command("audit", "verify")
    assert (verdict.returncode, verdict.stdout[:8]) == (0, "verified"), verdict.stderr
    for inquiry in story.erased:
        assert kinds_in_trail(town, inquiry).count("inquiry.erased") == 1
    assert "inquiry.erased" not in kinds_in_trail(town, story.other["inquiry"])
    assert_every_event_is_one_leaf(town)


def test_the_keyring_knows_what_was_destroyed_from_what_never_was(town: Town, story: Story) -> None:
    """The search for keys would be worthless if the keyring merely did not look."""
    assert UUID(story.other["inquiry"]) in keys_of(town, story.other["inquiry"])

    async def ask() -> None:
        ring = await open_keyring(
            f"sqlite:///{town.data / 'keyring.db'}", town.data / "keys" / "wrapping.key"
        )
        try:
            await ring.data_key(UUID(story.mailed["inquiry"]))
        finally:
            await ring.close()

    with pytest.raises(KeyDestroyedError):
        asyncio.run(ask())
