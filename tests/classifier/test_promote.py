"""Which model decides is signed, takes two persons, and can be taken back."""

import json
import shutil

import pytest
from sqlalchemy import delete, update

from contracts.governance import ModelPromoted
from infra.chassis.settings import SettingsError
from services.classifier import storage
from services.classifier.adapters.learning_tables import promotion
from services.classifier.adapters.promotions import approve_proposal
from services.classifier.model_files import GATE, approved_folder, candidate_folder, digest_of
from services.classifier.promote import PromotionRefusedError
from services.classifier.signature import KEY_FILE, ModelSigner, SignatureError, read_statement
from services.classifier.train import train
from tests.classifier.school import BILAL, EMIL, IDA, judged, line, open_school

pytestmark = pytest.mark.slow


async def approve(school, proposal, account):
    await school.promotions.approve(proposal, school.staff[account], _take_nothing)


async def _take_nothing(_folder):
    return lambda: None


async def test_the_first_model_is_signed_by_the_installation_and_announced_as_such(
    tmp_path, stored
):
    async with open_school(tmp_path / "data", stored / "first") as school:
        champion = await school.promotions.champion()
        (event,) = await school.said(ModelPromoted)

    assert champion.statement.digest == digest_of(stored / "first") == event.model.digest
    assert (event.approved_by, event.previous) == (("installation",), None)
    assert (tmp_path / "data" / "keys" / KEY_FILE).stat().st_mode & 0o777 == 0o600


async def test_a_second_start_announces_nothing_new(tmp_path, stored):
    async with open_school(tmp_path / "data", stored / "first"):
        pass
    async with open_school(tmp_path / "data", None) as school:
        assert len(await school.said(ModelPromoted)) == 1


async def test_one_proposes_another_approves_and_the_model_decides(tmp_path, stored):
    async with open_school(tmp_path / "data", stored / "first") as school:
        first = (await school.promotions.champion()).statement.digest
        second = judged(stored / "second", first, school.data, line(candidate=0.95))

        proposal = await school.promotions.propose(second, school.staff[EMIL])
        assert (await school.promotions.champion()).statement.digest == first
        await approve(school, proposal, IDA)

        champion = await school.promotions.champion()
        event = (await school.said(ModelPromoted))[-1]
    assert champion.statement.digest == second
    assert champion.statement.approved_by == (EMIL, IDA)
    assert (event.model.digest, event.previous) == (second, first)
    assert event.approved_by == (EMIL, IDA)
    assert event.metrics == {"category_accuracy": 0.95}


async def test_nobody_approves_their_own_proposal(tmp_path, stored):
    async with open_school(tmp_path / "data", stored / "first") as school:
        first = (await school.promotions.champion()).statement.digest
        proposal = await school.promotions.propose(
            judged(stored / "second", first, school.data), school.staff[EMIL]
        )

        with pytest.raises(PromotionRefusedError, match="own_proposal"):
            await approve(school, proposal, EMIL)

        assert (await school.promotions.champion()).statement.digest == first
        assert len(await school.said(ModelPromoted)) == 1


async def test_a_caseworker_neither_proposes_nor_approves(tmp_path, stored):
    async with open_school(tmp_path / "data", stored / "first") as school:
        first = (await school.promotions.champion()).statement.digest
        second = judged(stored / "second", first, school.data)

        with pytest.raises(PromotionRefusedError, match="role"):
            await school.promotions.propose(second, school.staff[BILAL])
        proposal = await school.promotions.propose(second, school.staff[EMIL])
        with pytest.raises(PromotionRefusedError, match="role"):
            await approve(school, proposal, BILAL)


async def test_what_the_gate_refused_cannot_be_proposed(tmp_path, stored):
    async with open_school(tmp_path / "data", stored / "first") as school:
        first = (await school.promotions.champion()).statement.digest
        worse = line("paired_flips", better="less", candidate=0.95, judgement="worse")
        second = judged(stored / "second", first, school.data, line(), worse)

        with pytest.raises(PromotionRefusedError, match="gate"):
            await school.promotions.propose(second, school.staff[EMIL])


