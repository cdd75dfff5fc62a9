"""Other rules are tried on the past before they decide anything."""

from dataclasses import replace

import pytest
import yaml
from typer import Typer
from typer.testing import CliRunner

from contracts.taxonomy import load_taxonomy
from services.router.adapters.history import routed_since
from services.router.adapters.office_days import OfficeHolidays
from services.router.commands import mount
from services.router.replay import Past, replay
from services.router.route import RoutingTable
from services.router.rules import load_rules
from tests.router.inquiries import MONDAY, classified, parts_of, received

pytestmark = pytest.mark.slow

TAXONOMY = load_taxonomy()
TABLE = RoutingTable(load_rules(None, TAXONOMY), TAXONOMY, OfficeHolidays())
ROADS_TO_TRIAGE = {
    "id": "roads",
    "why": "Roads are being reorganised.",
    "when": {"category": "tmf.veje"},
    "then": {"queue": "triage", "deadline_days": 10},
}
REST = {"id": "rest", "why": "-", "then": {"queue": "department", "deadline_days": 10}}


@pytest.fixture
def other_rules(tmp_path):
    file = tmp_path / "other.yaml"
    file.write_text(yaml.safe_dump({"rules": [ROADS_TO_TRIAGE, REST]}), "utf-8")
    return file


@pytest.fixture
def other(other_rules):
    return replace(TABLE, rules=load_rules(other_rules, TAXONOMY))


def past(category, **changes):
    about = received()
    return Past(about, classified(about, category, **changes), MONDAY)


def test_the_same_rules_change_nothing():
    found = replay([past("tmf.veje"), past(None)], TABLE, TABLE)

    assert (found.cases, found.changes) == (2, ())


def test_it_names_the_cases_that_would_go_elsewhere_and_the_rules(other):
    road, passport = past("tmf.veje"), past("kff.pas")

    [change] = replay([road, passport], TABLE, other).moves

    assert change.reference == road.received.reference
    assert (change.was.place, change.was.rule) == ("tmf", "confident")
    assert (change.now.place, change.now.rule) == ("triage", "roads")


def test_another_deadline_alone_is_a_change_but_no_move(other):
    found = replay([past("tmf.parkering")], TABLE, other)

    assert found.moves == ()
    assert len(found.changes) == 1


def test_each_case_of_a_mixed_inquiry_counts(other):
    mixed = past("tmf.veje", parts=parts_of("tmf.veje", "kff.pas"))

    found = replay([mixed], TABLE, other)

    assert found.cases == 2
    assert len(found.moves) == 1


async def test_only_what_was_routed_since_then_is_replayed(office):
    await office.open_case()
    office.clock.advance(days=3)
    await office.open_case("kff.pas")
    await office.hear(await office.new_inquiry())

    async with office.chassis.database.read() as reader:
        everything = await routed_since(reader, MONDAY)
        lately = await routed_since(reader, office.clock())

    assert len(everything) == 2
    assert [one.classified.category for one in lately] == ["kff.pas"]


def command(monkeypatch, data, *arguments):
    monkeypatch.setenv("HENVEND_DATA", str(data))
    app = Typer()
    mount(app)
    return CliRunner().invoke(app, ["router", "replay", *arguments])


async def test_the_command_says_how_many_cases_move_and_where_to(office, monkeypatch, other_rules):
    import asyncio

    moved = await office.open_case("tmf.veje")
    await office.open_case("kff.pas")

    done = await asyncio.to_thread(
        command, monkeypatch, office.settings.data, "--rules", str(other_rules), "--days", "3650"
    )

    assert done.exit_code == 0, done.output
    assert "1 of 2 cases would go elsewhere" in done.output
    assert moved.reference in done.output


def test_wrong_rules_are_refused_in_one_sentence(data, monkeypatch, tmp_path):
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("rules: []", "utf-8")

    done = command(monkeypatch, data, "--rules", str(wrong))

    assert done.exit_code != 0
    assert "the last rule must have no `when`" in str(done.exception)


def test_without_a_past_it_says_so(tmp_path, monkeypatch, other_rules):
    done = command(monkeypatch, tmp_path / "nowhere", "--rules", str(other_rules))

    assert done.exit_code != 0
    assert "There are no cases in the data folder" in str(done.exception)
