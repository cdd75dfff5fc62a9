"""Is the data fit to learn from, and is what measures really unseen?"""

from collections import Counter
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
import typer
from scipy import sparse
from typer.testing import CliRunner

from contracts.taxonomy import load_taxonomy
from infra.text.normalise import words
from services.classifier import measuring_commands
from services.classifier.check_data import BROKEN, MINIMA, Sets, check, length_of, steps
from services.classifier.evaluate import LENGTHS, Case, RightPart, read_cases
from services.classifier.examples import Example, spoken
from services.classifier.features import unit_rows
from services.classifier.frames import frame, frames_of
from services.classifier.near_duplicates import twins_of
from services.classifier.sources import LEFT_OUT, digest_of, sources_of

LETTER = "der er et stort hul i asfalten foran vores hus"
HERE = Path(measuring_commands.__file__).parent


def example(id_: str, text: str, category: str = "veje.huller", language: str = "da") -> Example:
    return Example(id=id_, category=category, language=language, text=text)


def case(id_: str, text: str, category: str | None = "veje.huller", **more) -> Case:
    return Case(id=id_, language="da", category=category, text=text, **more)


def kinds(sets: Sets, taxonomy, minima=None) -> Counter:
    return Counter(found.kind for found in check(sets, sets.training, taxonomy, minima or {}))


def test_one_text_twice_is_a_duplicate_whatever_its_punctuation(taxonomy) -> None:
    rows = [example("1", LETTER), example("2", LETTER.capitalize() + "!")]

    assert kinds(Sets(rows), taxonomy) == {"duplicate": 1}


def test_one_text_under_two_categories_is_a_conflict(taxonomy) -> None:
    rows = [example("1", LETTER), example("2", LETTER, "borger.pas")]

    assert kinds(Sets(rows), taxonomy) == {"conflict": 1}


def test_a_reworded_text_is_a_near_duplicate(taxonomy) -> None:
    rows = [example("1", LETTER), example("2", f"hej {LETTER}"), example("3", "mit pas er væk")]

    assert kinds(Sets(rows), taxonomy) == {"near-duplicate": 1}


def test_a_short_training_row_repeated_in_an_evaluation_inquiry_is_a_leak(taxonomy) -> None:
    sets = Sets([example("1", "nyt pas")], evaluation=[case("e", "Nyt pas?")])

    (found,) = check(sets, [], taxonomy, {})

    assert found.kind == "leak"
    assert "1 (training) ~ e (evaluation)" in found.where
    assert "pas" not in found.where


def test_a_part_of_a_mixed_inquiry_leaks_too(taxonomy) -> None:
    other = (
        "Mit pas er udløbet i går, og vi rejser på fredag med begge børn og deres farmor til Malta."
    )
    text = f"{other} {LETTER}"
    part = RightPart(start=text.index(LETTER), end=len(text), category="veje.huller")
    sets = Sets([example("1", LETTER)], evaluation=[case("m", text, None, parts=(part,))])

    wheres = [found.where for found in check(sets, [], taxonomy, {})]

    assert "1 (training) ~ m#0 (evaluation) (1.00)" in wheres


def test_the_development_set_may_not_hold_what_the_evaluation_holds(taxonomy) -> None:
    sets = Sets([], development=[case("d", LETTER)], evaluation=[case("e", f"{LETTER} nu")])

    assert kinds(sets, taxonomy) == {"leak": 1}


def test_paired_evaluation_inquiries_may_be_alike(taxonomy) -> None:
    sets = Sets([], evaluation=[case("1", LETTER), case("2", f"{LETTER} nu")])

    assert kinds(sets, taxonomy) == {}


def test_a_label_the_taxonomy_lacks_is_found_in_every_set(taxonomy) -> None:
    sets = Sets([], [case("d", "et pas", "borger.ukendt")], [case("e", "hul i vejen", "veje.nej")])

    assert kinds(sets, taxonomy) == {"label": 2}


def test_a_mislabelled_language_and_a_thin_category_are_found(taxonomy) -> None:
    swedish = example("s", "Jag skulle vilja veta hur jag får ett nytt pass till min dotter")

    found = check(Sets([swedish]), [swedish], taxonomy, {"sv": 1})
    findings = [one.where for one in found]

    assert Counter(one.kind for one in found)["language"] == 1
    assert "veje.huller has 0 examples of over 60 words in sv, fewer than 1" in findings
    assert "veje.huller has 1 examples in sv" not in " ".join(findings)
    assert "borger.pas has 0 examples in sv, fewer than 1" in findings


def test_a_third_of_the_least_must_be_there_in_each_length(taxonomy) -> None:
    middling = f"{LETTER} og det har det været siden påske så nu må nogen gøre noget"
    rows = [example("1", LETTER), example("2", middling), example("3", "min cykel er i stykker")]

    def missing(rows: list[Example]) -> list[str]:
        found = check(Sets(rows), rows, taxonomy, {"da": 4})
        return [f.where for f in found if f.kind == "few" and f.where.startswith("veje.huller")]

    long = example("4", " ".join(f"sten{number} i vejen" for number in range(25)))

    assert "veje.huller has 1 examples of 15-60 words in da, fewer than 2" in missing(rows)
    assert "veje.huller has 0 examples of over 60 words in da, fewer than 2" in missing(rows)
    assert not [where for where in missing(rows) if "under 15" in where]
    assert "veje.huller has 1 examples of over 60 words in da, fewer than 2" in missing([
        *rows,
        long,
    ])


def test_progress_is_told_as_often_as_announced(taxonomy, examples) -> None:
    sets, told = Sets(examples), []

    check(sets, [], taxonomy, {}, lambda: told.append(1))

    assert len(told) == steps(sets)


