"""A category whose promise is broken stops by itself, once, and only a person starts it again."""

from dataclasses import replace
from uuid import uuid4

import pytest
from sqlalchemy import select

from contracts.governance import SwitchTurned
from services.router.adapters import switches
from services.router.adapters.tables import decision
from services.router.measures import Share
from services.router.office import Office as OfficeMatters
from services.router.policy import load_policy
from tests.router.inquiries import enveloped
from tests.router.office import open_office

pytestmark = pytest.mark.slow

POLICY = load_policy(None)
SWITCH = "routing.category.tmf.veje"


async def handle(office, kept: int, changed: int, category: str = "tmf.veje") -> None:
    """So many cases of the category, routed and handled; the changed ones last."""
    emil = office.staff["emil.koordinator"]
    for number in range(kept + changed):
        case = await office.open_case(category)
        office.clock.advance(minutes=1)
        if number < kept:
            await office.desk.close(case.id, emil, "answered")
        else:
            await office.desk.move(case.id, emil, "kff.pas")


async def seen_before(office, kept: int, changed: int) -> None:
    """Decisions handled earlier, written at once: opening each as a case takes a hundred times longer."""
    rows = [
        {
            "case": uuid4(),
            "at": office.clock(),
            "queue": "department",
            "department": "tmf",
            "category": "tmf.veje",
            "language": "da",
            "channel": "mail",
            "contested": False,
            "outcome": "kept" if number < kept else "changed",
            "settled_at": office.clock(),
        }
        for number in range(kept + changed)
    ]
    async with office.chassis.database.write() as tx:
        await tx.execute(decision.insert(), rows)


async def break_promise(office) -> None:
    """Everything but the last act happened before."""
    await seen_before(office, kept=22, changed=7)
    await handle(office, kept=0, changed=1)


def matters(office) -> OfficeMatters:
    return OfficeMatters(office.chassis, office.desk.taxonomy, office.desk.changes)


async def turn_on(office) -> None:
    office.clock.advance(minutes=1)
    emil = office.staff["emil.koordinator"]
    await matters(office).turn("tmf.veje", emil, on=True, reason="as-usual")
    office.clock.advance(minutes=1)


async def decided(office, case_id):
    async with office.chassis.database.read() as reader:
        return (await reader.execute(select(decision).where(decision.c.case == case_id))).one()


@pytest.mark.parametrize(
    ("kept", "handled", "broken"),
    [(22, 30, True), (28, 30, False), (0, 29, False), (87, 100, True), (93, 100, False)],
)
def test_a_promise_is_broken_when_not_even_the_intervals_upper_end_keeps_it(kept, handled, broken):
    assert POLICY.broken_by(Share(kept, handled)) is broken


async def test_a_broken_promise_sends_the_next_case_to_triage(office):
    await handle(office, kept=22, changed=8)

    held = await office.open_case("tmf.veje")
    other = await office.open_case("tmf.affald")

    assert (held.queue, held.reason) == ("triage", "category-stopped")
    assert other.queue == "department"
    assert await office.bodies(SwitchTurned) == [
        {"switch": SWITCH, "on": False, "by": "monitor", "reason": "promise-broken"}
    ]


async def test_a_category_that_keeps_its_promise_goes_on(office):
    await seen_before(office, kept=38, changed=1)
    await handle(office, kept=0, changed=1)

    assert (await office.open_case("tmf.veje")).queue == "department"
    assert await office.said(SwitchTurned) == []


async def test_only_the_newest_cases_count_so_that_a_sudden_fall_is_seen(office):
    await seen_before(office, kept=2000, changed=0)
    office.clock.advance(minutes=1)
    await seen_before(office, kept=86, changed=13)
    office.clock.advance(minutes=1)
    await handle(office, kept=0, changed=1)

    assert (await office.open_case("tmf.veje")).queue == "triage"


async def test_too_few_cases_stop_nothing(office):
    await seen_before(office, kept=0, changed=POLICY.minimum - 2)
    await handle(office, kept=0, changed=1)

    assert await office.said(SwitchTurned) == []


async def test_further_mistakes_do_not_turn_it_twice(office):
    await break_promise(office)
    waiting = await office.open_case("tmf.veje")
    await office.desk.move(waiting.id, office.staff["emil.koordinator"], "kff.pas")

    assert len(await office.said(SwitchTurned)) == 1


async def test_its_own_event_coming_back_and_a_restart_change_nothing(data):
    async with open_office(data) as office:
        await break_promise(office)
        [body] = await office.bodies(SwitchTurned)
        now = office.clock.now
        await office.hear(enveloped(SwitchTurned(**body), uuid4()))

    async with open_office(data) as office:
        office.clock.now = now
        async with office.chassis.database.write() as tx:
            await office.desk.promises.hold(tx, "tmf.veje", now)
        case = await office.open_case("tmf.veje")

        assert case.queue == "triage"
        assert len(await office.said(SwitchTurned)) == 1


async def test_after_a_person_turned_it_on_older_evidence_no_longer_counts(office):
    await break_promise(office)
    await turn_on(office)

    await handle(office, kept=0, changed=1)
    after_one = await office.open_case("tmf.veje")

    assert after_one.queue == "department"


async def test_cases_decided_before_the_turn_do_not_count_though_they_are_handled_after_it(office):
    late = [await office.open_case("tmf.veje") for _ in range(3)]
    policy = POLICY.model_copy(update={"minimum": 2})
    await break_promise(office)
    await turn_on(office)
    desk = replace(office.desk, promises=replace(office.desk.promises, policy=policy))

    for case in late:
        await desk.move(case.id, office.staff["emil.koordinator"], "kff.pas")

    assert (await office.open_case("tmf.veje")).queue == "department"


