"""A single question takes a short way through the model: it must lead where the long one does."""

import subprocess
import sys

import numpy as np
import pytest

from infra.text.sentence_encoder import load_sentence_encoder
from services.chatbot.adapters.sentence_transformer import SENTENCE
from services.chatbot.loading import load_embedder
from services.chatbot.settings import ChatbotSettings
from tests.chatbot.sample import make_model

pytestmark = pytest.mark.slow
WORDS = 48
"""Dimensions of the words' half."""
TEXTS = ("hvad koster et pas", "pas pas pas", "ord ingen kender", "?", "")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("model") / "words"
    return make_model(folder, ["hvad koster et nyt pas", "storskrald"])


@pytest.fixture(scope="module")
def embedder(model):
    return opened(model)


def opened(model):
    from services.chatbot.adapters.sentence_transformer import SentenceTransformerEmbedder

    return SentenceTransformerEmbedder(model)


@pytest.mark.parametrize("text", TEXTS)
def test_one_text_has_the_same_vector_as_among_others(embedder, text):
    among = embedder.embed([text, "storskrald"])[0]

    # The words' half to the bit; the sentence's goes through products whose sums depend on their size.
    assert np.array_equal(embedder.embed([text])[0][:WORDS], among[:WORDS])
    assert np.allclose(embedder.embed([text])[0], among, atol=1e-6)


def test_a_text_without_a_known_word_has_no_direction(embedder):
    assert not embedder.embed(["ord ingen kender"]).any()


@pytest.mark.parametrize("text", TEXTS)
def test_half_a_vector_is_the_one_sentence_transformers_gives(embedder, model, text):
    from sentence_transformers import SentenceTransformer

    plain = SentenceTransformer(str(model), device="cpu")

    expected = plain.encode([text], normalize_embeddings=True)
    assert np.allclose(
        embedder.embed([text])[:, :WORDS], expected * np.sqrt(1 - SENTENCE), atol=1e-6
    )


def test_the_other_half_is_what_the_sentence_means(embedder):
    known, unknown = embedder.embed(["hvad koster et pas", "ord ingen kender"])[:, WORDS:]

    meant = load_sentence_encoder().embed(["hvad koster et pas"])[0]
    assert np.allclose(known, meant * np.sqrt(SENTENCE), atol=1e-6)
    assert not unknown.any()


def test_a_municipality_may_do_without_it(model):
    settings = ChatbotSettings(data=model, chatbot_model=str(model), chatbot_sentences=False)
    plain, whole = load_embedder(settings), opened(model)

    assert plain.embed(["hvad koster et pas"]).shape[1] == WORDS
    assert plain.digest != whole.digest


def test_a_new_user_has_it(model, monkeypatch):
    monkeypatch.delenv("HENVEND_CHATBOT_SENTENCES")

    embedder = load_embedder(ChatbotSettings(data=model, chatbot_model=str(model)))

    assert embedder.digest == opened(model).digest


def test_another_sentence_encoder_is_another_model(model, monkeypatch):
    before = opened(model).digest
    module = "services.chatbot.adapters.sentence_transformer"
    monkeypatch.setattr(f"{module}.sentence_encoder_digest", lambda: "another")

    assert opened(model).digest != before


def test_a_transformer_speaks_for_itself(model, tmp_path, monkeypatch):
    """A model that is no table needs no second half."""
    module = "services.chatbot.adapters.sentence_transformer"
    monkeypatch.setattr(f"{module}.read_static_embedding", lambda _folder: None)

    rows = opened(model).embed(["hvad koster et pas"])

    assert rows.shape[1] == WORDS


STARTED = """
import sys
from pathlib import Path
import services.chatbot.__main__, services.chatbot.commands, services.chatbot.prepare, services.chatbot.foresee
from services.chatbot.loading import load_embedder
from services.chatbot.settings import ChatbotSettings
embedder = load_embedder(ChatbotSettings(data=Path("."), chatbot_model=sys.argv[1]))
assert embedder.embed(["hvad koster et pas"]).any() and embedder.embed(["et", "pas"]).any()
print(*{"torch", "sentence_transformers", "transformers"} & set(sys.modules))
"""


def test_the_chatbot_starts_without_torch(model):
    done = subprocess.run(
        [sys.executable, "-c", STARTED, str(model)], capture_output=True, text=True, check=True
    )

    assert done.stdout.split() == []


def test_numpy_keeps_to_one_thread_beside_the_model(model):
    from threadpoolctl import threadpool_info, threadpool_limits

    threadpool_limits(2)

    opened(model)

    assert {pool["num_threads"] for pool in threadpool_info()} == {1}
