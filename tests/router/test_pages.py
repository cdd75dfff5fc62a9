"""Who sees what: roles, departments, refusals in words, and pages that hold what they promise."""

import pytest

from contracts.case import CaseMoved
from contracts.governance import ErrorReported, SwitchTurned
from tests.router.inquiries import SENDER, TITLE, WORDS

pytestmark = pytest.mark.slow

PAGES_OF_MANAGERS = ("/dead-letters", "/corrections", "/switches", "/bounced", "/reports")


async def test_nobody_comes_in_without_logging_in(office):
    case = await office.open_case()

    async with office.visitor() as stranger:
        for path in ("/", f"/cases/{case.reference}", "/report", *PAGES_OF_MANAGERS):
            answer = await stranger.get(path)
            assert answer.status_code == 303, path
            assert answer.headers["location"].startswith("/login?next="), path


@pytest.mark.parametrize("path", PAGES_OF_MANAGERS)
async def test_a_caseworker_does_not_come_into_the_coordinators_pages(office, path):
    async with office.visitor("bilal.tmf") as bilal:
        assert (await bilal.get(path)).status_code == 403
    async with office.visitor("emil.koordinator") as emil:
        assert (await emil.get(path)).status_code == 200


@pytest.mark.parametrize("account", ["freja.redaktoer", "gustav.borgerraadgiver", "hanne.dpo"])
async def test_who_handles_no_cases_sees_none(office, account):
    case = await office.open_case()

    async with office.visitor(account) as member:
        assert (await member.get("/")).status_code == 403
        assert (await member.get(f"/cases/{case.reference}")).status_code == 403


async def test_the_departments_own_caseworker_reads_the_case(office):
    case = await office.open_case()

    async with office.visitor("bilal.tmf") as bilal:
        page = (await bilal.get(f"/cases/{case.reference}")).text

    assert WORDS in page
    assert TITLE in page
    assert SENDER.partition(" <")[0] in page


async def test_another_departments_caseworker_is_refused_and_reads_nothing(office):
    case = await office.open_case()

    async with office.visitor("anna.kff") as anna:
        page = await anna.get(f"/cases/{case.reference}")
        act = await anna.post(f"/cases/{case.reference}/move", target="kff.pas")
        queue = await anna.get("/?place=tmf")

    assert page.status_code == act.status_code == queue.status_code == 403
    assert WORDS not in page.text
    assert await office.said(CaseMoved) == []


async def test_a_form_without_its_token_is_refused(office):
    case = await office.open_case()

    async with office.visitor("bilal.tmf") as bilal:
        answer = await bilal.client.post(
            f"/cases/{case.reference}/close", data={"outcome": "answered"}
        )

    assert answer.status_code == 403
    assert (await office.case(case.reference)).status == "open"


async def test_a_refused_reply_keeps_what_was_written(office):
    case = await office.open_case(received=await office.new_inquiry(sender=None))

    async with office.visitor("bilal.tmf") as bilal:
        page = await bilal.post(f"/cases/{case.reference}/reply", text="Et langt svar <b>")

    assert page.status_code == 409
    assert "Et langt svar &lt;b&gt;" in page.text
    assert 'role="alert"' in page.text


async def test_what_a_citizen_writes_is_text_and_never_markup(office):
    about = await office.new_inquiry()
    key = await office.chassis.keyring.data_key(about.inquiry)
    evil = "<script>alert(1)</script><img src=x onerror=alert(2)>"
    case = await office.open_case(
        received=about.model_copy(
            update={"text": key.seal("text", evil), "title": key.seal("title", evil)}
        )
    )

    async with office.visitor("bilal.tmf") as bilal:
        page = (await bilal.get(f"/cases/{case.reference}")).text
        queue = (await bilal.get("/")).text

    for shown in (page, queue):
        assert "<script>alert" not in shown
        assert "<img src=x" not in shown
    assert "&lt;script&gt;" in page


async def test_an_erased_case_can_still_be_seen_but_not_read(office):
    case = await office.open_case()
    await office.chassis.keyring.shred(case.inquiry)

    async with office.visitor("bilal.tmf") as bilal:
        page = await bilal.get(f"/cases/{case.reference}")
        queue = await bilal.get("/")

    assert page.status_code == queue.status_code == 200
    assert "nøglen er destrueret" in page.text
    assert case.reference in queue.text


async def test_a_reference_is_found_as_people_type_it(office):
    case = await office.open_case()

    async with office.visitor("bilal.tmf") as bilal:
        typed = case.reference.lower().replace("-", " ")
        found = await bilal.get("/find", params={"reference": typed})
        none = await bilal.get("/find", params={"reference": "HV-00000-00000"})

    assert found.headers["location"] == f"/cases/{case.reference}"
    assert "Ingen sag har denne reference" in none.text


async def test_a_dead_letter_can_be_sent_again_once_the_broker_is_there(office):
    from tests.router.inquiries import classified

    sent = []

    async def publish(record):
        sent.append(record)

    office.chassis.publish_record = publish
    about = await office.new_inquiry()
    await office.hear(classified(about, "tmf.motorveje"))
    from contracts.governance import DeadLettered

    [body] = await office.bodies(DeadLettered)
    await office.hear(DeadLettered.model_validate(body))

    async with office.visitor("ida.drift") as ida:
        answer = await ida.post(f"/dead-letters/{body['letter']}/again")
        page = (await ida.get("/dead-letters")).text

    assert answer.status_code == 303
    [record] = sent
    assert record.topic == "inquiry.classified"
    assert record.key == str(about.inquiry).encode()
    assert b"tmf.motorveje" in record.value
    assert record.headers["ce_type"] == "inquiry.classified.v1"
    assert "sendt igen" in page


