"""What caseworkers know becomes training rows: only by two persons, masked, and only while it may be read."""

import zlib
from base64 import b64encode

import pytest
from sqlalchemy import delete

from contracts.case import CaseMoved, StaffRef
from contracts.event import effect_id
from contracts.governance import DeadLettered
from services.classifier.adapters.correction_material import read_materials
from services.classifier.adapters.learning_tables import decision
from services.classifier.adapters.tables import confirmed_correction
from services.classifier.corrections import Harvest, harvest, without_rare_words
from services.classifier.retrain import train_candidate
from services.classifier.storage import ModelError
from tests.classifier.school import BILAL, correction, load_words, open_school

pytestmark = pytest.mark.slow

WORDS = "Jeg hedder Åse Quistgaard, cpr 010180-1234. Kan jeg få et nyt pas til min rejse i august?"


@pytest.fixture
async def school(tmp_path, stored):
    async with open_school(tmp_path / "data", stored / "first") as opened:
        yield opened


@pytest.fixture
def learned(school, taxonomy):
    async def learn(evaluated=()) -> Harvest:
        materials = await read_materials(school.chassis.database, school.chassis.keyring)
        return harvest(materials, taxonomy, evaluated)

    return learn


async def test_a_confirmed_correction_becomes_a_masked_row_that_names_its_case(school, learned):
    about = await school.inquiry(WORDS, title="Pas")

    await school.correct(about, "borger.pas")

    (row,) = (await learned()).rows
    assert row.id == f"correction/{about.reference}"
    assert (row.category, row.language, row.channel) == ("borger.pas", "da", "mail")
    assert "nyt pas til min rejse" in row.text
    assert row.text.startswith("Pas\n")
    assert "010180" not in row.text
    assert "Quistgaard" not in row.text


async def test_what_was_written_in_the_chat_is_learned_from_too(school, learned):
    about = await school.inquiry("gadelygten blinker", channel="chat", language="da")

    await school.correct(about, "veje.huller")

    (row,) = (await learned()).rows
    assert (row.text, row.channel) == ("gadelygten blinker", "chat")


async def test_nobody_teaches_alone(school, learned):
    """Such an event is forged or a mistake: it becomes a dead letter that operations look at."""
    about = await school.inquiry("hul i vejen")
    alone = StaffRef(account=BILAL, role="caseworker")

    await school.correct(about, "borger.pas", proposed_by=alone, confirmed_by=alone)

    (letter,) = await school.said(DeadLettered)
    assert (letter.topic, letter.reason) == ("correction.confirmed", "invalid")
    assert await learned() == Harvest((), ())


async def test_a_row_put_into_the_database_by_one_person_is_left_out(school, learned):
    about = await school.inquiry("hul i vejen")
    alone = StaffRef(account=BILAL, role="caseworker")
    forged = correction(about, "borger.pas", proposed_by=alone, confirmed_by=alone)
    async with school.chassis.database.write() as tx:
        await tx.execute(
            confirmed_correction.insert().values(
                case=forged.case,
                inquiry=forged.inquiry,
                was=None,
                now=forged.now,
                confirmed=forged.model_dump(mode="json"),
                at=school.clock(),
            )
        )

    assert await learned() == Harvest((), ((about.reference, "one-person"),))


async def test_an_unconfirmed_move_teaches_nothing(school, learned):
    about = await school.inquiry("hul i vejen")
    moved = CaseMoved(
        inquiry=about.inquiry,
        case=effect_id(about.inquiry, "case/0"),
        reference=about.reference,
        channel=about.channel,
        from_department="borger",
        to_department="veje",
        to_category="veje.huller",
        by=StaffRef(account=BILAL, role="caseworker"),
    )

    await school.hear(moved)

    assert await learned() == Harvest((), ())


async def test_erased_words_drop_out(school, learned):
    about = await school.inquiry(WORDS)
    await school.correct(about, "borger.pas")

    await school.chassis.keyring.shred(about.inquiry)

    assert await learned() == Harvest((), ((about.reference, "erased"),))


async def test_a_category_that_no_longer_exists_is_left_out(school, learned):
    about = await school.inquiry("hul i vejen")
    await school.correct(about, "gamle.kategori")

    assert await learned() == Harvest((), ((about.reference, "unknown-category"),))


