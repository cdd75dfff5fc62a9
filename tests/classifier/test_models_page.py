"""The page on which a model is proposed by one person and put to work by another."""

import pytest

from contracts.governance import ModelPromoted
from infra.chassis.chassis import open_chassis
from tests.classifier.school import BILAL, EMIL, IDA, judged, line, open_school
from tests.conftest import until

pytestmark = pytest.mark.slow


@pytest.fixture
async def school(tmp_path, stored):
    async with open_school(tmp_path / "data", stored / "first") as opened:
        yield opened


async def first_of(school) -> str:
    return (await school.promotions.champion()).statement.digest


async def open_proposal(school) -> str:
    from services.classifier.adapters.promotions import open_proposals

    async with school.chassis.database.read() as reader:
        (one,) = await open_proposals(reader)
    return str(one.id)


async def test_nobody_comes_in_without_logging_in(school):
    async with school.visitor() as stranger:
        assert (await stranger.get("/models")).headers["location"].startswith("/login")


async def test_a_caseworker_does_not_come_in(school):
    async with school.visitor(BILAL) as visitor:
        assert (await visitor.get("/models")).status_code == 403


async def test_a_form_without_its_token_is_refused(school, stored):
    second = judged(stored / "second", await first_of(school), school.data)
    async with school.visitor(EMIL) as visitor:
        answer = await visitor.client.post("/models/proposals", data={"digest": second})

    assert answer.status_code == 403


async def test_it_says_which_model_decides_and_that_nobody_but_the_installation_vouches(school):
    async with school.visitor(EMIL) as visitor:
        page = await visitor.get("/models")

    assert page.status_code == 200
    assert (await first_of(school))[:12] in page.text
    assert "The installation itself" in page.text
    assert "henvend retrain" in page.text


async def test_it_says_what_the_inquiries_read_so_far_cost(school):
    async with school.visitor(EMIL) as visitor:
        before = await visitor.get("/models")
        await school.inquiry("hul i vejen")
        after = await visitor.get("/models")

    assert "Nothing has been read since the start" in before.text
    assert "Wh per 1,000 inquiries" in after.text
    assert "About 0.000 Wh" not in after.text


async def test_one_proposes_the_other_approves_and_the_next_inquiry_is_read_by_the_new_model(
    school, stored
):
    first = await first_of(school)
    second = judged(stored / "second", first, school.data, line(candidate=0.93))
    await school.inquiry("hul i vejen")

    async with school.visitor(EMIL) as emil, school.visitor(IDA) as ida:
        page = await emil.get("/models")
        assert "93.0 %" in page.text
        assert (await emil.post("/models/proposals", digest=second)).status_code == 303
        where = f"/models/proposals/{await open_proposal(school)}"
        own = await emil.post(where, verdict="approve")
        assert own.status_code == 409
        assert "Somebody else must approve" in own.text
        assert (await ida.post(where, verdict="approve")).status_code == 303

    await school.inquiry("hul i vejen igen")
    assert [one.data.model.digest for one in school.published] == [first, second]
    assert (await school.said(ModelPromoted))[-1].approved_by == (EMIL, IDA)


async def test_a_refused_candidate_shows_why_and_has_no_button(school, stored):
    worse = line("urgent_recall", candidate=0.5, judgement="worse")
    second = judged(stored / "second", await first_of(school), school.data, worse)

    async with school.visitor(EMIL) as visitor:
        page = await visitor.get("/models")
        answer = await visitor.post("/models/proposals", digest=second)

    assert "Urgent inquiries found" in page.text
    assert f'value="{second}"' not in page.text
    assert answer.status_code == 409


@pytest.mark.parametrize("digest", ["", "../../keys", "ab" * 32])
async def test_a_digest_that_is_no_models_is_refused(school, digest):
    async with school.visitor(EMIL) as visitor:
        assert (await visitor.post("/models/proposals", digest=digest)).status_code == 409


async def test_the_way_back_is_offered_and_taken(school, stored):
    first = await first_of(school)
    second = judged(stored / "second", first, school.data)
    async with school.visitor(EMIL) as emil, school.visitor(IDA) as ida:
        for digest in (second, first):
            await emil.post("/models/proposals", digest=digest)
            await ida.post(f"/models/proposals/{await open_proposal(school)}", verdict="approve")

    assert await first_of(school) == first
    await school.inquiry("hul i vejen")
    assert school.published[-1].data.model.digest == first


async def test_a_proposal_can_be_withdrawn(school, stored):
    second = judged(stored / "second", await first_of(school), school.data)
    async with school.visitor(EMIL) as emil:
        await emil.post("/models/proposals", digest=second)
        where = f"/models/proposals/{await open_proposal(school)}"
        assert (await emil.post(where, verdict="reject")).status_code == 303
        page = await emil.get("/models")

    assert "No proposal waits" in page.text


async def test_a_promotion_by_another_process_is_taken_over_too(school, stored, tmp_path):
    """Two classifiers on one database: only one of them served the page."""
    import asyncio

    from services.classifier import model_in_use
    from services.classifier.promote import Promotions
    from services.classifier.signature import load_signer
    from tests.classifier.school import load_words

    other = await model_in_use.ModelInUse.start(school.promotions, load_words)
    second = judged(stored / "second", await first_of(school), school.data)
    following = asyncio.create_task(other.follow(school.promotions))
    async with open_chassis(
        "classifier", school.settings, migrations="services.classifier.migrations"
    ) as elsewhere:
        there = Promotions(
            elsewhere.database,
            elsewhere.outbox,
            load_signer(school.settings.keys),
            school.data,
            school.clock,
        )

        async def nothing(_folder):
            return lambda: None

        proposal = await there.propose(second, school.staff[EMIL])
        await there.approve(proposal, school.staff[IDA], nothing)
    try:
        await until(lambda: other.model.digest == second)
    finally:
        following.cancel()
