"""A citizen writes a mail: what they, the caseworker and the ombudsman see."""

import threading
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from tests.journeys.order import assert_in_order, kinds_in_trail, wait_settled
from tests.journeys.town import Town, busyness, deliver, mail, post, wait_for, words_of

pytestmark = pytest.mark.slow

TEXT = "Det er anden uge i træk, at skraldespanden med madaffald ikke er blevet tømt hos os."


def case_of(town: Town, sender: str):
    """The case of the mail `sender` just sent, among the newest: the town is shared and may be large."""
    rows = town.rows("router", "select * from case_file order by opened_at desc limit 20")
    title = f"Skrald {sender}"
    page = town.login("emil.koordinator")
    for row in rows:
        if title in page.get(town.url("router", f"/cases/{row['reference']}")).text:
            return row
    return None


def listen_for_change(town: Town, client: httpx.Client, heard: threading.Event) -> threading.Thread:
    opened = threading.Event()

    def listen() -> None:
        with (
            httpx.Client(cookies=client.cookies, timeout=60) as own,
            own.stream("GET", town.url("router", "/changes")) as stream,
        ):
            opened.set()
            for line in stream.iter_lines():
                if "changed" in line:
                    heard.set()
                    return

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    assert opened.wait(20)
    return thread


def test_a_mail_goes_the_whole_way_to_an_answer_and_into_the_trail(town: Town) -> None:
    sender = f"whole-{uuid4().hex[:8]}"
    staff = town.login("emil.koordinator")
    heard = threading.Event()
    listen_for_change(town, staff, heard)
    deliver(town.ports.smtp, [mail(sender, TEXT, title=f"Skrald {sender}")])
    assert heard.wait(30 * busyness()), "an open queue page was not told of the new case"
    case = wait_for(lambda: case_of(town, sender), 90, "no case")
    reference = case["reference"]

    place = "triage" if case["queue"] == "triage" else case["department"]
    # The town is shared: other tests' mails may fill the queue's first pages.
    assert any(
        reference in staff.get(town.url("router", f"/?place={place}&page={page}")).text
        for page in range(1, 40)
    )
    opened = staff.get(town.url("router", f"/cases/{reference}"))
    assert "skraldespanden med madaffald" in words_of(opened)

    def letters_to_sender() -> list:
        return [letter for letter in town.letters() if f"{sender}@" in str(letter["To"])]

    wait_for(letters_to_sender, 30, "no acknowledgement")
    (acknowledgement,) = letters_to_sender()
    assert reference in str(acknowledgement["Subject"])
    assert reference in acknowledgement.get_content()

    for act, fields in (
        ("assign", {}),
        ("reply", {"text": "Vi tømmer den i morgen før klokken ti."}),
        ("close", {"outcome": "answered"}),
    ):
        done = post(staff, town.url("router", f"/cases/{reference}/{act}"), **fields)
        assert done.status_code == 303, act
    wait_for(lambda: len(letters_to_sender()) == 2, 30, "the reply did not leave")
    reply = letters_to_sender()[1].get_content()
    assert "Vi tømmer den i morgen før klokken ti." in reply
    assert "Emil Krogh" in reply
    shown = httpx.get(town.url("mailbox"), headers={"accept-language": "da"}).text
    assert shown.count(reference) >= 2

    assert reference not in staff.get(town.url("router", f"/?place={place}")).text
    closed = staff.get(town.url("router", f"/?place={place}&status=closed")).text
    assert reference in closed

    wait_settled(town)
    # Each once; in which order is not promised, for topics keep none between them.
    assert sorted(kinds_in_trail(town, case["inquiry"])) == [
        "case.assigned",
        "case.closed",
        "case.opened",
        "case.replied",
        "inquiry.classified",
        "inquiry.received",
    ]
    ombudsman = town.login("gustav.borgerraadgiver")
    found = ombudsman.get(town.url("audit", f"/inquiries?reference={reference.lower()}")).text
    assert found.count("<tr") >= 7  # a heading and six entries
    assert 'class="alert alert-error"' not in found
    assert_in_order(town)


def test_nobody_is_told_of_a_case_before_the_trail_has_it(town: Town) -> None:
    sender = f"early-{uuid4().hex[:8]}"

    def told() -> bool:
        return any(f"{sender}@" in str(letter["To"]) for letter in town.letters())

    with town.held("audit"):
        deliver(town.ports.smtp, [mail(sender, TEXT, title=f"Skrald {sender}")])
        wait_for(lambda: case_of(town, sender), 90, "no case without the trail")
        # Six looks of the mailroom: enough for a letter that did not wait.
        threading.Event().wait(3)
        assert not told()
    wait_for(told, 30, "no acknowledgement when the trail was back")
    wait_settled(town)


def test_the_same_mail_twice_is_one_inquiry(town: Town) -> None:
    sender = f"twice-{uuid4().hex[:8]}"
    message = mail(sender, TEXT, title=f"Skrald {sender}")
    before = town.count("classifier", "select count(*) from intake")
    deliver(town.ports.smtp, [message])
    wait_for(lambda: case_of(town, sender), 90, "no case")
    deliver(town.ports.smtp, [message, message])
    wait_settled(town)
    assert town.count("classifier", "select count(*) from intake") == before + 1
    got = [letter for letter in town.letters() if f"{sender}@" in str(letter["To"])]
    assert len(got) == 1
    assert_in_order(town)


def test_every_sample_mail_becomes_a_case(town: Town) -> None:
    samples = sorted((Path(__file__).parents[2] / "infra/embedded/samples").glob("*.eml"))
    assert len(samples) == 24
    before = town.count("classifier", "select count(*) from intake")
    sent = town.command("mail", "send", *map(str, samples))
    assert sent.returncode == 0, sent.stderr
    assert sent.stdout.count("Kept as HV-") == len(samples)
    wait_settled(town)
    assert town.count("classifier", "select count(*) from intake") == before + len(samples)