async def test_what_is_measured_on_is_not_learned_from(school, learned):
    about = await school.inquiry("Hul i vejen!")
    await school.correct(about, "veje.huller")

    found = await learned(evaluated=[["hul", "i", "vejen", "!"]])

    assert found == Harvest((), ((about.reference, "evaluated"),))


async def test_the_same_correction_again_is_one_row(school, learned):
    about = await school.inquiry("hul i vejen")
    await school.correct(about, "veje.huller")
    await school.correct(about, "veje.huller")

    assert len((await learned()).rows) == 1


async def test_of_a_mixed_inquiry_only_the_corrected_part_teaches(school, learned):
    text = (
        "Mit pas er udløbet og jeg skal bruge et nyt pas. "
        "Der er også et stort hul i asfalten foran skolen."
    )
    about = await school.inquiry(text)
    async with school.chassis.database.write() as tx:
        (decided,) = await school.decisions(about)
        said = decided.classified.replace(
            '"parts":[]',
            '"parts":[{"start":0,"end":48,"category":"borger.pas","confidence":0.9},'
            '{"start":49,"end":98,"category":"anden.skat","confidence":0.9}]',
        )
        await tx.execute(decision.update().values(classified=said))

    await school.correct(about, "veje.huller", reference=f"{about.reference}-2")

    (row,) = (await learned()).rows
    assert row.text == "Der er også et stort hul i asfalten foran skolen."


async def test_a_mail_from_before_decisions_were_recorded_is_read_from_the_intake(school, learned):
    about = await school.inquiry("glemmes")
    key = await school.chassis.keyring.data_key(about.inquiry)
    mail = "Subject: Pas\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nMit pas er væk\r\n"
    raw = key.seal("raw", b64encode(zlib.compress(mail.encode())).decode())
    async with school.chassis.database.write() as tx:
        await tx.execute(delete(decision))
    await school.keep_mail(about, raw.model_dump_json())
    await school.correct(about, "borger.pas")

    (row,) = (await learned()).rows
    assert row.text == "Pas\nMit pas er væk"


async def test_a_model_carries_references_and_not_the_words_it_learned_from(
    school, learned, examples, taxonomy, words_only
):
    about = await school.inquiry("min grønne pasmappe blev stjålet i Lissabon")
    await school.correct(about, "borger.pas")

    candidate = train_candidate(
        school.data, examples, await learned(), taxonomy, outside_embedding=words_only
    )

    model = load_words(candidate.folder)
    assert about.reference in {one.text for one in model.known}
    content = b"".join(p.read_bytes() for p in candidate.folder.rglob("*.json*"))
    for word in ("lissabon", "Lissabon", "pasmappe", "stjål"):
        assert word.encode() not in content


async def test_a_word_of_one_citizen_is_not_learned_but_one_of_several_is(
    school, learned, examples
):
    for number in range(3):
        about = await school.inquiry(f"min elcykel {'Quistgaard' if number else ''} er væk")
        await school.correct(about, "veje.huller")

    rows = without_rare_words(await learned(), examples).rows

    assert all("elcykel" in row.text for row in rows)
    assert not any("quistgaard" in row.text.lower() for row in rows)


async def test_an_inquiry_of_which_only_rare_words_would_be_left_teaches_nothing(
    school, learned, examples
):
    about = await school.inquiry("Zwqxk brlmpf")
    await school.correct(about, "veje.huller")

    found = without_rare_words(await learned(), examples)

    assert found == Harvest((), ((about.reference, "rare-words"),))


async def test_words_that_are_not_found_where_evidence_shows_them_stop_the_training(
    school, learned, examples, taxonomy, words_only, monkeypatch
):
    from services.classifier import train

    about = await school.inquiry("min grønne pasmappe blev stjålet i Lissabon")
    await school.correct(about, "borger.pas")
    shown = train.shown
    monkeypatch.setattr(train, "shown", lambda example: "#" + shown(example))

    with pytest.raises(ModelError, match="not stored"):
        train_candidate(
            school.data, examples, await learned(), taxonomy, outside_embedding=words_only
        )
