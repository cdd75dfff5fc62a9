"""What staff do with a case: each act is in the history and in an event, or is refused in words."""

import pytest

from contracts.case import CaseAssigned, CaseClosed, CaseMoved, CaseReplied, CorrectionConfirmed
from contracts.event import Sealed
from services.router.acts import ActRefusedError
from services.router.adapters import corrections

pytestmark = pytest.mark.slow

REPLY = "Hullet bliver lappet på torsdag af vejvagten"


async def open_corrections(office):
    async with office.chassis.database.read() as reader:
        return await corrections.open_corrections(reader)


async def test_taking_a_case_names_who_has_it(office):
    case = await office.open_case()

    await office.desk.assign(case.id, office.staff["bilal.tmf"])

    assert (await office.case(case.reference)).assigned_to == "bilal.tmf"
    assert await office.acts(case.id) == [("assigned", "bilal.tmf")]
    [body] = await office.bodies(CaseAssigned)
    assert body["to"] == "bilal.tmf"
    assert body["by"] == {"account": "bilal.tmf", "role": "caseworker"}


async def test_wrong_department_moves_the_case_and_proposes_a_correction(office):
    case = await office.open_case("tmf.veje")

    await office.desk.move(case.id, office.staff["bilal.tmf"], "kff.pas")

    moved = await office.case(case.reference)
    assert (moved.queue, moved.department, moved.category) == ("department", "kff", "kff.pas")
    assert (moved.moves, moved.assigned_to) == (1, None)
    [body] = await office.bodies(CaseMoved)
    assert (body["from_department"], body["to_department"]) == ("tmf", "kff")
    assert (body["from_category"], body["to_category"]) == ("tmf.veje", "kff.pas")
    [proposal] = await open_corrections(office)
    assert (proposal.was, proposal.now, proposal.proposed_by) == (
        "tmf.veje",
        "kff.pas",
        "bilal.tmf",
    )


async def test_moving_to_a_whole_department_proposes_nothing(office):
    case = await office.open_case("tmf.veje")

    await office.desk.move(case.id, office.staff["bilal.tmf"], "kff")

    moved = await office.case(case.reference)
    assert (moved.department, moved.category) == ("kff", None)
    assert await open_corrections(office) == []


async def test_moving_a_case_back_withdraws_the_proposal(office):
    case = await office.open_case("tmf.veje")
    await office.desk.move(case.id, office.staff["bilal.tmf"], "kff.pas")

    await office.desk.move(case.id, office.staff["anna.kff"], "tmf.veje")

    assert await open_corrections(office) == []


async def test_out_of_triage_is_not_yet_back_and_forth(office):
    case = await office.open_case("tmf.veje", verdict="unsure")

    await office.desk.move(case.id, office.staff["emil.koordinator"], "kff.pas")

    assert (await office.case(case.reference)).moves == 0
    [body] = await office.bodies(CaseMoved)
    assert body["from_department"] == "triage"


async def test_a_triaged_case_may_go_where_the_machine_suggested(office):
    case = await office.open_case("tmf.veje", verdict="unsure")

    await office.desk.move(case.id, office.staff["emil.koordinator"], "tmf.veje")

    assert (await office.case(case.reference)).queue == "department"
    assert await open_corrections(office) == []


@pytest.mark.parametrize(
    ("target", "reason"),
    [("tmf.veje", "nowhere"), ("tmf.nothing", "unknown_target"), ("", "unknown_target")],
)
async def test_a_move_that_leads_nowhere_is_refused(office, target, reason):
    case = await office.open_case("tmf.veje")

    with pytest.raises(ActRefusedError) as refused:
        await office.desk.move(case.id, office.staff["bilal.tmf"], target)

    assert refused.value.reason == reason
    assert await office.acts(case.id) == []
    assert await office.said(CaseMoved) == []


async def test_another_department_cannot_act_on_the_case(office):
    case = await office.open_case("tmf.veje")

    for act in (
        office.desk.assign(case.id, office.staff["anna.kff"]),
        office.desk.move(case.id, office.staff["anna.kff"], "kff.pas"),
        office.desk.reply(case.id, office.staff["anna.kff"], REPLY),
        office.desk.close(case.id, office.staff["anna.kff"], "answered"),
    ):
        with pytest.raises(ActRefusedError, match="not_yours"):
            await act

    assert await office.acts(case.id) == []


async def test_a_caseworker_cannot_pick_another_departments_case_out_of_triage(office):
    case = await office.open_case("tmf.veje", verdict="unsure")

    with pytest.raises(ActRefusedError, match="not_yours"):
        await office.desk.assign(case.id, office.staff["anna.kff"])
    await office.desk.assign(case.id, office.staff["bilal.tmf"])

    assert await office.acts(case.id) == [("assigned", "bilal.tmf")]


