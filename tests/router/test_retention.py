"""A closed case goes by itself when the municipality's own deadline is over, and what is archived never does."""

from datetime import timedelta

import pytest

from contracts.inquiry import DecisionContested, InquiryErased
from services.router.retention import Retention, RetentionError, load_retention
from services.router.retention_rounds import RetentionRounds
from tests.router.inquiries import MONDAY, parts_of
from tests.router.office import open_office

pytestmark = pytest.mark.slow

RULES = Retention(
    days=100,
    departments={"kff": 50, "bif": None},
    categories={"tmf.affald": 30},
    keep=frozenset({"sof", "tmf.veje"}),
)


@pytest.mark.parametrize(
    ("department", "category", "days"),
    [
        ("tmf", "tmf.parkering", 100),
        ("tmf", "tmf.affald", 30),
        ("tmf", None, 100),
        ("kff", "kff.pas", 50),
        ("bif", "bif.dagpenge", None),
        ("sof", "sof.boern-familier", None),
        ("tmf", "tmf.veje", None),
    ],
)
def test_the_nearest_rule_counts_and_what_is_archived_never_ends(department, category, days):
    assert RULES.days_of(department, category) == days
    due = MONDAY + timedelta(days=days) if days else None
    assert RULES.due_at(department, category, MONDAY) == due


def test_a_leap_day_and_the_change_to_summer_time_do_not_shift_it():
    closed = MONDAY.replace(year=2027, month=12, day=31)

    assert RULES.due_at("tmf", None, closed) - closed == timedelta(days=100)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("days: 3", "days: Input should be greater than or equal to 30"),
        ("keep: [tmf.rumfart]", "tmf.rumfart is neither a department nor a category"),
        ("dage: 100", "dage: Extra inputs are not permitted"),
        ("days: [", "is not valid YAML near line"),
    ],
)
def test_a_wrong_file_is_refused_with_one_sentence(office, tmp_path, text, said):
    (tmp_path / "retention.yaml").write_text(text)

    with pytest.raises(RetentionError, match=r"retention\.yaml") as error:
        load_retention(tmp_path, office.desk.taxonomy)
    assert said in str(error.value)


def test_the_sample_keeps_for_years_and_knows_every_name_in_it(office):
    sample = load_retention(None, office.desk.taxonomy)

    assert sample.days is not None
    assert sample.days >= 5 * 365
    assert sample.keep
    assert sample.unknown(office.desk.taxonomy) == []


@pytest.fixture
async def strict(data, tmp_path):
    """A municipality whose cases go after thirty days, but what stands in `keep`."""
    folder = tmp_path / "municipality"
    folder.mkdir()
    (folder / "retention.yaml").write_text("days: 30\nkeep: [tmf.veje]\n")
    async with open_office(data, municipality=folder) as opened:
        yield opened


async def closed_case(office, category="tmf.parkering", **understood):
    case = await office.open_case(category, **understood)
    await office.desk.close(case.id, office.staff["emil.koordinator"], "answered")
    return case


async def round_of(office) -> int:
    return await RetentionRounds(office.app.state.erasing).look()


async def test_it_goes_when_its_time_is_over_and_not_a_moment_before(strict):
    case = await closed_case(strict)
    kept = await closed_case(strict, "tmf.veje")
    still_open = await strict.open_case("tmf.parkering")

    strict.clock.advance(days=30, seconds=-1)
    assert await round_of(strict) == 0
    strict.clock.advance(seconds=1)
    assert await round_of(strict) == 1
    assert await round_of(strict) == 0

    assert await strict.bodies(InquiryErased) == [
        {
            "inquiry": str(case.inquiry),
            "reason": "retention-over",
            "requested_by": "retention",
            "approved_by": "retention",
            "records": None,
        }
    ]
    await strict.receipt()
    assert await strict.app.state.erasing.finish() == 1
    assert await strict.case(case.reference) is None
    for other in (kept, still_open):
        assert await strict.case(other.reference) is not None


async def test_what_the_citizen_opened_again_stays(strict):
    case = await closed_case(strict)
    strict.clock.advance(days=31)
    await strict.hear(DecisionContested(inquiry=case.inquiry, wish="wrong"))

    assert await round_of(strict) == 0


async def test_a_mixed_inquiry_stays_until_all_its_cases_may_go(strict):
    about = await strict.new_inquiry()
    first = await strict.open_case(received=about, parts=parts_of("tmf.parkering", "kff.pas"))
    emil = strict.staff["emil.koordinator"]
    await strict.desk.close(first.id, emil, "answered")
    strict.clock.advance(days=20)
    second = await strict.case(f"{first.reference}-2")
    await strict.desk.close(second.id, emil, "answered")

    strict.clock.advance(days=20)
    assert await round_of(strict) == 0
    strict.clock.advance(days=10)
    assert await round_of(strict) == 1


async def test_what_somebody_asked_to_erase_waits_for_the_second_person(strict):
    case = await closed_case(strict)
    await strict.app.state.erasing.ask(
        case.inquiry, strict.staff["hanne.dpo"], "objection", "no-record"
    )
    strict.clock.advance(days=31)

    assert await round_of(strict) == 0
    async with strict.visitor("hanne.dpo") as hanne:
        assert "udløber fristen for 0 henvendelser" in (await hanne.get("/erasures")).text


async def test_the_page_says_how_many_fall_due_and_by_which_rule(strict):
    await closed_case(strict)
    await closed_case(strict)
    await closed_case(strict, "tmf.veje")
    strict.clock.advance(days=1)
    async with strict.visitor("hanne.dpo") as hanne:
        page = (await hanne.get("/erasures")).text

    assert "Inden for 30 dage udløber fristen for 2 henvendelser" in page
    assert "30 dage efter, at sagen er lukket" in page
    assert "afleveres til arkiv; slettes ikke af sig selv" in page


def test_a_municipality_that_wrote_no_file_loses_nothing_to_ours(office, tmp_path):
    silent = load_retention(tmp_path, office.desk.taxonomy)

    assert silent.days_of("tmf", "tmf.affald") is None
