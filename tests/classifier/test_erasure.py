"""Of an erased inquiry the classifier keeps that it was erased, and nothing else."""

import asyncio
import json
from pathlib import Path

import pytest
import typer
from sqlalchemy import select

from contracts.event import Envelope
from contracts.inquiry import InquiryClassified, InquiryErased, InquiryReceived
from services.classifier.adapters.correction_material import read_materials
from services.classifier.adapters.decisions import SqlDecisions
from services.classifier.adapters.tables import intake
from services.classifier.learning_commands import explain
from tests.classifier.school import School, correction, open_school

pytestmark = pytest.mark.slow

WORDS = "Jeg hedder Åse Quistgaard. Kan jeg få et nyt pas til min rejse i august?"


@pytest.fixture
async def school(tmp_path, stored):
    async with open_school(tmp_path / "data", stored / "first") as opened:
        yield opened


def erasure(about: InquiryReceived) -> InquiryErased:
    return InquiryErased(inquiry=about.inquiry, reason="request", requested_by="a", approved_by="b")


def files_of(school: School) -> bytes:
    """The database with its journal, as somebody who has the disk reads it."""
    return b"".join(path.read_bytes() for path in sorted(Path(school.data).glob("classifier.db*")))


async def test_decisions_and_corrections_go_and_no_byte_of_them_is_left(school):
    about = await school.inquiry(WORDS, title="Pas")
    other = await school.inquiry("Der er hul i vejen")
    await school.correct(about, "borger.pas")
    (decided,) = await school.decisions(about)
    sealed = [about.text.text, json.loads(decided.classified)["evidence"]["text"]]
    await school.chassis.database.truncate_log()
    before = files_of(school)
    assert WORDS.encode() not in before
    assert all(one.encode() in before for one in sealed)

    await school.hear(erasure(about))

    after = files_of(school)
    assert not any(one.encode() in after for one in sealed)
    assert await school.decisions(about) == []
    assert len(await school.decisions(other)) == 1
    assert await read_materials(school.chassis.database, school.chassis.keyring) == []


async def test_nothing_is_kept_that_comes_after_the_erasure(school):
    """A decision that was under way, a correction on a slower partition, the erasure twice."""
    about = await school.inquiry(WORDS)
    (decided,) = await school.decisions(about)
    said = InquiryClassified.model_validate_json(decided.classified)
    await school.hear(erasure(about))
    await school.hear(erasure(about))

    late = Envelope[InquiryClassified].of(
        said, event_id=decided.event, source="classifier", time=school.clock()
    )
    await SqlDecisions(school.chassis.database).keep(about, late)
    await school.hear(correction(about, "borger.pas"))

    assert await school.decisions(about) == []
    assert await read_materials(school.chassis.database, school.chassis.keyring) == []


async def test_explain_says_that_it_was_erased(school, monkeypatch, capsys):
    about = await school.inquiry(WORDS)
    await school.hear(erasure(about))
    monkeypatch.setenv("HENVEND_DATA", str(school.data))

    with pytest.raises(SystemExit):
        await asyncio.to_thread(_exit_of, about.reference)

    assert f"{about.reference} was erased on 2026-11-23" in capsys.readouterr().err


def _exit_of(reference: str) -> None:
    try:
        explain(reference)
    except typer.Exit as end:
        raise SystemExit(end.exit_code) from None


async def test_the_mail_itself_goes_and_its_row_stays_so_that_it_is_known_again(school):
    about = await school.inquiry(WORDS)
    await school.keep_mail(about, '{"sealed":"mail"}')

    await school.hear(erasure(about))

    async with school.chassis.database.read() as reader:
        (row,) = (await reader.execute(select(intake))).all()
    assert (row.raw, row.message) == ("", "digest")
    assert row.arrived_at is not None
