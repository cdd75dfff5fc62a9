"""A small embedding as a folder of sentence-transformers, made without the seconds torch takes."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

MODULES = (
    ("", "sentence_transformers.sentence_transformer.modules.static_embedding.StaticEmbedding"),
    ("1_Normalize", "sentence_transformers.base.modules.normalize.Normalize"),
)


def write_static_model(
    folder: Path, words: Sequence[str], width: int = 48, kind: type = np.float32
) -> Path:
    """Words point in random directions; [UNK] in none."""
    (folder / "1_Normalize").mkdir(parents=True)
    vocabulary = {"[UNK]": 0} | {word: number for number, word in enumerate(words, 1)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.save(str(folder / "tokenizer.json"))
    table = np.random.default_rng(1).normal(size=(len(vocabulary), width))
    table[0] = 0
    save_file({"embedding.weight": table.astype(kind)}, folder / "model.safetensors")
    modules = [
        {"idx": number, "name": str(number), "path": path, "type": name}
        for number, (path, name) in enumerate(MODULES)
    ]
    write_json(folder / "modules.json", modules)
    names = {f"module_{side}_name": "sentence_embedding" for side in ("input", "output")}
    write_json(folder / "1_Normalize" / "config.json", names)
    about = {"model_type": "SentenceTransformer", "prompts": {"query": ""}}
    write_json(folder / "config_sentence_transformers.json", about)
    return folder


def write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value), "utf-8")
