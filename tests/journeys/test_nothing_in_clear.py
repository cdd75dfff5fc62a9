"""Personal text is readable only through the keyring: not in a file, not on the wire."""

from base64 import b64encode
from uuid import uuid4

import pytest

from tests.journeys.order import wait_settled
from tests.journeys.talk import Talk
from tests.journeys.town import Town, deliver, mail, post, wait_for, words_of
from tests.journeys.wire import headers_of, overhear, say

pytestmark = pytest.mark.slow

# Words nobody else writes; the classifier does not know them, and they stand beside words it knows.
SECRETS = {
    "mail text": "kvabbelskrutten",
    "mail title": "drømmefnugget",
    "mail sender": "zebulonia.quistorp",
    "sender name": "Zebulonia Quistorp",
    "personal number": "010190-1233",
    "chat question": "flimmersnurren",
    "chat note": "gnavpotlinjen",
    "reply by mail": "brombærhatten",
    "reply in the chat": "trylledasken",
    "dead letter": "skumfidusregnen",
}


def encodings(word: str) -> list[bytes]:
    """UTF-8, UTF-16, as JSON escapes it, and base64 at each of its three alignments."""
    plain = word.encode()
    return [
        plain,
        word.encode("utf-16-le"),
        word.encode("ascii", "backslashreplace").replace(b"\\x", b"\\u00"),
        *(b64encode(plain[skip : skip + (len(plain) - skip) // 3 * 3]) for skip in range(3)),
    ]


NEEDLES = {what: encodings(word) for what, word in SECRETS.items()}


def seen_in(raw: bytes) -> list[str]:
    lower = raw.lower()
    return [
        what
        for what, forms in NEEDLES.items()
        if any(form in raw or form.lower() in lower for form in forms)
    ]


def test_the_search_would_find_every_word() -> None:
    for what, word in SECRETS.items():
        assert what in seen_in(f"… {word.upper()} …".encode()) or not word.isascii()
        assert what in seen_in(b'{"text": "' + word.encode() + b'"}')
        for padding in ("", "a", "ab"):
            assert what in seen_in(b64encode(f"{padding}{word} og mere".encode())), (what, padding)


def test_no_word_of_a_citizen_or_caseworker_rests_or_travels_in_clear(town: Town) -> None:
    text = (
        f"Skraldespanden med {SECRETS['mail text']} er ikke tømt i to uger. "
        f"Mit cpr-nummer er {SECRETS['personal number']}. Hilsen {SECRETS['sender name']}"
    )
    sender = f"{SECRETS['sender name']} <{SECRETS['mail sender']}@eksempel.example>"
    message = mail(f"clear-{uuid4().hex}", text, title=SECRETS["mail title"], sender=sender)
    before = {row[0] for row in town.rows("router", "select reference from case_file")}
    deliver(town.ports.smtp, [message])

    talk = Talk.begin(town.url("chatbot"))
    talk.ask(f"Hvad koster et pas til {SECRETS['chat question']}?")
    chat = talk.call_person(f"Det handler om {SECRETS['chat note']}.")

    def new_cases() -> set[str]:
        rows = town.rows("router", "select reference from case_file")
        return {row[0] for row in rows} - before

    wait_for(lambda: len(new_cases()) >= 2 and chat in new_cases(), 60, "no cases")
    staff = town.login("emil.koordinator")
    for reference in new_cases():
        page = words_of(staff.get(town.url("router", f"/cases/{reference}")))
        if reference == chat:
            assert SECRETS["chat note"] in page
        words = SECRETS["reply in the chat" if reference == chat else "reply by mail"]
        done = post(staff, town.url("router", f"/cases/{reference}/reply"), text=f"Om {words}.")
        assert done.status_code == 303
    broken = f'{{"text": "{SECRETS["dead letter"]}"'.encode()
    address = f"127.0.0.1:{town.ports.broker}"
    say(address, "inquiry.classified", broken, headers_of("inquiry.classified"))
    wait_settled(town)
    wait_for(
        lambda: any(SECRETS["reply in the chat"] in m["text"] for m in talk.messages()), 30, ""
    )
    assert any(SECRETS["reply by mail"] in letter.get_content() for letter in town.letters())

    looked_at = 0
    for path in [*town.data.rglob("*"), town.terminal]:
        # The model and its examples were there before anybody wrote.
        trained = {town.data / "model", town.data / "models"} & {*path.parents}
        if path.is_file() and not trained:
            looked_at += 1
            assert seen_in(path.read_bytes()) == [], path
    assert looked_at > 20
    heard = overhear(address)
    # The stranger's broken record is the one thing we did not seal: it came in that way.
    ours = [one for one in heard if broken not in one.raw]
    assert len(heard) - len(ours) == 1
    assert {one.topic for one in ours} >= {"inquiry.received", "case.opened", "case.replied"}
    for one in ours:
        assert seen_in(one.raw) == [], one.topic