async def test_a_verdict_edited_by_hand_is_not_believed(tmp_path, stored):
    async with open_school(tmp_path / "data", stored / "first") as school:
        first = (await school.promotions.champion()).statement.digest
        worse = line("paired_flips", better="less", candidate=0.95, judgement="worse")
        second = judged(stored / "second", first, school.data, worse)
        gate = candidate_folder(school.data, second) / GATE
        content = json.loads(gate.read_text("utf-8"))
        content["verdict"]["lines"][0]["judgement"] = "kept"
        gate.write_text(json.dumps(content), "utf-8")

        with pytest.raises(PromotionRefusedError, match="changed"):
            await school.promotions.propose(second, school.staff[EMIL])


@pytest.mark.parametrize("name", ["features.json", "examples.jsonl", "head.safetensors"])
async def test_a_candidate_changed_after_the_proposal_is_not_approved(tmp_path, stored, name):
    async with open_school(tmp_path / "data", stored / "first") as school:
        first = (await school.promotions.champion()).statement.digest
        second = judged(stored / "second", first, school.data)
        proposal = await school.promotions.propose(second, school.staff[EMIL])
        _append(candidate_folder(school.data, second) / name)

        with pytest.raises(PromotionRefusedError, match="changed"):
            await approve(school, proposal, IDA)
        assert (await school.promotions.champion()).statement.digest == first


async def test_a_candidate_measured_against_a_former_model_is_measured_anew(tmp_path, stored):
    async with open_school(tmp_path / "data", stored / "first") as school:
        second = judged(stored / "second", "cd" * 32, school.data)

        with pytest.raises(PromotionRefusedError, match="stale"):
            await school.promotions.propose(second, school.staff[EMIL])


async def test_a_model_that_does_not_open_is_not_promoted(tmp_path, stored):
    async def broken(_folder):
        raise OSError("torn")

    async with open_school(tmp_path / "data", stored / "first") as school:
        first = (await school.promotions.champion()).statement.digest
        proposal = await school.promotions.propose(
            judged(stored / "second", first, school.data), school.staff[EMIL]
        )

        with pytest.raises(PromotionRefusedError, match="unusable"):
            await school.promotions.approve(proposal, school.staff[IDA], broken)
        assert (await school.promotions.champion()).statement.digest == first


async def test_going_back_is_a_promotion_by_two_persons_too(tmp_path, stored):
    async with open_school(tmp_path / "data", stored / "first") as school:
        first = (await school.promotions.champion()).statement.digest
        second = judged(stored / "second", first, school.data)
        await approve(school, await school.promotions.propose(second, school.staff[EMIL]), IDA)

        back = await school.promotions.propose(first, school.staff[IDA])
        with pytest.raises(PromotionRefusedError, match="own_proposal"):
            await approve(school, back, IDA)
        await approve(school, back, EMIL)

        event = (await school.said(ModelPromoted))[-1]
        assert (await school.promotions.champion()).statement.kind == "rollback"
        assert approved_folder(school.data, second).is_dir()
    assert (event.model.digest, event.previous) == (first, second)
    assert event.approved_by == (IDA, EMIL)


def _append(path) -> None:
    # Written anew, for the folders of a model may share their files.
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content + b" ")


@pytest.mark.parametrize("name", ["features.json", "head.safetensors", "manifest.json"])
async def test_a_promoted_model_of_which_a_file_changed_is_not_used(tmp_path, stored, name):
    async with open_school(tmp_path / "data", stored / "first") as school:
        folder = (await school.promotions.champion()).folder
    _append(folder / name)

    with pytest.raises(SettingsError, match="no usable model"):
        async with open_school(tmp_path / "data", None):
            pass


async def test_a_file_laid_beside_the_signed_ones_is_noticed(tmp_path, stored):
    async with open_school(tmp_path / "data", stored / "first") as school:
        folder = (await school.promotions.champion()).folder
    (folder / "modeling.py").write_text("print('hello')", "utf-8")

    with pytest.raises(SettingsError, match=r"modeling\.py"):
        async with open_school(tmp_path / "data", None):
            pass


async def test_another_whole_model_in_the_approved_ones_place_is_not_used(tmp_path, stored):
    async with open_school(tmp_path / "data", stored / "first") as school:
        folder = (await school.promotions.champion()).folder
    shutil.rmtree(folder)
    shutil.copytree(stored / "second", folder)

    with pytest.raises(SettingsError, match="another than the one that was approved"):
        async with open_school(tmp_path / "data", None):
            pass


