"""Other sentence-transformers models, by a tiny one that the tests make."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from knowledge.card import EmbedderSpec
from knowledge.embedding.embedder import Embedder
from knowledge.embedding.registry import open_embedder
from knowledge.errors import ConfigError, EmbedderError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "card", "limit", "fee", "transfer", "##s", "abroad", "."]
TEXTS = ["card limit", "transfer fees abroad. " * 5, "", "fee", "unknown words", "card " * 100]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model with random weights: eight dimensions, two layers, at most 16 tokens."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from transformers import BertConfig, BertModel, BertTokenizer

    base = tmp_path_factory.mktemp("bert")
    (base / "vocab.txt").write_text("\n".join(VOCABULARY), "utf-8")
    config = BertConfig(
        vocab_size=len(VOCABULARY),
        hidden_size=8,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=32,
    )
    BertModel(config).save_pretrained(base)
    BertTokenizer(vocab={word: n for n, word in enumerate(VOCABULARY)}).save_pretrained(base)
    encoder = Transformer(str(base), max_seq_length=16)
    model = SentenceTransformer(modules=[encoder, Pooling(8)], device="cpu")
    saved = tmp_path_factory.mktemp("models") / "tiny"
    model.save(str(saved), create_model_card=False)
    return saved


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def embedder(folder: Path, cache: Path) -> Embedder:
    return opened(str(folder), cache)


@pytest.fixture(scope="module")
def plain(folder: Path) -> SentenceTransformer:
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(folder), device="cpu", local_files_only=True)


def opened(model: str, cache: Path) -> Embedder:
    return open_embedder(EmbedderSpec("sentence-transformers", model, device="cpu"), cache_dir=cache)


def test_vectors_are_those_of_the_library_in_order(embedder: Embedder, plain: SentenceTransformer) -> None:
    expected = plain.encode(TEXTS, normalize_embeddings=True, show_progress_bar=False)
    for found in (embedder.embed(TEXTS), embedder.embed_bulk(TEXTS)):
        assert found.dtype == np.float32
        assert found == pytest.approx(expected, abs=1e-5)
    assert embedder.embed_query(TEXTS[0]) == pytest.approx(expected[0], abs=1e-5)


def test_no_texts_give_no_rows(embedder: Embedder) -> None:
    assert embedder.embed([]).shape == (0, 8)


def test_the_identity_names_model_dimension_weights_and_limit(embedder: Embedder) -> None:
    identity = embedder.identity
    assert (identity.model, identity.dimension, identity.max_tokens) == ("tiny", 8, 16)
    assert len(identity.weights) == 64


def test_a_remembered_identity_needs_no_model(embedder: Embedder, folder: Path, cache: Path, tmp_path: Path) -> None:
    copy = tmp_path / "tiny"
    shutil.copytree(folder, copy)
    (copy / "config.json").unlink()
    assert opened(str(copy), cache).identity == embedder.identity


def test_other_weights_are_another_identity(embedder: Embedder, folder: Path, cache: Path, tmp_path: Path) -> None:
    copy = tmp_path / "tiny"
    shutil.copytree(folder, copy)
    weights = copy / "model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    assert opened(str(copy), cache).identity.weights != embedder.identity.weights


def test_tokens_are_the_models_own_and_uncut(embedder: Embedder) -> None:
    text = "Transfer fees abroad. " * 10
    spans = embedder.tokens().offsets(text)
    assert [text[start:end] for start, end in spans[:5]] == ["Transfer", "fee", "s", "abroad", "."]
    assert embedder.tokens().count(text) == 50


def test_a_folder_without_weights_is_named(cache: Path, tmp_path: Path) -> None:
    with pytest.raises(EmbedderError, match="no model weights"):
        _ = opened(str(tmp_path), cache).identity


def test_a_folder_that_cannot_be_loaded_is_named(folder: Path, cache: Path, tmp_path: Path) -> None:
    copy = tmp_path / "broken"
    shutil.copytree(folder, copy)
    (copy / "config.json").write_text("{}", "utf-8")
    with pytest.raises(EmbedderError, match="cannot be loaded"):
        opened(str(copy), cache).embed(["x"])


@pytest.mark.parametrize("name", ["nobody/no-such-model", "not a name at all"])
def test_a_model_that_is_not_here_is_not_downloaded(cache: Path, name: str) -> None:
    with pytest.raises(EmbedderError, match="downloads are off"):
        opened(name, cache).embed(["x"])


def test_an_unknown_kind_lists_the_known_ones(cache: Path) -> None:
    spec = EmbedderSpec(kind="word2vec")  # type: ignore[arg-type]  # as a card of a later version may say
    with pytest.raises(ConfigError, match="word2vec") as failure:
        open_embedder(spec, cache_dir=cache)
    assert "minilm, sentence-transformers, openai" in failure.value.sentence
