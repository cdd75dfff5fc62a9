"""Who is in danger gets numbers; who asks about their own case gets a person; others get neither."""

import pytest

from services.chatbot.screen import load_phrases, screen

PHRASES = load_phrases()


@pytest.mark.parametrize(
    ("text", "danger"),
    [
        ("Jeg vil ikke leve mere", "suicide"),
        ("jeg har lyst til at doe", "suicide"),
        ("I just want to die", "suicide"),
        ("i wanna kill my self", "suicide"),
        ("jeg slår mig selvihjel", "suicide"),
        ("vil ik leve mer", "suicide"),
        ("jeg kan ikke mere", "suicide"),
        ("jeg kan ikke længere holde det ud", "suicide"),
        ("jeg overvejer at ende det", "suicide"),
        ("jag vill döda mig själv", "suicide"),
        ("min kone ligger på gulvet og svarer ikke", "acute"),
        ("jag orkar inte leva längre", "suicide"),
        ("min mand slår mig og jeg tør ikke gå hjem", "violence"),
        ("min sambo hotar att döda mig", "violence"),
        ("my boyfriend beats me when he drinks", "violence"),
        ("naboens barn bliver slået hver aften", "child"),
        ("min mor kan ikke trække vejret", "acute"),
        ("it smells of gas in the stairwell", "acute"),
        ("jeg er blevet smidt ud og har ingen steder at sove i nat", "nowhere"),
        ("vi har ingenstans att sova i natt", "nowhere"),
        ("my dad threw me out tonight", "nowhere"),
    ],
)
def test_danger_is_heard(text, danger):
    assert screen(text, PHRASES).danger == danger


@pytest.mark.parametrize(
    "text",
    [
        "jeg dør af grin over jeres formular",
        "ventetiden slår mig ihjel",
        "min cykel er død, hvor afleverer jeg den",
        "der ligger en død kat på vejen",
        "hvordan slår jeg rotterne ihjel",
        "my phone died and now MitID is gone",
        "I am dying to know when the pool opens",
        "Am I allowed to put out rat poison myself?",
        "mattress pickup when put outside",
        "my boss is going to kill me if the permit is not in by Friday",
        "min mor kan ikke længere selv få tøjet på, hvem kan sende nogen ud til hende",
        "jeg vil smide smøgerne væk for altid",
        "min datter er seks dage gammel og vil ikke tage fat ved brystet",
        "sælgeren har slettet sin profil og svarer ikke",
        "må man skyde rotter med luftgevær",
        "det brinner i knutarna, jag måste boka hallen",
        "jeg vil gerne afslutte det jeg er begyndt på",
        "hvornår må vi slå plænen",
        "Hvad koster et pas?",
    ],
)
def test_a_look_alike_is_no_danger(text):
    assert screen(text, PHRASES).danger is None


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("hvor langt er I med min ansøgning", "own-case"),
        ("har I modtaget min klage", "own-case"),
        ("why was my application rejected", "own-case"),
        ("kan I annullere min bøde", "decision"),
        ("please cancel my fine", "decision"),
        ("kan jeg sagsøge kommunen", "legal"),
    ],
)
def test_ones_own_case_a_decision_and_legal_advice_are_refused(text, refusal):
    assert screen(text, PHRASES).refusal == refusal


@pytest.mark.parametrize(
    "text", ["jeg vil tale med et menneske", "can I talk to a human", "Människa"]
)
def test_a_person_is_called_when_wished(text):
    assert screen(text, PHRASES).person
