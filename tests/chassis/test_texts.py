"""Every text exists in all three languages with the same placeholders."""

import re

import pytest

from infra.pages.pages import LANGUAGES, MissingTextError, sureness, text, texts

PLACEHOLDER = re.compile(r"\{(\w+)\}")


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_language_lacks_a_text(language):
    assert set(texts(language)) == set(texts("da"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_placeholders_are_the_same_in_every_language(language):
    differing = [
        key
        for key, danish in texts("da").items()
        if set(PLACEHOLDER.findall(danish)) != set(PLACEHOLDER.findall(texts(language)[key]))
    ]

    assert differing == []


def test_no_text_is_empty():
    assert [
        key for lang in LANGUAGES for key, value in texts(lang).items() if not value.strip()
    ] == []


def test_a_missing_text_is_an_error_and_not_a_blank():
    with pytest.raises(MissingTextError, match=r"no\.such\.key"):
        text("no.such.key", "da")


def test_no_word_was_taken_for_a_yaml_truth():
    taken = {"True", "False", "None"}

    assert [k for lang in LANGUAGES for k, v in texts(lang).items() if v in taken] == []


@pytest.mark.parametrize(
    ("probability", "shown"), [(0.9999, "> 99"), (0.994, "99"), (0.5, "50"), (0.004, "< 1")]
)
def test_a_guess_is_never_shown_as_certain(probability, shown):
    assert sureness(probability) == shown
