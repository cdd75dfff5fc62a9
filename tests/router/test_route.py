"""From what was understood to the cases that are opened."""

import pytest
import yaml

from contracts.inquiry import Alternative
from contracts.reference import reference_of
from contracts.taxonomy import load_taxonomy
from services.router.adapters.office_days import OfficeHolidays
from services.router.route import RoutingTable, route
from services.router.rules import load_rules
from services.router.switch import Stopped
from tests.router.inquiries import MONDAY, classified, parts_of, received

TAXONOMY = load_taxonomy()
TABLE = RoutingTable(rules=load_rules(None, TAXONOMY), taxonomy=TAXONOMY, holidays=OfficeHolidays())


def the_case(about, understood, table=TABLE):
    [opened] = route(about, understood, table, MONDAY)
    return opened


def days_until(case):
    return (case.deadline.date() - MONDAY.date()).days


def test_a_confident_guess_goes_straight_to_its_department():
    about = received()

    case = the_case(about, classified(about))

    assert (case.queue, case.department, case.category) == ("department", "tmf", "tmf.veje")
    assert case.rule == "confident"
    assert case.reference == about.reference
    assert case.rules_digest == TABLE.rules.digest


def test_a_weak_guess_waits_for_a_person_but_keeps_its_suggestion():
    about = received()

    case = the_case(about, classified(about, verdict="unsure", confidence=0.4))

    assert (case.queue, case.department, case.rule) == ("triage", "tmf", "unsure")


def test_two_close_possibilities_wait_for_a_person():
    about = received()
    close = (
        Alternative(category="tmf.veje", confidence=0.48),
        Alternative(category="tmf.parkering", confidence=0.45),
    )

    case = the_case(about, classified(about, verdict="ask", alternatives=close))

    assert (case.queue, case.rule) == ("triage", "unsure")


def test_what_fits_no_department_waits_for_a_person_and_names_none():
    about = received()

    case = the_case(about, classified(about, None))

    assert (case.queue, case.department, case.category) == ("triage", "", None)
    assert case.rule == "outside"


def test_without_a_classification_a_person_decides():
    case = the_case(received(language="sv"), None)

    assert (case.queue, case.rule, case.language) == ("triage", "not-classified", "sv")


def test_an_urgent_inquiry_is_seen_by_a_person_today():
    about = received()

    case = the_case(about, classified(about, "sof.boern-familier", urgent=True))

    assert (case.queue, case.rule, case.urgent) == ("triage", "urgent", True)
    assert days_until(case) == 0


def test_urgency_beats_doubt():
    about = received()

    assert the_case(about, classified(about, None, urgent=True)).rule == "urgent"


@pytest.mark.parametrize(("category", "flag"), [("suf.hjemmehjaelp", False), ("tmf.veje", True)])
def test_sensitive_matters_go_to_the_department_with_a_short_deadline(category, flag):
    about = received()

    case = the_case(about, classified(about, category, sensitive=flag))

    assert case.sensitive
    assert (case.queue, case.rule) == ("department", "sensitive")
    assert days_until(case) == 3


def test_who_asks_for_a_person_gets_one_sooner():
    about = received(wants_person=True)

    case = the_case(about, classified(about))

    assert (case.rule, days_until(case)) == ("wants-person", 3)


def test_another_authoritys_matter_waits_for_a_person():
    about = received()
    external = next(name for name in TAXONOMY.categories if TAXONOMY.is_external(name))

    case = the_case(about, classified(about, external, verdict="other-authority"))

    assert (case.queue, case.rule) == ("triage", "other-authority")


def test_a_mixed_inquiry_becomes_linked_cases_with_references_of_their_own():
    about = received()
    mixed = classified(about, "kff.pas", parts=parts_of("kff.pas", "tmf.affald", "kff.pas"))

    first, second = route(about, mixed, TABLE, MONDAY)

    assert (first.department, second.department) == ("kff", "tmf")
    assert first.reference == reference_of(about.inquiry)
    assert second.reference == f"{first.reference}-2"
    assert first.linked == (second.case,)
    assert second.linked == (first.case,)


def test_two_parts_about_one_subject_are_one_case():
    about = received()

    case = the_case(about, classified(about, parts=parts_of("tmf.veje", "tmf.veje")))

    assert case.linked == ()


def test_the_same_inquiry_always_becomes_the_same_cases():
    about = received()
    mixed = classified(about, parts=parts_of("kff.pas", "tmf.affald"))

    assert route(about, mixed, TABLE, MONDAY) == route(about, mixed, TABLE, MONDAY)


def test_a_rule_may_send_a_category_to_another_department(tmp_path):
    file = tmp_path / "rules.yaml"
    rules = [
        {
            "id": "roads-to-finance",
            "why": "An agreement between the two.",
            "when": {"category": "tmf.veje"},
            "then": {"queue": "department", "deadline_days": 2, "department": "okf"},
        },
        {"id": "rest", "why": "-", "then": {"queue": "department", "deadline_days": 10}},
    ]
    file.write_text(yaml.safe_dump({"rules": rules}), "utf-8")
    table = RoutingTable(load_rules(file, TAXONOMY), TAXONOMY, OfficeHolidays())
    about = received()

    assert the_case(about, classified(about), table).department == "okf"


def test_a_department_with_automatic_routing_switched_off_gets_its_cases_from_triage():
    about = received()

    [stopped] = route(about, classified(about), TABLE, MONDAY, stopped=Stopped(frozenset({"tmf"})))
    [other] = route(about, classified(about), TABLE, MONDAY, stopped=Stopped(frozenset({"kff"})))

    assert (stopped.queue, stopped.department, stopped.reason) == ("triage", "tmf", "switched-off")
    assert stopped.rule == "confident"
    assert other.queue == "department"


def test_a_category_that_is_stopped_goes_to_triage_and_its_neighbours_do_not():
    about = received()
    stopped = Stopped(categories=frozenset({"tmf.veje"}))

    [held] = route(about, classified(about), TABLE, MONDAY, stopped=stopped)
    [other] = route(about, classified(about, "tmf.affald"), TABLE, MONDAY, stopped=stopped)

    assert (held.queue, held.reason, held.category) == ("triage", "category-stopped", "tmf.veje")
    assert other.queue == "department"


def test_a_contested_inquiry_is_not_routed_by_a_machine():
    about = received()

    [case] = route(about, classified(about), TABLE, MONDAY, contested=True)

    assert (case.queue, case.reason) == ("triage", "contested")
