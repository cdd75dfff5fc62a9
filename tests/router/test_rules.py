"""Rules are plain data, refused in one sentence when they cannot mean what their author wants."""

import pytest
import yaml

from contracts.taxonomy import TaxonomyError, load_taxonomy
from services.router.rules import (
    RulesError,
    Situation,
    first_fitting,
    fits,
    load_rules,
    rules_path,
)

TAXONOMY = load_taxonomy()
LAST = {"id": "rest", "why": "The rest.", "then": {"queue": "department", "deadline_days": 10}}
TRIAGE = {"queue": "triage", "deadline_days": 5}


def rule(name, when, then=None):
    return {"id": name, "why": "Because.", "when": when, "then": then or TRIAGE}


@pytest.fixture
def load(tmp_path):
    def load_these(*rules):
        file = tmp_path / "rules.yaml"
        file.write_text(yaml.safe_dump({"rules": list(rules)}), "utf-8")
        return load_rules(file, TAXONOMY)

    return load_these


def situation(**changes):
    fields = {
        "classified": True,
        "verdict": "confident",
        "category": "tmf.veje",
        "department": "tmf",
        "channel": "mail",
        "language": "da",
        "urgent": False,
        "sensitive": False,
        "wants_person": False,
        "mixed": False,
    }
    return Situation(**fields | changes)


def test_the_sample_rules_are_sound():
    assert load_rules(None, TAXONOMY).rules[-1].id == "confident"


def test_the_first_rule_that_fits_decides(load):
    rules = load(
        rule("roads", {"category": "tmf.veje"}), rule("technical", {"department": "tmf"}), LAST
    )

    assert first_fitting(rules, situation()).id == "roads"
    assert first_fitting(rules, situation(category="tmf.affald")).id == "technical"
    assert first_fitting(rules, situation(category="kff.pas", department="kff")).id == "rest"


def test_all_named_conditions_must_hold(load):
    [both, _] = load(rule("both", {"department": "tmf", "urgent": True}), LAST).rules

    assert fits(both.when, situation(urgent=True))
    assert not fits(both.when, situation(urgent=False))
    assert not fits(both.when, situation(urgent=True, department="kff"))


def test_a_list_means_one_of_these(load):
    [several, _] = load(rule("several", {"verdict": ["unsure", "ask"]}), LAST).rules

    assert fits(several.when, situation(verdict="ask"))
    assert not fits(several.when, situation(verdict="confident"))


def test_a_condition_can_ask_that_something_does_not_hold(load):
    [silent, _] = load(rule("silent", {"classified": False}), LAST).rules

    assert fits(silent.when, situation(classified=False))
    assert not fits(silent.when, situation(classified=True))


def test_the_last_rule_must_take_everything(load):
    with pytest.raises(RulesError, match="the last rule must have no `when`"):
        load(LAST, rule("roads", {"category": "tmf.veje"}))


def test_no_rules_are_refused(load):
    with pytest.raises(RulesError, match="the last rule must have no `when`"):
        load()


def test_two_rules_of_one_name_are_refused(load):
    with pytest.raises(RulesError, match="two rules are called roads"):
        load(rule("roads", {"urgent": True}), rule("roads", {"category": "tmf.veje"}), LAST)


def test_a_rule_below_a_wider_one_is_refused_because_it_would_never_act(load):
    with pytest.raises(RulesError, match=r"roads can never act, because technical above it"):
        load(
            rule("technical", {"category": ["tmf.veje", "tmf.affald"]}),
            rule("roads", {"category": "tmf.veje", "urgent": True}),
            LAST,
        )


def test_a_rule_below_a_rule_without_conditions_is_refused(load):
    with pytest.raises(RulesError, match=r"roads can never act, because rest above it"):
        load(LAST, rule("roads", {"urgent": True}), {**LAST, "id": "last"})


def test_a_narrow_rule_above_a_wide_one_is_welcome(load):
    rules = load(
        rule("roads", {"category": "tmf.veje"}),
        rule("two", {"category": ["tmf.veje", "tmf.affald"]}),
        LAST,
    )

    assert len(rules.rules) == 3


def test_an_unknown_category_is_refused_by_its_name(load):
    with pytest.raises(TaxonomyError, match=r"rule roads, uses categories .* tmf\.motorveje"):
        load(rule("roads", {"category": "tmf.motorveje"}), LAST)


@pytest.mark.parametrize("then", [{**TRIAGE, "department": "xyz"}, None])
def test_an_unknown_department_is_refused_by_its_name(load, then):
    when = {"urgent": True} if then else {"department": "xyz"}

    with pytest.raises(TaxonomyError, match=r"uses departments .* xyz"):
        load(rule("odd", when, then), LAST)


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"when": {"mood": "angry"}}, "when.mood"),
        ({"when": {"verdict": "perhaps"}}, "when.verdict"),
        ({"then": {"queue": "cellar", "deadline_days": 1}}, "then.queue"),
        ({"then": {"queue": "triage", "deadline_days": -1}}, "then.deadline_days"),
        ({"then": {"queue": "triage", "deadline_days": 91}}, "then.deadline_days"),
        ({"then": {"queue": "triage"}}, "then.deadline_days"),
        ({"id": "Not An Id"}, "id"),
    ],
)
def test_a_wrong_field_is_named(load, change, place):
    with pytest.raises(RulesError, match=place):
        load({**rule("one", {"urgent": True}), **change}, LAST)


@pytest.mark.parametrize("content", ["rules: [", "[]", "policy: []", ""])
def test_a_file_that_holds_no_list_of_rules_is_refused_in_one_sentence(tmp_path, content):
    file = tmp_path / "rules.yaml"
    file.write_text(content, "utf-8")

    with pytest.raises(RulesError, match=r"rules\.yaml( is not valid YAML|: rules: |: the file: )"):
        load_rules(file, TAXONOMY)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(RulesError, match=r"absent\.yaml cannot be read: No such file"):
        load_rules(tmp_path / "absent.yaml", TAXONOMY)


def test_the_digest_is_of_the_meaning_and_not_of_the_writing(tmp_path):
    file = tmp_path / "rules.yaml"
    file.write_text(yaml.safe_dump({"rules": [LAST]}), "utf-8")
    plain = load_rules(file, TAXONOMY).digest
    file.write_text("# A comment.\n" + yaml.safe_dump({"rules": [LAST]}, indent=8), "utf-8")

    assert load_rules(file, TAXONOMY).digest == plain

    file.write_text(yaml.safe_dump({"rules": [{**LAST, "then": TRIAGE}]}), "utf-8")

    assert load_rules(file, TAXONOMY).digest != plain


def test_a_municipality_without_rules_of_its_own_takes_the_sample_ones(tmp_path):
    assert rules_path(None) is None
    assert rules_path(tmp_path) is None

    (tmp_path / "rules.yaml").write_text("rules: []", "utf-8")

    assert rules_path(tmp_path) == tmp_path / "rules.yaml"