async def test_it_stops_again_when_the_promise_is_broken_again(office):
    await break_promise(office)
    await turn_on(office)
    await break_promise(office)

    assert (await office.open_case("tmf.veje")).queue == "triage"
    states = [(body["on"], body["by"]) for body in await office.bodies(SwitchTurned)]
    assert states == [(False, "monitor"), (True, "emil.koordinator"), (False, "monitor")]


async def test_the_stop_leaves_with_the_act_or_not_at_all(office, monkeypatch):
    await seen_before(office, kept=22, changed=7)
    case = await office.open_case("tmf.veje")

    async def broken_outbox(*_args, **_options):
        raise RuntimeError

    monkeypatch.setattr(office.chassis.outbox, "put", broken_outbox)
    with pytest.raises(RuntimeError):
        await office.desk.move(case.id, office.staff["emil.koordinator"], "kff.pas")

    async with office.chassis.database.read() as reader:
        assert await switches.stopped(reader) == frozenset()
    assert (await decided(office, case.id)).outcome is None


async def test_a_municipality_can_leave_stopping_to_people(data, tmp_path):
    folder = tmp_path / "ours"
    folder.mkdir()
    own = POLICY.model_dump() | {"auto_stop": False}
    (folder / "monitor.yaml").write_text("\n".join(f"{k}: {v}" for k, v in own.items()), "utf-8")

    async with open_office(data, municipality=folder) as office:
        await break_promise(office)

        assert (await office.open_case("tmf.veje")).queue == "department"


async def test_moving_away_and_back_is_no_mistake(office):
    case = await office.open_case("tmf.veje")
    bilal, anna = office.staff["bilal.tmf"], office.staff["anna.kff"]

    await office.desk.move(case.id, bilal, "kff.pas")
    away = await decided(office, case.id)
    await office.desk.move(case.id, anna, "tmf.veje")
    back = await decided(office, case.id)
    await office.desk.close(case.id, bilal, "answered")
    done = await decided(office, case.id)

    assert (away.outcome, away.to_category) == ("changed", "kff.pas")
    assert (back.outcome, back.to_category) == (None, None)
    assert done.outcome == "kept"


@pytest.mark.parametrize("outcome", ["forwarded", "duplicate"])
async def test_a_case_passed_on_outside_or_set_aside_says_nothing_about_its_category(
    office, outcome
):
    case = await office.open_case("tmf.veje")

    await office.desk.close(case.id, office.staff["bilal.tmf"], outcome)

    assert (await decided(office, case.id)).outcome is None


async def test_out_of_triage_a_person_confirms_or_corrects_the_suggestion(office):
    emil = office.staff["emil.koordinator"]
    right = await office.open_case("tmf.veje", verdict="unsure", confidence=0.5)
    wrong = await office.open_case("tmf.veje", verdict="unsure", confidence=0.5)
    vague = await office.open_case("tmf.veje", verdict="unsure", confidence=0.5)

    await office.desk.move(right.id, emil, "tmf.veje")
    await office.desk.move(wrong.id, emil, "kff.pas")
    await office.desk.move(vague.id, emil, "tmf")

    outcomes = [(await decided(office, one.id)).outcome for one in (right, wrong, vague)]
    assert outcomes == ["kept", "changed", None]


async def test_the_first_act_of_staff_is_timed_and_no_later_one(office):
    case = await office.open_case("tmf.veje")
    bilal = office.staff["bilal.tmf"]
    office.clock.advance(hours=2)
    await office.desk.assign(case.id, bilal)
    office.clock.advance(hours=5)
    await office.desk.close(case.id, bilal, "answered")

    assert (await decided(office, case.id)).first_act_seconds == 2 * 3600


async def test_the_queues_and_the_switches_page_say_that_a_category_stopped(office):
    await break_promise(office)

    async with office.visitor("emil.koordinator") as emil:
        triage = (await emil.get("/?place=triage")).text
        elsewhere = (await emil.get("/?place=kff")).text
        switch_page = (await emil.get("/switches")).text

    assert "et menneske fordeler sagerne" in triage
    assert "Veje, fortove og gadelys" in triage
    assert "et menneske fordeler sagerne" not in elsewhere
    assert "løftet om rigtig sortering blev brudt" in switch_page
    assert "overvågningen" in switch_page


async def test_a_coordinator_turns_the_category_on_again_and_a_caseworker_cannot(office):
    await break_promise(office)
    office.clock.advance(minutes=1)
    fields = {"place": "tmf.veje", "turn": "on", "reason": "as-usual"}

    async with office.visitor("bilal.tmf") as bilal:
        refused = await bilal.post("/switches", **fields)
    still = await office.open_case("tmf.veje")
    async with office.visitor("emil.koordinator") as emil:
        turned = await emil.post("/switches", **fields)

    assert (refused.status_code, still.queue) == (403, "triage")
    assert turned.status_code == 303
    assert (await office.open_case("tmf.veje")).queue == "department"


async def test_nobody_can_say_that_the_monitor_did_it(office):
    async with office.visitor("emil.koordinator") as emil:
        answer = await emil.post("/switches", place="tmf.veje", turn="off", reason="promise-broken")

    assert answer.status_code == 409
    assert await office.said(SwitchTurned) == []
