"""Questions in our words about somebody else's rules get no article of ours as their answer."""

import re

import pytest

from services.chatbot.elsewhere import home_words, is_elsewhere
from services.chatbot.knowledge import KnowledgeError, load_base
from services.chatbot.municipality import load_municipality
from tests.chatbot.sample import CHATBOT

HOME = home_words("Sundby Kommune", "dk")


@pytest.mark.parametrize(
    "text",
    [
        "hvad koster et pas i Norge",
        "skal jeg have byggetilladelse til carport i Aarhus Kommune",
        "Malmö kommuns avgifter för förskola",
        "how do I renew my british passport",
        "hvordan anmelder jeg en ny adresse for mit firma",
        "hvad tager de for en vuggestueplads i kobenhavn og koege? eller i Køge",
    ],
)
def test_another_place_passport_or_firm_is_noticed(text):
    assert is_elsewhere(text, "pas-pris", HOME)


@pytest.mark.parametrize(
    "text",
    [
        "vi flytter fra Aarhus til jer i maj, hvordan melder vi flytning",
        "min far bor i Aalborg, kan han parkere hos os",
        "skal jeg bruge pas for at rejse til Tyrkiet, hvor bestiller jeg det",
        "hvad koster et pas i Danmark",
        "hvad koster et pas i Sundby Kommune",
        "der er et hul i vejen i Sundby",
        "resten af regningen i boden",
    ],
)
def test_who_comes_from_elsewhere_or_names_us_asks_about_us(text):
    assert not is_elsewhere(text, "pas-pris", HOME)


def test_a_municipality_of_that_name_is_at_home():
    assert not is_elsewhere(
        "hvad koster et pas i Aarhus", "pas-pris", home_words("Aarhus Kommune", "dk")
    )
    assert is_elsewhere("vad kostar pass i Danmark", "pas-pris", home_words("Nacka kommun", "se"))


def test_a_village_of_ours_that_is_called_like_another_town_is_at_home(tmp_path):
    sample = (CHATBOT / "municipality.yaml").read_text("utf-8")
    sample = re.sub("own_places: .*", "own_places: [Lille Lejre, Bergen Strand]", sample)
    (tmp_path / "chat.yaml").write_text(sample, "utf-8")
    town = load_municipality(tmp_path)
    home = home_words(town.name, town.country, town.own_places)

    for text in ("hvad koster et pas i Lejre", "er der storskrald i Bergens gamle kvarter"):
        assert is_elsewhere(text, "pas-pris", HOME)
        assert not is_elsewhere(text, "pas-pris", home)
    assert is_elsewhere("hvad koster et pas i Aarhus", "pas-pris", home)


@pytest.mark.parametrize("wrong", ["own_places: Lejre", "own_places: ['']", "own_places: [4]"])
def test_own_places_are_a_list_of_names(tmp_path, wrong):
    sample = (CHATBOT / "municipality.yaml").read_text("utf-8")
    (tmp_path / "chat.yaml").write_text(re.sub("own_places: .*", wrong, sample), "utf-8")
    with pytest.raises(KnowledgeError, match="own_places"):
        load_municipality(tmp_path)


def test_articles_about_abroad_may_name_it():
    assert not is_elsewhere("ombytte mit engelske kørekort i England", "koerekort-ombyt", HOME)


def test_hardly_a_question_of_the_base_is_about_somewhere_else():
    """What editors wrote down is answered word for word anyway; this counts who would say it alike."""
    articles = load_base(CHATBOT / "knowledge").articles.values()
    asked = [(q, article.id) for article in articles for q in article.questions]
    wrongly = [q for q, topic in asked if is_elsewhere(q, topic, HOME)]
    assert len(wrongly) < len(asked) / 500
