"""Cross-encoders of sentence-transformers, by tiny ones that the tests make."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from knowledge.card import RerankerSpec
from knowledge.errors import RerankerError
from knowledge.retrieval.sentence_transformers_reranker import CrossEncoderReranker
from knowledge.settings import read_environment
from knowledge.terminal.opening import installed_rerankers

VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "card", "limit", "fee", "transfer", "##s", "abroad", "."]
TEXTS = ["card limit", "transfer fees abroad. " * 5, "", "fee", "unknown words", "card " * 100]
Maker = Callable[[int], Path]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Maker:
    """Saves a model with random weights, two layers and so many labels; 0 for one that only embeds."""

    def make(labels: int) -> Path:
        import torch
        from transformers import BertConfig, BertForSequenceClassification, BertModel, BertTokenizer

        torch.manual_seed(7)
        folder = tmp_path_factory.mktemp("models") / "tiny"
        config = BertConfig(
            vocab_size=len(VOCABULARY),
            hidden_size=16,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=32,
            max_position_embeddings=32,
            initializer_range=1.0,
        )
        config.num_labels = max(labels, 1)
        model = BertForSequenceClassification(config) if labels else BertModel(config)
        model.save_pretrained(folder)
        BertTokenizer(vocab={word: at for at, word in enumerate(VOCABULARY)}).save_pretrained(folder)
        return folder

    return make


@pytest.fixture(scope="module")
def folder(made: Maker) -> Path:
    return made(1)


def opened(model: Path | str, *, offline: bool = True) -> CrossEncoderReranker:
    return CrossEncoderReranker(RerankerSpec(str(model), device="cpu"), offline=offline)


def test_scores_are_the_models_own_predictions_in_order(folder: Path) -> None:
    from sentence_transformers import CrossEncoder

    plain = CrossEncoder(str(folder), device="cpu", local_files_only=True)
    expected = plain.predict([("card fee", text) for text in TEXTS], show_progress_bar=False)
    found = opened(folder).scores("card fee", TEXTS)
    assert found.dtype == np.float32
    assert found == pytest.approx(expected, abs=1e-5)
    assert len(set(np.argsort(found).tolist())) == len(TEXTS)
    assert float(np.ptp(found)) > 0.01


def test_what_sentence_transformers_saved_is_opened_too(folder: Path, tmp_path: Path) -> None:
    from sentence_transformers import CrossEncoder

    CrossEncoder(str(folder), device="cpu", local_files_only=True).save_pretrained(str(tmp_path / "saved"))
    saved = opened(tmp_path / "saved").scores("card", TEXTS)
    assert saved == pytest.approx(opened(folder).scores("card", TEXTS), abs=1e-5)


def test_threads_may_ask_at_the_same_moment(folder: Path) -> None:
    reranker = opened(folder)
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda _: reranker.scores("fee", TEXTS), range(8)))
    assert all(np.array_equal(one, found[0]) for one in found)


def test_no_texts_need_no_model() -> None:
    assert opened("nobody/no-such-model").scores("fee", []).shape == (0,)


def test_several_scores_a_pair_are_refused(made: Maker) -> None:
    with pytest.raises(RerankerError, match="gives 3 scores a pair") as failure:
        opened(made(3)).scores("fee", TEXTS)
    assert "name one that gives one" in failure.value.hint


def test_a_model_that_only_embeds_is_refused_since_its_scores_would_be_chance(made: Maker, tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer

    bare = made(0)
    encoder = SentenceTransformer(modules=[Transformer(str(bare), max_seq_length=16), Pooling(16)], device="cpu")
    encoder.save(str(tmp_path / "encoder"), create_model_card=False)
    for model in (bare, tmp_path / "encoder"):
        with pytest.raises(RerankerError, match="holds no cross-encoder"):
            opened(model).scores("fee", TEXTS)


def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(RerankerError, match="holds no cross-encoder") as failure:
        opened(tmp_path).scores("fee", TEXTS)
    assert str(tmp_path) in failure.value.message
    (tmp_path / "config.json").write_text("[]", "utf-8")
    with pytest.raises(RerankerError, match="holds no cross-encoder"):
        opened(tmp_path).scores("fee", TEXTS)


def test_a_folder_that_cannot_be_loaded_is_named(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "broken"
    shutil.copytree(folder, copy)
    (copy / "model.safetensors").write_bytes(b"no weights")
    with pytest.raises(RerankerError, match="cannot be loaded"):
        opened(copy).scores("fee", TEXTS)


@pytest.mark.parametrize("name", ["nobody/no-such-model", "not a name at all"])
@pytest.mark.parametrize("environ", [{}, {"HF_HUB_OFFLINE": "1"}])
def test_a_model_that_is_not_here_is_not_downloaded(name: str, environ: dict[str, str]) -> None:
    reranker = installed_rerankers(read_environment(environ))(RerankerSpec(name))
    with pytest.raises(RerankerError, match=r"cross-encoder .* downloads are off"):
        reranker.scores("fee", TEXTS)


def test_offline_refuses_what_the_environment_would_allow() -> None:
    reranker = installed_rerankers(read_environment({"HF_HUB_OFFLINE": "0"}), offline=True)(RerankerSpec("nobody/none"))
    with pytest.raises(RerankerError, match="downloads are off"):
        reranker.scores("fee", TEXTS)


def test_opening_a_reranker_loads_nothing() -> None:
    code = (
        "import sys\n"
        "from knowledge.card import RerankerSpec\n"
        "from knowledge.terminal.opening import installed_rerankers\n"
        "installed_rerankers()(RerankerSpec('x'))\n"
        "print(*{'torch', 'transformers', 'sentence_transformers'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
