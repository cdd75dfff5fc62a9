"""The monitor as people and tools see it, on a seeded past of several hundred cases."""

from xml.etree import ElementTree as ET

import pytest

from contracts.answer import QuestionAnswered
from contracts.inquiry import ModelRef
from services.router.charts import histogram_chart, interval_bar, reliability_chart
from services.router.measures import Share
from services.router.monitor import Bin, Column
from services.router.monitor_rounds import Rounds
from tests.router.monitored import Past, live_through

pytestmark = pytest.mark.slow

WATCHERS = ["emil.koordinator", "ida.drift", "gustav.borgerraadgiver", "hanne.dpo"]
NOW = Past(700, 0.2, 30, bad=("tmf.affald", 0.84), strange=0.25, seed=7)
BEFORE = Past(1600, 30, 120, seed=8)


@pytest.fixture
async def lived(office):
    await live_through(office, NOW, BEFORE)
    return office


@pytest.mark.parametrize("account", WATCHERS)
async def test_who_watches_the_machine_sees_the_monitor(office, account):
    async with office.visitor(account) as visitor:
        assert (await visitor.get("/monitor")).status_code == 200


@pytest.mark.parametrize("account", ["bilal.tmf", "freja.redaktoer", None])
async def test_nobody_else_does(office, account):
    async with office.visitor(account) as visitor:
        assert (await visitor.get("/monitor")).status_code in {303, 403}
        assert (await visitor.get("/monitor.json")).status_code in {303, 403}


@pytest.mark.parametrize("language", ["da", "sv", "en"])
async def test_an_empty_past_is_too_few_to_say_in_every_language(office, language):
    async with office.visitor("emil.koordinator", **{"accept-language": language}) as emil:
        page = await emil.get("/monitor")

    few = {"da": "for få", "sv": "för få", "en": "too few"}[language]
    assert page.status_code == 200
    assert few in page.text


async def test_the_page_names_the_category_that_fell_with_its_figures(lived):
    async with lived.visitor("emil.koordinator") as emil:
        page = (await emil.get("/monitor")).text
        figures = (await emil.get("/monitor.json")).json()

    [waste] = [one for one in figures["now"]["categories"] if one["name"] == "tmf.affald"]
    share = f"{100 * waste['kept']['value']:.1f}".replace(".", ",")
    n = waste["kept"]["whole"]
    assert waste["kept"]["interval"][1] < 0.95
    said = f"Præcisionen for Affald og genbrug er faldet til {share}\N{NO-BREAK SPACE}% (n={n})"
    assert said in page
    alerted = {(one["kind"], one["about"]) for one in figures["alerts"]}
    assert {("broken", "tmf.affald"), ("strange", "")} <= alerted


async def test_the_figures_of_the_json_add_up_with_what_was_lived(lived):
    async with lived.visitor("emil.koordinator") as emil:
        figures = (await emil.get("/monitor.json")).json()
        longer = (await emil.get("/monitor.json?days=90")).json()

    now = figures["now"]
    assert now["total"]["cases"] == 700
    assert figures["before"]["total"]["cases"] == 1600
    assert sum(one["cases"] for one in now["languages"]) == 700
    assert sum(share["part"] for _, share in now["verdicts"]) == 700
    assert sum(one["automatic"] + one["triage"] for one in now["histogram"]) == 700
    assert longer["now"]["total"]["cases"] > 700


async def test_filters_narrow_every_figure(lived):
    async with lived.visitor("emil.koordinator") as emil:
        all_of_it = (await emil.get("/monitor.json")).json()
        some = (await emil.get("/monitor.json?department=tmf&language=sv")).json()
        page = await emil.get("/monitor?department=tmf&language=sv")

    [tmf] = some["now"]["departments"]
    [swedish] = some["now"]["languages"]
    assert (tmf["name"], swedish["name"]) == ("tmf", "sv")
    assert 0 < some["now"]["total"]["cases"] < all_of_it["now"]["total"]["cases"]
    assert '<option value="tmf" selected>' in page.text