async def test_a_closed_case_takes_no_more_acts(office):
    case = await office.open_case()
    member = office.staff["bilal.tmf"]
    await office.desk.close(case.id, member, "answered")

    for act in (
        office.desk.assign(case.id, member),
        office.desk.move(case.id, member, "kff.pas"),
        office.desk.reply(case.id, member, REPLY),
        office.desk.close(case.id, member, "duplicate"),
    ):
        with pytest.raises(ActRefusedError, match="closed"):
            await act

    [body] = await office.bodies(CaseClosed)
    assert body["outcome"] == "answered"
    assert await office.acts(case.id) == [("closed", "bilal.tmf")]


@pytest.mark.parametrize(("text", "reason"), [(" \n ", "empty"), ("x" * 20_001, "too_long")])
async def test_a_reply_without_words_or_without_end_is_refused(office, text, reason):
    case = await office.open_case()

    with pytest.raises(ActRefusedError, match=reason):
        await office.desk.reply(case.id, office.staff["bilal.tmf"], text)


async def test_a_mail_without_a_sender_cannot_be_answered(office):
    case = await office.open_case(received=await office.new_inquiry(sender=None))

    with pytest.raises(ActRefusedError, match="unanswerable"):
        await office.desk.reply(case.id, office.staff["bilal.tmf"], REPLY)


async def test_a_reply_to_a_chat_without_an_address_goes_to_the_chat_only(office):
    case = await office.open_case(received=await office.new_inquiry(channel="chat", sender=None))

    await office.desk.reply(case.id, office.staff["bilal.tmf"], REPLY)

    assert len(await office.said(CaseReplied)) == 1
    assert await office.mails(case.id) == []


async def test_a_reply_is_an_event_that_only_the_inquirys_key_opens(office):
    case = await office.open_case()

    await office.desk.reply(case.id, office.staff["bilal.tmf"], REPLY)

    [body] = await office.bodies(CaseReplied)
    key = await office.chassis.keyring.data_key(case.inquiry)
    assert key.open("reply", Sealed(**body["reply"])) == REPLY


async def test_nothing_the_citizen_or_the_staff_wrote_rests_in_clear(office):
    case = await office.open_case()
    await office.desk.reply(case.id, office.staff["bilal.tmf"], REPLY)
    await office.receipt()
    await office.mailroom.send_due()

    files = [path for path in office.settings.data.rglob("*") if path.is_file()]
    kept = {path.name: path.read_bytes() for path in files}

    assert kept["router.db"]
    for words in (REPLY, "asfalten på Birkevej", "Quistgaard", "aase@quistgaard", "Hul i Birkevej"):
        assert [name for name, content in kept.items() if words.encode() in content] == []


async def test_nobody_confirms_their_own_correction(office):
    case = await office.open_case("tmf.veje")
    emil = office.staff["emil.koordinator"]
    await office.desk.move(case.id, emil, "kff.pas")

    with pytest.raises(ActRefusedError, match="own_correction"):
        await office.desk.settle_correction(case.id, emil, agreed=True)

    assert await office.said(CorrectionConfirmed) == []


async def test_a_second_person_makes_a_correction_training_material(office):
    case = await office.open_case("tmf.veje")
    await office.desk.move(case.id, office.staff["bilal.tmf"], "kff.pas")

    await office.desk.settle_correction(case.id, office.staff["emil.koordinator"], agreed=True)

    [body] = await office.bodies(CorrectionConfirmed)
    assert (body["was"], body["now"]) == ("tmf.veje", "kff.pas")
    assert body["proposed_by"]["account"] == "bilal.tmf"
    assert body["confirmed_by"]["account"] == "emil.koordinator"
    assert await open_corrections(office) == []


async def test_a_rejected_correction_never_becomes_training_material(office):
    case = await office.open_case("tmf.veje")
    await office.desk.move(case.id, office.staff["bilal.tmf"], "kff.pas")
    emil = office.staff["emil.koordinator"]

    await office.desk.settle_correction(case.id, emil, agreed=False)
    with pytest.raises(ActRefusedError):
        await office.desk.settle_correction(case.id, emil, agreed=True)

    assert await office.said(CorrectionConfirmed) == []
    assert await open_corrections(office) == []


async def test_an_unknown_case_is_gone(office):
    from uuid import uuid4

    with pytest.raises(ActRefusedError, match="gone"):
        await office.desk.assign(uuid4(), office.staff["emil.koordinator"])
