"""The whole way from a confirmed correction to a candidate, and the gate that poisoned rows do not pass."""

import asyncio
import json

import pytest
import typer
import yaml
from typer.testing import CliRunner

from services.classifier import commands
from services.classifier.gate_file import read_verdict
from services.classifier.model_files import candidates
from services.classifier.model_in_use import load_model
from services.classifier.promote import PromotionRefusedError
from services.classifier.signature import load_signer
from tests.classifier.school import EMIL, open_school

pytestmark = pytest.mark.slow

ROADS = ("hul i asfalten", "slukket gadelygte", "løs flise på fortovet", "glat vej", "væltet skilt")
PASSPORTS = ("nyt pas", "udløbet pas", "pas til barnet", "stjålet pas", "pasbillede til pas")
TAXES = ("fejl i årsopgørelse", "nyt skattekort", "fradrag for kørsel", "restskat", "forskudsskat")
PLACES = ("ved skolen", "i morges", "siden i går", "hos os", "ved stationen", "igen", "i Sundby")
CATEGORIES = {"veje.huller": ROADS, "borger.pas": PASSPORTS, "anden.skat": TAXES}


def rows(first: int, last: int) -> list[dict]:
    return [
        {
            "id": f"{category}.{number}.{place}",
            "category": category,
            "language": "da",
            "text": f"Hej, {subject} {PLACES[place]}",
            "urgent": subject == "glat vej",
        }
        for category, subjects in CATEGORIES.items()
        for number, subject in enumerate(subjects)
        for place in range(first, last)
    ]


@pytest.fixture
def town(tmp_path, taxonomy, monkeypatch):
    """A municipality's own files and a data folder with its first model."""
    own, measured = tmp_path / "own", tmp_path / "measured"
    (own / "examples").mkdir(parents=True)
    measured.mkdir()
    plain = json.loads(taxonomy.model_dump_json())
    (own / "taxonomy.yaml").write_text(yaml.safe_dump(plain, allow_unicode=True), "utf-8")
    _write(own / "examples" / "all.jsonl", rows(0, 4))
    _write(measured / "single.jsonl", rows(4, 7))
    monkeypatch.setenv("HENVEND_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("HENVEND_MUNICIPALITY", str(own))
    app = typer.Typer()
    commands.mount(app)

    def run(*arguments: str):
        return CliRunner().invoke(app, list(arguments))

    async def henvend(*arguments: str):
        # A command has an event loop of its own.
        return await asyncio.to_thread(run, *arguments)

    assert run("train").exit_code == 0
    return tmp_path / "data", measured, henvend


def _write(path, lines) -> None:
    path.write_text("".join(json.dumps(one) + "\n" for one in lines), "utf-8")


async def teach(school, texts: list[str], now: str) -> None:
    for text in texts:
        await school.correct(await school.inquiry(text), now)


async def test_a_candidate_taught_by_two_persons_passes_and_may_be_proposed(town):
    data, measured, henvend = town
    async with open_school(data, None) as school:
        await teach(
            school, ["Bom ved gadelygte", "bom på fortovet", "Hej, bom i asfalten"], "veje.huller"
        )

    result = await henvend("retrain", "--evaluation", str(measured))

    assert result.exit_code == 0, result.output
    (folder,) = candidates(data)
    verdict, _ = read_verdict(folder, load_signer(data / "keys"))
    assert (verdict.passed, len(verdict.corrections), verdict.inquiries) == (True, 3, 45)
    async with open_school(data, None) as school:
        await school.promotions.propose(folder.name, school.staff[EMIL])


async def test_a_candidate_trained_on_poisoned_rows_is_refused_by_the_gate(town):
    """Even when two persons confirmed every one of them: by mistake, or together."""
    data, measured, henvend = town
    lies = [
        f"Hej, {road} nr. {n} {place}" for n in range(6) for road in ROADS for place in PLACES[:4]
    ]
    async with open_school(data, None) as school:
        await teach(school, lies, "borger.pas")

    result = await henvend("retrain", "--evaluation", str(measured))

    assert result.exit_code == 1
    assert "Refused: category accuracy" in result.output.replace("\n", " ")
    (folder,) = candidates(data)
    async with open_school(data, None) as school:
        with pytest.raises(PromotionRefusedError, match="gate"):
            await school.promotions.propose(folder.name, school.staff[EMIL])


async def test_where_a_model_decides_training_does_not_replace_it(town):
    data, _, henvend = town
    async with open_school(data, None):
        pass

    result = await henvend("train")

    assert result.exit_code == 1
    assert "henvend retrain" in result.output


async def test_explain_makes_a_past_decision_again(town):
    data, _, henvend = town
    async with open_school(data, None, load_model) as school:
        about = await school.inquiry("Hej, nyt pas ved skolen")
        erased = await school.inquiry("Hej, glat vej")
        await school.chassis.keyring.shred(erased.inquiry)

    result = await henvend("explain", "--inquiry", about.reference.lower())
    assert result.exit_code == 0, result.output
    assert "Verdict confident: borger.pas" in result.stdout
    assert "identical, byte for byte" in result.stdout
    gone = await henvend("explain", "--inquiry", erased.reference)
    assert (gone.exit_code, "erased" in gone.output) == (1, True)
    unknown = await henvend("explain", "--inquiry", "HV-00000-00000")
    assert (unknown.exit_code, "No decision" in unknown.output) == (1, True)