def test_comparing_only_rows_with_a_rare_feature_in_common_misses_no_pair() -> None:
    random = np.random.default_rng(1)
    base = sparse.random(400, 60, density=0.1, random_state=random, format="csr")
    noise = sparse.random(400, 60, density=0.02, random_state=random, format="csr")
    rows = unit_rows(sparse.vstack([base, base + noise]).tocsr())

    for least in (0.5, 0.8, 0.95):
        full = (rows @ rows.T).toarray()
        wanted = {(a, b) for a, b in np.argwhere(full >= least + 1e-6) if a < b}
        found = {(twins.first, twins.second) for twins in twins_of(rows, least)}
        assert len(wanted) > 100
        assert wanted <= found
        assert all(full[pair] >= least - 1e-6 for pair in found)


def test_a_frame_is_what_is_left_of_a_template() -> None:
    assert frame("jeg har en rotte i min kælder", "da") == frame("Jeg har en myre i min have", "da")
    assert frame("hvad koster et pas", "da") is None


def test_examples_from_one_template_share_a_frame() -> None:
    things = ("rotte", "myre", "dueunge")
    rows = [example(t, f"jeg har en {t} i min kælder og vil af med den") for t in things]

    found = frames_of([*rows, example("x", LETTER)])

    assert (found.rows, found.sharing, found.most) == (4, 3, 3)
    assert found.openings == pytest.approx(0.25)


@pytest.mark.slow
def test_the_sample_has_no_exact_duplicate_leak_or_unknown_label_and_enough_of_all() -> None:
    sources = sources_of(None, None, None)
    seen: dict[str, str | None] = {}
    for row in sources.examples:
        own = spoken([word.text for word in words(f"{row.title or ''} {row.text}")])
        assert own not in seen, f"{row.id} is there twice"
        seen[own] = row.category
    held = ("evaluation", "development", "development/voices")
    for case_ in (case_ for name in held for case_ in read_cases(HERE / name)):
        own = spoken([word.text for word in words(f"{case_.title or ''} {case_.text}")])
        assert own not in seen, f"{case_.id} is taught"
        assert case_.category is None or case_.category in sources.taxonomy.categories
    found = Counter((row.category, row.language) for row in sources.written)
    of_length = Counter((r.category, r.language, length_of(r.text)) for r in sources.written)
    few = [
        (category, language)
        for category in load_taxonomy().categories
        for language, least in MINIMA.items()
        if found[category, language] < least
        or min(of_length[category, language, name] for name, _, _ in LENGTHS) < least / 3
    ]
    assert few == []


@pytest.mark.slow
def test_the_sample_leaks_nothing_nearly_the_same_either() -> None:
    sources = sources_of(None, None, None)
    development = [*read_cases(HERE / "development"), *read_cases(HERE / "development" / "voices")]
    sets = Sets(sources.examples, development, read_cases(HERE / "evaluation"))

    findings = check(sets, sources.written, sources.taxonomy, MINIMA)

    assert [found for found in findings if found.kind in BROKEN] == []
    frames = frames_of(sources.written)
    assert frames.sharing / frames.rows < 0.01


def test_a_question_can_be_left_out_of_the_teaching(tmp_path) -> None:
    article = (
        "---\ncategory: kff.pas\nlanguage: da\nquestions: [hvad koster et pas, nyt pas]\n---\n"
    )
    left_out = digest_of(example("1", "Hvad koster et pas?"))
    for folder in ("knowledge", "examples"):
        (tmp_path / folder).mkdir()
    (tmp_path / "knowledge" / "pas.da.md").write_text(article, "utf-8")
    (tmp_path / "examples" / LEFT_OUT).write_text(f"# why\n{left_out}\n", "utf-8")

    taught = [row.text for row in sources_of(tmp_path, None, None).examples]

    assert taught == ["nyt pas"]


def test_the_command_fails_on_a_leak_and_passes_clean_data(tmp_path) -> None:
    app = typer.Typer()
    measuring_commands.mount(app)
    taxonomy = tmp_path / "taxonomy.yaml"
    taxonomy.write_text(files("contracts").joinpath("taxonomy.yaml").read_text("utf-8"), "utf-8")
    row = '{"id": "%s", "category": "kff.pas", "language": "da", "text": "%s"}\n'
    data, cases = tmp_path / "data", tmp_path / "cases"
    data.mkdir()
    cases.mkdir()
    (data / "a.jsonl").write_text(row % ("1", "skatten åd mit pas i regnvejr"), "utf-8")
    arguments = ["data", "check", "--data", str(data), "--evaluation", str(cases)]
    arguments += ["--development", str(tmp_path / "none"), "--least", "da=0"]
    arguments += ["--taxonomy", str(taxonomy)]

    (cases / "e.jsonl").write_text(row % ("e", "noget helt andet fra Mars"), "utf-8")
    clean = CliRunner().invoke(app, arguments)
    (cases / "e.jsonl").write_text(row % ("e", "Skatten åd mit pas i regnvejr!"), "utf-8")
    leaking = CliRunner().invoke(app, arguments)

    (cases / "e.jsonl").unlink()
    (cases / "voices").mkdir()
    (cases / "voices" / "v.jsonl").write_text(row % ("v", "skatten åd mit pas i regnvejr"), "utf-8")
    (cases / "f.jsonl").write_text(row % ("f", "noget helt andet fra Mars"), "utf-8")
    deeper = CliRunner().invoke(app, arguments)

    assert clean.exit_code == 0, clean.output
    assert leaking.exit_code == 1
    assert deeper.exit_code == 1
    assert "leak: 1 (training) ~ e (evaluation)" in leaking.output
