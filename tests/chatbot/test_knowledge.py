"""Articles are read strictly: what is wrong is named by file and field."""

from datetime import date
from pathlib import Path
from string import Formatter

import pytest

from infra.pages.pages import text
from services.chatbot.check import WORDS, Finding, check, readability
from services.chatbot.engine import publication_digest
from services.chatbot.knowledge import Base, KnowledgeError, load_base, parse_article
from services.chatbot.prepare import read_findings, write_findings
from services.chatbot.publish import whole_base
from services.chatbot.settings import ChatbotSettings
from tests.chatbot.sample import make_municipality

GOOD = """---
id: pas-pris
language: da
category: kff.pas
title: Pris på pas
questions:
  - Hvad koster et pas?
valid_from: 2026-09-01
review_by: 2027-09-01
version: 1
approved_by: Redaktør
sources:
  - {title: Pas, url: https://www.sundby.example/pas}
sample: true
---
Et pas koster **890 kr.** Se [tid](kb:pas-bestil).
"""


def test_the_body_is_kept_word_for_word():
    article = parse_article("pas-pris.da.md", GOOD)

    assert article.body == "Et pas koster **890 kr.** Se [tid](kb:pas-bestil)."
    assert article.links() == ("kb:pas-bestil",)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (("version: 1", "version: nul"), "pas-pris.da.md: version"),
        (("review_by: 2027-09-01", "review_by: 2026-01-01"), "review_by must be after"),
        (("language: da", "language: sv"), "say pas-pris.sv.md"),
        (("title: Pris på pas\n", ""), "pas-pris.da.md: title"),
        (("sample: true", "simple: true"), "pas-pris.da.md: simple"),
        (("---\nid", "--\nid"), "front matter"),
    ],
)
def test_a_mistake_is_named_by_file_and_field(change, problem):
    with pytest.raises(KnowledgeError, match=problem):
        parse_article("pas-pris.da.md", GOOD.replace(*change))


def test_an_article_answers_until_its_review_date_and_not_after():
    article = parse_article("pas-pris.da.md", GOOD)
    days = [date(2026, 8, 31), date(2026, 9, 1), date(2027, 9, 1), date(2027, 9, 2)]

    assert [article.answers_on(day) for day in days] == [False, True, True, False]


def test_a_link_to_a_missing_article_is_an_error_and_a_missing_language_a_warning():
    base = Base({"pas-pris.da": parse_article("pas-pris.da.md", GOOD)})

    found = [(f.level, f.words) for f in check(base, date(2026, 11, 1))]

    assert ("error", "links to pas-bestil, which has no da text") in found
    assert ("warning", "is missing: other languages have it") in found


def test_an_overdue_article_is_reported():
    base = Base({"pas-pris.da": parse_article("pas-pris.da.md", GOOD)})

    assert any("overdue" in f.words for f in check(base, date(2028, 1, 1)))


@pytest.mark.parametrize("language", ["da", "sv", "en"])
def test_the_page_says_every_finding_in_its_reader_s_language(language):
    seen = set()
    for kind, words in WORDS.items():
        values = {name: "2026-12-01" for _, name, *_ in Formatter().parse(words) if name}
        finding = Finding("warning", "pas-pris.da", kind, values)
        said = text(f"chatbot.preview.check.{kind}", language, **finding.shown)

        assert ("01.12.2026" in said) == ("day" in values)
        assert said.count("2026-12-01") == len(values) - ("day" in values)
        english = finding._replace(values=finding.shown).words
        assert (said == english) == (language == "en")
        seen.add(said)
    assert len(seen) == len(WORDS)


def test_what_was_found_is_read_again_as_it_was_written(tmp_path):
    base = Base({"pas-pris.da": parse_article("pas-pris.da.md", GOOD)})
    found = check(base, date(2028, 1, 1))
    write_findings(tmp_path, found)

    assert read_findings(tmp_path) == found


def test_long_sentences_are_harder_to_read():
    short = "Du går ind. Du betaler. Du går ud."
    long = "Ansøgningsproceduren forudsætter dokumentation vedrørende indkomstforhold " * 5

    assert readability(short).lix < 20
    assert readability(long).lix > 45


@pytest.mark.slow
def test_the_sample_base_is_sound_and_has_every_topic_in_three_languages():
    base = load_base(Path(__file__).parents[2] / "services" / "chatbot" / "knowledge")

    assert len(base.topics()) == 56
    assert len(base) == 168
    assert [f for f in check(base, date(2026, 11, 22)) if f.level == "error"] == []


def test_a_new_cry_or_a_new_question_for_nobody_is_a_new_publication(tmp_path):
    folder = make_municipality(tmp_path / "town", ("rotter",))
    settings = ChatbotSettings(data=tmp_path / "data", municipality=folder)
    base = whole_base(settings)
    before = publication_digest(base, "m", settings)

    assert publication_digest(base, "m", settings) == before
    (folder / "outside.yaml").write_text("da: [hvem ejer månen]")
    assert publication_digest(base, "m", settings) != before
    assert any(path.name == "cries.yaml" for path in settings.teaching_files)
    # Names of other places are listened for when answering; nothing is learnt from them.
    assert not any(path.name == "elsewhere.yaml" for path in settings.teaching_files)
    (folder / "examples" / "kff.jsonl").touch()
    assert any(path.name == "kff.jsonl" for path in settings.teaching_files)