async def test_switching_a_department_off_holds_its_next_cases_back_and_names_who_did_it(office):
    async with office.visitor("emil.koordinator") as emil:
        await emil.post("/switches", place="tmf", turn="off", reason="wrong-decisions")
        page = (await emil.get("/switches")).text

    held = await office.open_case("tmf.veje")
    other = await office.open_case("kff.pas")

    assert (held.queue, held.reason) == ("triage", "switched-off")
    assert other.queue == "department"
    [body] = await office.bodies(SwitchTurned)
    assert body == {
        "switch": "routing.tmf",
        "on": False,
        "by": "emil.koordinator",
        "reason": "wrong-decisions",
    }
    assert "slået fra" in page

    office.clock.advance(minutes=1)
    async with office.visitor("emil.koordinator") as emil:
        await emil.post("/switches", place="tmf", turn="on", reason="as-usual")

    assert (await office.open_case("tmf.veje")).queue == "department"


async def test_one_switch_stops_the_machine_for_all(office):
    async with office.visitor("ida.drift") as ida:
        await ida.post("/switches", place="", turn="off", reason="maintenance")

    assert (await office.open_case("tmf.veje")).queue == "triage"
    assert (await office.open_case("kff.pas")).queue == "triage"


async def test_a_switch_turned_elsewhere_is_obeyed_and_an_old_turn_is_not(office):
    off = SwitchTurned(switch="routing.tmf", on=False, by="classifier", reason="wrong-decisions")
    from datetime import timedelta
    from uuid import uuid4

    from tests.router.inquiries import MONDAY, enveloped

    await office.hear(enveloped(off, uuid4()))
    older = enveloped(off.model_copy(update={"on": True}), uuid4())
    await office.hear(older.model_copy(update={"time": MONDAY - timedelta(hours=1)}))

    assert (await office.open_case("tmf.veje")).queue == "triage"


@pytest.mark.parametrize(
    "fields",
    [
        {"place": "tmf", "turn": "off", "reason": "because I say so"},
        {"place": "xyz", "turn": "off", "reason": "maintenance"},
    ],
)
async def test_a_switch_needs_a_department_and_a_reason_from_the_list(office, fields):
    async with office.visitor("emil.koordinator") as emil:
        assert (await emil.post("/switches", **fields)).status_code == 409

    assert await office.said(SwitchTurned) == []


async def test_a_reported_error_is_sealed_and_reaches_operations(office):
    words = "Siden viser en forkert frist for Åse Quistgaard"

    async with office.visitor("bilal.tmf") as bilal:
        form = (await bilal.get("/report?page=router/cases/HV-1")).text
        sent = await bilal.post("/report", page="router/cases/HV-1", text=words)
    async with office.visitor("ida.drift") as ida:
        listed = (await ida.get("/reports")).text

    assert 'value="router/cases/HV-1"' in form
    assert sent.headers["location"] == "/report?sent=true"
    assert words in listed
    [row] = await office.said(ErrorReported)
    assert words.encode() not in row.value
    assert b"bilal.tmf" in row.value

    [body] = await office.bodies(ErrorReported)
    async with office.visitor("ida.drift") as ida:
        await ida.post(f"/reports/{body['report']}/settle")
        assert "Løst" in (await ida.get("/reports")).text


async def test_an_empty_report_is_refused(office):
    async with office.visitor("bilal.tmf") as bilal:
        assert (await bilal.post("/report", page="x", text=" ")).status_code == 409

    assert await office.said(ErrorReported) == []


async def test_every_staff_page_leads_to_the_error_report(office):
    case = await office.open_case()

    async with office.visitor("emil.koordinator") as emil:
        for path in ("/", f"/cases/{case.reference}", *PAGES_OF_MANAGERS):
            assert f"/report?page=router{path}" in (await emil.get(path)).text, path


async def test_a_case_moved_twice_alerts_with_its_way(office):
    case = await office.open_case("tmf.veje")
    await office.desk.move(case.id, office.staff["bilal.tmf"], "kff.pas")
    async with office.visitor("emil.koordinator") as emil:
        assert case.reference not in (await emil.get("/bounced")).text

    office.clock.advance(minutes=1)
    await office.desk.move(case.id, office.staff["anna.kff"], "tmf.veje")
    async with office.visitor("emil.koordinator") as emil:
        listed = (await emil.get("/bounced")).text
        page = (await emil.get(f"/cases/{case.reference}")).text

    way = "Teknik- og Miljøforvaltningen → Kultur- og Fritidsforvaltningen → Teknik- og Milj"
    assert case.reference in listed
    assert way in " ".join(listed.split())
    assert "flyttet 2 gange" in page
    assert way in " ".join(page.split())


@pytest.mark.parametrize("path", ["/nothing", "/cases/HV-00000-00000"])
async def test_what_is_not_there_is_said_kindly(office, path):
    async with office.visitor("bilal.tmf") as bilal:
        answer = await bilal.get(path)

    assert answer.status_code == 404
    assert "<h1>" in answer.text
