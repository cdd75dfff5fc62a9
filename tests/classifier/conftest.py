import pytest

from contracts.taxonomy import Taxonomy
from services.classifier import storage
from services.classifier.embedding import weigh_words
from services.classifier.examples import Example
from services.classifier.lexicon import load_lexicon
from services.classifier.train import Embedding, train

TEXTS = {
    "veje.huller": [
        ("da", "Der er et stort hul i asfalten foran vores hus"),
        ("da", "gadelygten på hjørnet er slukket igen"),
        ("da", "fortovet er helt ødelagt af rødder"),
        ("en", "there is a pothole in our road"),
        ("sv", "det är ett hål i vägen utanför skolan"),
        ("da", "vejen er glat, hvornår salter I?"),
    ],
    "borger.pas": [
        ("da", "mit pas er udløbet, hvordan får jeg et nyt"),
        ("da", "Kan man bestille tid til pas til et barn?"),
        ("en", "i lost my passport yesterday"),
        ("sv", "hur förnyar jag mitt pass"),
        ("da", "hvad koster et pas til børn"),
        ("da", "vi skal rejse og passet er væk"),
    ],
    "anden.skat": [
        ("da", "jeg forstår ikke min årsopgørelse fra skat"),
        ("da", "hvordan ændrer jeg min forskudsopgørelse"),
        ("en", "where do i pay my tax"),
        ("sv", "jag har fått kvarskatt i Danmark"),
        ("da", "kan jeg få fradrag for kørsel"),
        ("da", "skattekort til mit nye job"),
    ],
}
FOREIGN = (
    "hvad hedder hovedstaden i Peru",
    "opskrift på lasagne",
    "who won the football match",
    "kan du synge en sang",
    "vinterdæk sælges billigt",
    "sjov vits om en ko",
)


@pytest.fixture(scope="session")
def taxonomy() -> Taxonomy:
    def names(text: str) -> dict[str, str]:
        return {"da": text, "sv": text, "en": text}

    return Taxonomy.model_validate({
        "departments": {
            "veje": {"name": names("Veje"), "does": "roads and lights"},
            "borger": {"name": names("Borgerservice"), "does": "passports"},
            "anden": {"name": names("Andre"), "does": "tax", "external": True},
        },
        "categories": {
            "veje.huller": {"department": "veje", "name": names("Vej, asfalt og gadelys")},
            "borger.pas": {"department": "borger", "name": names("Pas og rejser")},
            "anden.skat": {"department": "anden", "name": names("Skat og fradrag")},
        },
    })


@pytest.fixture(scope="session")
def examples():
    rows = [(c, lang, text) for c, texts in TEXTS.items() for lang, text in texts]
    rows += [(None, "da", text) for text in FOREIGN]
    return [
        Example(id=str(n), category=c, language=lang, text=text, urgent=n == 1)
        for n, (c, lang, text) in enumerate(rows)
    ]


class WordsOnly:
    """The word vectors without sentence-transformers, whose import takes seconds."""

    def __init__(self) -> None:
        self._words = weigh_words(load_lexicon(), [])

    def embed(self, texts):
        from infra.text.normalise import words

        return self._words.embed([[word.text for word in words(text)] for text in texts])


@pytest.fixture(scope="session")
def words_only() -> Embedding:
    return Embedding("words", "", WordsOnly())


@pytest.fixture(scope="session")
def model(examples, taxonomy, words_only):
    return train(examples, taxonomy, outside_embedding=words_only).model


@pytest.fixture(scope="session")
def stored(examples, taxonomy, words_only, tmp_path_factory):
    """Two models as folders: one to begin with, and one trained on a little more."""
    folder = tmp_path_factory.mktemp("models")
    more = Example(
        id="more", category="borger.pas", language="da", text="Pasbilleder i borgerservice"
    )
    for name, rows in (("first", examples), ("second", [*examples, more])):
        trained = train(rows, taxonomy, outside_embedding=words_only)
        storage.save(folder / name, trained.model, "words", trained.about)
    return folder