@pytest.mark.parametrize("forged", ["statement", "signature", "digest"])
async def test_a_promotion_written_into_the_database_is_not_believed(tmp_path, stored, forged):
    async with open_school(tmp_path / "data", stored / "first") as school:
        champion = await school.promotions.champion()
        other = ModelSigner(b"7" * 32, tmp_path)
        text = champion.statement.model_copy(update={"name": "forged"}).model_dump_json()
        values = {
            "statement": {"statement": text},
            "signature": {"statement": text, "signature": other.sign(text)},
            "digest": {"digest": digest_of(stored / "second")},
        }[forged]
        async with school.chassis.database.write() as tx:
            await tx.execute(update(promotion).values(**values))

    with pytest.raises(SettingsError, match="sign"):
        async with open_school(tmp_path / "data", None):
            pass


async def test_a_signing_key_others_can_read_is_refused(tmp_path, stored):
    async with open_school(tmp_path / "data", stored / "first"):
        pass
    (tmp_path / "data" / "keys" / KEY_FILE).chmod(0o644)

    with pytest.raises(SettingsError, match="chmod 600"):
        async with open_school(tmp_path / "data", None):
            pass


def test_a_signature_holds_for_its_own_text_only(tmp_path):
    signer = ModelSigner(b"1" * 32, tmp_path)

    with pytest.raises(SignatureError):
        read_statement("{}", signer.sign("{ }"), signer)


async def test_the_database_itself_takes_no_approval_from_the_proposer(tmp_path, stored):
    """The page asks first; this holds when two of its requests run at once."""
    async with open_school(tmp_path / "data", stored / "first") as school:
        first = (await school.promotions.champion()).statement.digest
        proposal = await school.promotions.propose(
            judged(stored / "second", first, school.data), school.staff[EMIL]
        )

        async with school.chassis.database.write() as tx:
            alone = await approve_proposal(tx, proposal, EMIL, school.clock())
            both = await approve_proposal(tx, proposal, IDA, school.clock())
            again = await approve_proposal(tx, proposal, IDA, school.clock())

    assert (alone, both, again) == (False, True, False)


async def test_who_empties_the_database_gets_no_other_model_signed_as_the_first(tmp_path, stored):
    async with (
        open_school(tmp_path / "data", stored / "first") as school,
        school.chassis.database.write() as tx,
    ):
        await tx.execute(delete(promotion))
    shutil.rmtree(tmp_path / "data" / "model")

    with pytest.raises(SettingsError, match="began with another model"):
        async with open_school(tmp_path / "data", stored / "second"):
            pass


async def test_a_promotion_forged_into_the_past_does_not_make_a_way_around_the_gate(
    tmp_path, stored
):
    async with open_school(tmp_path / "data", stored / "first") as school:
        champion = await school.promotions.champion()
        second = digest_of(stored / "second")
        shutil.copytree(stored / "second", approved_folder(school.data, second))
        forged = champion.statement.model_copy(update={"digest": second, "number": 0})
        async with school.chassis.database.write() as tx:
            await tx.execute(
                promotion.insert().values(
                    number=0,
                    digest=second,
                    statement=forged.model_dump_json(),
                    signature=ModelSigner(b"7" * 32, tmp_path).sign(forged.model_dump_json()),
                    at=school.clock(),
                )
            )

        with pytest.raises(PromotionRefusedError, match="changed"):
            await school.promotions.propose(second, school.staff[EMIL])


async def test_an_embedding_model_beside_the_signed_one_is_signed_too(
    tmp_path, examples, taxonomy, words_only
):
    outside = tmp_path / "bought-model"
    outside.mkdir()
    (outside / "weights.bin").write_bytes(b"1234")
    trained = train(examples, taxonomy, outside_embedding=words_only)
    storage.save(tmp_path / "made", trained.model, str(outside), trained.about)
    async with open_school(tmp_path / "data", tmp_path / "made"):
        pass
    async with open_school(tmp_path / "data", None):
        pass
    (outside / "weights.bin").write_bytes(b"1235")

    with pytest.raises(SettingsError, match="bought-model is another than the one"):
        async with open_school(tmp_path / "data", None):
            pass
