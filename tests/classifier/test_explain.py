"""A past decision can be made again from the same words and the same model, byte for byte."""

import json

import pytest

from services.classifier.adapters.learning_tables import decision
from services.classifier.explain import explain
from services.classifier.model_files import approved_folder
from tests.classifier.school import EMIL, IDA, judged, load_words, open_school

pytestmark = pytest.mark.slow

TEXT = "Mit pas er udløbet, og jeg skal rejse på mandag. Hilsen Åse Quistgaard, tlf. 20 12 34 56"


@pytest.fixture
async def school(tmp_path, stored):
    async with open_school(tmp_path / "data", stored / "first") as opened:
        yield opened


async def explained(school, about, number=0):
    decided = (await school.decisions(about))[number]
    key = await school.chassis.keyring.data_key(about.inquiry)
    return explain(decided, load_words(approved_folder(school.data, decided.model)), key)


async def test_what_is_recorded_is_what_was_published(school):
    about = await school.inquiry(TEXT, title="Pas")

    (decided,) = await school.decisions(about)
    (published,) = school.published
    assert decided.event == published.id
    assert decided.classified.encode() == published.record().value


async def test_the_same_words_and_model_say_the_same_byte_for_byte(school):
    about = await school.inquiry(TEXT, title="Pas")

    found = await explained(school, about)

    assert (found.identical, found.differences) == (True, ())
    assert found.recorded.category == "borger.pas"
    assert found.evidence.phrases
    assert (found.title, found.text) == ("Pas", TEXT)


async def test_a_field_that_events_got_later_makes_no_difference(school):
    """An event published before `wants_person` existed: what it says is the same byte for byte."""
    about = await school.inquiry(TEXT)
    (decided,) = await school.decisions(about)
    older = decided.classified.replace(',"wants_person":false', "")
    async with school.chassis.database.write() as tx:
        await tx.execute(decision.update().values(classified=older))

    found = await explained(school, about)

    assert older != decided.classified
    assert (found.identical, found.added) == (True, ("wants_person",))


async def test_a_changed_record_is_named_field_by_field(school):
    about = await school.inquiry(TEXT)
    (decided,) = await school.decisions(about)
    said = json.loads(decided.classified)
    forged = json.dumps(said | {"sensitive": not said["sensitive"]})
    async with school.chassis.database.write() as tx:
        await tx.execute(decision.update().values(classified=forged))

    found = await explained(school, about)

    assert not found.identical
    assert [(one.field, one.recorded, one.again) for one in found.differences] == [
        ("sensitive", not said["sensitive"], said["sensitive"])
    ]


async def test_a_decision_of_a_former_model_is_made_again_by_that_model(school, stored):
    about = await school.inquiry(TEXT)
    first = (await school.promotions.champion()).statement.digest
    second = judged(stored / "second", first, school.data)
    proposal = await school.promotions.propose(second, school.staff[EMIL])

    async def nothing(_folder):
        return lambda: None

    await school.promotions.approve(proposal, school.staff[IDA], nothing)

    found = await explained(school, about)
    assert (found.identical, found.recorded.model.digest) == (True, first)


async def test_neither_words_nor_sender_rest_in_clear(school):
    await school.inquiry(TEXT, title="Rejsepas")

    files = list(school.data.glob("classifier.db*"))
    everything = b"".join(p.read_bytes() for p in files)
    for word in ("Quistgaard", "udløbet", "Rejsepas", "aase@"):
        assert word.encode() not in everything
