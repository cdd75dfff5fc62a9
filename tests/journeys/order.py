"""What must hold after whatever happened: nothing lost, nothing doubled, everything in the trail."""

from collections import Counter
from uuid import UUID

from tests.journeys.town import SERVICES, SETTLE_SECONDS, Town, wait_for

OUTBOXES = tuple(service for service in SERVICES if service != "audit")
WAITING = {
    "intake": ("classifier", "select count(*) from intake where arrived_at is null"),
    "unrouted": ("router", "select count(*) from inquiry where routed_at is null"),
    "mail": ("router", "select count(*) from mail_out where sent_at is null and failure is null"),
    "handovers": ("chatbot", "select count(*) from handover where opened_at is null"),
    **{
        f"{name}'s outbox": (name, "select count(*) from outbox where confirmed_at is null")
        for name in OUTBOXES
    },
}


def wait_settled(town: Town, seconds: float = SETTLE_SECONDS) -> None:
    """Until nobody waits for anything; fails naming what still waits."""
    still: dict[str, int] = {}

    def settled() -> bool:
        counted = {what: town.count(*query) for what, query in WAITING.items()}
        still.clear()
        still.update({what: number for what, number in counted.items() if number})
        return not still

    try:
        wait_for(settled, seconds, "not settled")
    except BaseException:
        print(f"still waiting: {still}")
        raise


def assert_in_order(town: Town) -> None:
    """For everything the town ever took in."""
    assert_every_inquiry_has_its_case_once(town)
    assert_every_letter_left_once(town)
    assert_every_event_is_one_leaf(town)
    verdict = town.command("audit", "verify")
    assert (verdict.returncode, verdict.stdout[:8]) == (0, "verified"), verdict.stderr


def assert_every_inquiry_has_its_case_once(town: Town) -> None:
    kept = {row[0] for row in town.rows("classifier", "select inquiry from intake")}
    handed = {row[0] for row in town.rows("chatbot", "select inquiry from handover")}
    cases = town.rows("router", "select inquiry, category, reference from case_file")
    assert {row["inquiry"] for row in cases} == kept | handed
    # A mixed inquiry opens one case per subject, never two for one.
    subjects = Counter((row["inquiry"], row["category"]) for row in cases)
    assert [subject for subject, times in subjects.items() if times > 1] == []
    assert len({row["reference"] for row in cases}) == len(cases)


def assert_every_letter_left_once(town: Town) -> None:
    due = town.rows("router", 'select id, kind, "case", failure from mail_out')
    assert [row["failure"] for row in due if row["failure"]] == []
    acknowledged = Counter(row["case"] for row in due if row["kind"] == "ack")
    # What a machine sent (an out-of-office reply) is read by people, but no mail answers it.
    mailed = town.rows(
        "router",
        "select c.id from case_file c join inquiry i on i.id = c.inquiry "
        "where c.channel = 'mail' and not json_extract(i.received, '$.automatic')",
    )
    assert acknowledged == Counter(row["id"] for row in mailed)
    got = [str(letter["Message-ID"]).strip("<>").partition("@")[0] for letter in town.letters()]
    assert Counter(got) == Counter(str(UUID(row["id"])) for row in due)
    # Log before act: nobody was told of anything before the trail had it.
    early = town.rows(
        "router",
        "select m.id from mail_out m join outbox o on o.event_id = m.event_id "
        "where o.confirmed_at is null or o.confirmed_at > m.sent_at",
    )
    assert [row["id"] for row in early] == []


def assert_every_event_is_one_leaf(town: Town) -> None:
    said = {
        row["event_id"]: row["topic"]
        for name in OUTBOXES
        for row in town.rows(name, "select event_id, topic from outbox")
    }
    leaves = town.rows(
        "audit",
        "select event, kind, typ from event where event is not null and kind <> 'record.garbled'",
    )
    times = Counter(row["event"] for row in leaves)
    assert {event: topic for event, topic in said.items() if times[event] != 1} == {}
    assert [event for event, count in times.items() if count > 1] == []
    assert [row["kind"] for row in leaves if row["typ"] == "conflict"] == []


def kinds_in_trail(town: Town, inquiry: str) -> list[str]:
    """What the trail holds of an inquiry, in its order; the numbering must have no gap."""
    rows = town.rows(
        "audit",
        "select l.n, e.kind from inq_leaf l join event e on e.idx = l.idx "
        "where l.inquiry = ? order by l.n",
        inquiry,
    )
    assert [row["n"] for row in rows] == list(range(len(rows)))
    return [row["kind"] for row in rows]