@pytest.mark.parametrize("query", ["days=8", "department=xyz", "language=de", "days=abc"])
async def test_a_filter_that_does_not_exist_is_refused(office, query):
    async with office.visitor("emil.koordinator") as emil:
        assert (await emil.get(f"/monitor?{query}")).status_code == 400


async def test_a_stopped_category_is_on_top_with_how_staff_have_judged_it_since(lived):
    emil_himself = lived.staff["emil.koordinator"]
    async with lived.chassis.database.write() as tx:
        await lived.desk.promises.hold(tx, "tmf.affald", lived.clock())
    lived.clock.advance(minutes=1)
    for target in ("tmf.affald", "tmf.affald", "tmf.miljoe"):
        case = await lived.open_case("tmf.affald")
        await lived.desk.move(case.id, emil_himself, target)

    async with lived.visitor("emil.koordinator") as emil:
        page = (await emil.get("/monitor")).text
        figures = (await emil.get("/monitor.json")).json()

    assert figures["stops"]["tmf.affald"]["since"]["part"] == 2
    assert figures["stops"]["tmf.affald"]["since"]["whole"] == 3
    assert figures["alerts"][0]["kind"] == "stopped"
    assert "Den automatiske fordeling af Affald og genbrug er standset" in page
    assert 'href="/switches#switch-tmf.affald"' in page


async def test_chat_answers_without_a_person_count_and_handed_over_ones_do_not(office):
    from uuid import uuid4

    for turn, verdict in enumerate(["answered", "answered", "handed-over", "declined"]):
        await office.hear(
            QuestionAnswered(
                inquiry=uuid4(),
                turn=turn,
                verdict=verdict,
                language="da",
                confidence=0.9,
                threshold=0.5,
                model=ModelRef(name="m", digest="ab" * 32),
            )
        )
    office.clock.advance(minutes=1)

    async with office.visitor("emil.koordinator") as emil:
        figures = (await emil.get("/monitor.json")).json()

    assert figures["effect"]["answered"] == 2


async def test_the_rounds_measure_for_prometheus_and_say_an_alert_once(lived, capsys):
    rounds = Rounds(lived.desk.promises, lived.desk.taxonomy)

    await rounds.look()
    first = capsys.readouterr().out
    await rounds.look()
    second = capsys.readouterr().out

    metrics = lived.chassis.metrics.render().decode()
    assert 'henvend_live_precision{department="tmf"} 0.9' in metrics
    assert 'henvend_live_precision{department="okf"} NaN' in metrics
    assert 'henvend_live_alerts{level="error"}' in metrics
    assert "monitor_alert_raised" in first
    assert "monitor_alert_raised" not in second


async def test_the_rounds_stop_what_a_stricter_file_no_longer_allows(lived):
    await Rounds(lived.desk.promises, lived.desk.taxonomy).sweep()

    assert (await lived.open_case("tmf.affald")).queue == "triage"
    assert (await lived.open_case("tmf.veje")).queue == "department"


def test_charts_are_wellformed_have_a_name_and_no_style_and_escape_what_they_show():
    words = {"key": "k", "title": "<T&>", "about": "d", "across": "a", "up": "u", "written": str}
    drawn = [
        reliability_chart([Bin(0.9, 1.0, 0.95, Share(90, 100))], **words),
        histogram_chart([Column(0.0, 0.05, 3, 2), Column(0.95, 1.0, 9, 0)], **words),
        histogram_chart([], **words),
        interval_bar(Share(88, 100), 0.95, 0.8),
    ]

    for one in drawn:
        root = ET.fromstring(one)
        assert "style" not in {name for part in root.iter() for name in part.attrib}
    [title] = [part.text for part in ET.fromstring(drawn[0]) if part.tag == "title"]
    assert title == "<T&>"


async def test_the_page_keeps_the_content_policy(lived):
    async with lived.visitor("emil.koordinator") as emil:
        page = (await emil.get("/monitor")).text

    assert " style=" not in page
    assert "<style" not in page
    assert page.count("<script") == 3
