"""A single question takes a short way through the model: it must lead where the long one does."""

import numpy as np
import pytest

from tests.chatbot.sample import make_model

pytestmark = pytest.mark.slow
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

    assert np.array_equal(embedder.embed([text])[0], among)


def test_a_text_without_a_known_word_has_no_direction(embedder):
    assert not embedder.embed(["ord ingen kender"]).any()


def test_numpy_keeps_to_one_thread_beside_the_model(model):
    from threadpoolctl import threadpool_info, threadpool_limits

    threadpool_limits(2)

    opened(model)

    assert {pool["num_threads"] for pool in threadpool_info()} == {1}
