"""What the classifier makes of an inquiry."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from uuid import NAMESPACE_OID, uuid5

import pytest

from contracts.inquiry import InquiryReceived
from infra.keyring import DataKey
from services.classifier.classify import Inquiry, classify
from services.classifier.commands import Line, _answer
from services.classifier.consumer import to_event
from services.classifier.evaluate import Case, read_cases
from services.classifier.sources import SAMPLE_CALIBRATION as DEVELOPMENT
from services.classifier.train import train

POTHOLE = "Hej, der er et stort hul i asfalten ved Bakkegade 12. Mvh Anna Jensen"


def read(model, text, **more):
    (reading,) = classify([Inquiry(text, **more)], model)
    return reading


def test_an_inquiry_gets_the_category_it_is_about(model) -> None:
    assert read(model, POTHOLE).alternatives[0].category == "veje.huller"
    assert read(model, "hvor kan jeg forny mit pas").alternatives[0].category == "borger.pas"


def test_a_weak_guess_is_not_confident(model) -> None:
    strict = replace(
        model,
        calibration=replace(
            model.calibration, thresholds=dict.fromkeys(model.calibration.thresholds, 1.0)
        ),
    )

    reading = read(strict, POTHOLE)

    assert reading.verdict in {"ask", "unsure", "outside"}


def test_a_sure_guess_of_another_authority_is_said_to_be_theirs(model) -> None:
    lenient = replace(
        model,
        calibration=replace(
            model.calibration, thresholds=dict.fromkeys(model.calibration.thresholds, 0.0)
        ),
    )

    reading = read(lenient, "hvordan ændrer jeg min forskudsopgørelse hos skat")

    assert (reading.verdict, reading.category) == ("other-authority", "anden.skat")


def test_a_strange_text_is_less_typical_than_one_like_the_examples(model) -> None:
    usual, strange, empty = classify(
        [
            Inquiry("der er et stort hul i asfalten foran vores hus"),
            Inquiry("kvantefeltteori for begyndere"),
            Inquiry("…"),
        ],
        model,
    )

    assert usual.typicality is not None
    assert strange.typicality is not None
    assert usual.typicality > 0.9
    assert strange.typicality < usual.typicality
    assert empty.typicality == 0


def test_a_text_without_words_has_no_category(model) -> None:
    reading = read(model, "??? !!")

    assert (reading.verdict, reading.category, reading.alternatives) == ("unsure", None, ())


def test_an_empty_text_is_read_too(model) -> None:
    assert read(model, "").category is None


def test_the_same_words_give_the_same_reading(model) -> None:
    assert read(model, POTHOLE) == read(model, POTHOLE)


def test_a_batch_says_exactly_the_same_of_each_as_one_alone(model, examples) -> None:
    texts = [POTHOLE, "mit pas er væk", "???", "", *(example.text for example in examples)]

    together = classify([Inquiry(text) for text in texts], model)

    assert together == [read(model, text) for text in texts]


@pytest.mark.slow
@pytest.mark.parametrize("size", [2, 7, 64])
def test_the_bytes_that_are_written_do_not_depend_on_the_batch(model, size) -> None:
    """What `henvend classify` writes and what the service publishes: sums of floats must not show."""
    cases = [*read_cases(DEVELOPMENT)[:150], Case(id="0", language="da", text="???")]
    inquiries = [Inquiry(case.text, case.title) for case in cases]
    batches = [inquiries[start : start + size] for start in range(0, len(inquiries), size)]

    together = [reading for batch in batches for reading in classify(batch, model)]

    for inquiry, reading in zip(inquiries, together, strict=True):
        (alone,) = classify([inquiry], model)
        assert written(reading, model) == written(alone, model)


def written(reading, model) -> tuple[str, str]:
    key = DataKey(uuid5(NAMESPACE_OID, "inquiry"), bytes(32))
    received = InquiryReceived(
        inquiry=key.id,
        reference="HV-00000-00000",
        received_at=datetime(2026, 11, 22, tzinfo=UTC),
        channel="form",
        text=key.seal("text", "text"),
    )
    line = json.dumps(_answer(Line(text="text"), reading, model))
    return line, to_event(received, reading, model, key).model_dump_json()


def test_personal_data_is_reported_by_position_and_not_learned_from(model) -> None:
    reading = read(model, POTHOLE)

    assert [POTHOLE[s.start : s.end] for s in reading.masked] == ["Bakkegade 12", "Anna Jensen"]
    shown = " ".join(POTHOLE[p.start : p.end] for p in reading.evidence.phrases)
    assert "Anna" not in shown


def test_a_title_speaks_but_positions_count_in_the_text(model) -> None:
    reading = read(model, "Hvad koster det? Ring 22 33 44 55", title="Pas til mit barn")

    assert reading.alternatives[0].category == "borger.pas"
    assert reading.masked[0].start == len("Hvad koster det? Ring ")


def test_evidence_points_at_words_that_spoke_for_the_category(model) -> None:
    reading = read(model, "mit pas er udløbet")

    phrases = ["mit pas er udløbet"[p.start : p.end] for p in reading.evidence.phrases]
    assert any("pas" in phrase for phrase in phrases)
    assert reading.evidence.nearest[0].category == "borger.pas"


def test_a_cry_for_help_is_urgent_whatever_the_model_thinks(model) -> None:
    deaf = replace(model, calibration=replace(model.calibration, urgent=float("inf")))

    reading = read(deaf, "pas? min mand slår mig, og jeg har ingen sted at sove")

    assert reading.urgent
    assert reading.evidence.urgent_phrases
    assert not read(deaf, "jeg dør af grin over jeres pasfoto").urgent


def test_two_requests_in_one_mail_become_two_parts(model) -> None:
    certain = replace(model, calibration=replace(model.calibration, temperature=0.02))
    text = (
        "Der er et stort hul i asfalten foran vores hus. "
        "Desuden vil jeg vide hvordan jeg får et nyt pas, mit pas er udløbet."
    )

    parts = read(certain, text).parts

    assert parts == () or {p.category for p in parts} == {"veje.huller", "borger.pas"}
    assert all(0 <= p.start < p.end <= len(text) for p in parts)


def test_a_cold_start_needs_only_the_names_of_the_categories(taxonomy, words_only) -> None:
    cold = train([], taxonomy, outside_embedding=words_only).model

    assert read(cold, "asfalt på vores vej").alternatives[0].category == "veje.huller"
    assert read(cold, "et nyt pas til rejsen").alternatives[0].category == "borger.pas"
