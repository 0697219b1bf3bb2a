"""The built-in model, with its real weights."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from knowledge.card import EmbedderSpec
from knowledge.embedding.batching import batches_by_length
from knowledge.embedding.bert import load_bert
from knowledge.embedding.minilm import IDENTITY, MiniLM, model_folder
from knowledge.embedding.onnx_eight_bit import REVISION
from knowledge.embedding.processor import has_bfloat16, has_eight_bit, processors
from knowledge.embedding.registry import open_embedder
from knowledge.embedding.torch_bulk import TorchEncoder, find_gpu
from knowledge.errors import EmbedderError, StorageError

if TYPE_CHECKING:
    from knowledge.types import Matrix

pytestmark = pytest.mark.long

DATA = Path(__file__).parents[3] / "data"
WORDS = ["card", "transfer", "limit", "abroad", "fee", "metric", "alert", "owner", "borrow", "wing", "report"]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def minilm(cache: Path) -> MiniLM:
    return MiniLM(cache)


@pytest.fixture(scope="module")
def texts() -> list[str]:
    """Pieces of the sample documents, of very different lengths."""
    found: list[str] = []
    for path in sorted(DATA.rglob("*.md"))[:40]:
        text = path.read_text("utf-8")
        found += [text[start : start + 40 + 37 * (start % 23)] for start in range(0, len(text), 900)]
    return [text for text in found if text.strip()][:60]


@pytest.fixture(scope="module")
def reference(texts: list[str]) -> Matrix:
    """What sentence-transformers makes of them in full precision."""
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(model_folder()), device="cpu", local_files_only=True)
    return np.asarray(model.encode(texts, normalize_embeddings=True, show_progress_bar=False), np.float32)


def cosines(one: Matrix, other: Matrix) -> Matrix:
    found: Matrix = (one * other).sum(1)
    return found


def test_onnx_gives_the_vectors_of_sentence_transformers(minilm: MiniLM, texts: list[str], reference: Matrix) -> None:
    assert cosines(minilm.embed(texts), reference).min() > 0.9999


def test_bulk_gives_nearly_the_same_vectors(minilm: MiniLM, texts: list[str], reference: Matrix) -> None:
    assert cosines(minilm.embed_bulk(texts), reference).min() > 0.99


def test_bfloat16_on_this_processor_gives_nearly_the_same_vectors(
    cache: Path, texts: list[str], reference: Matrix
) -> None:
    assert cosines(MiniLM(cache, bulk="torch").embed_bulk(texts), reference).min() > 0.99


def test_bulk_without_bfloat16_is_exact(cache: Path, texts: list[str], reference: Matrix) -> None:
    assert cosines(MiniLM(cache, bulk="onnx").embed_bulk(texts), reference).min() > 0.9999


def test_the_ordinary_operators_of_a_gpu_give_the_same_vectors(
    minilm: MiniLM, texts: list[str], reference: Matrix
) -> None:
    encoder = TorchEncoder(load_bert(model_folder()), precise=True)
    rows = [minilm.tokens().ids(text, at_most=256) for text in texts[:8]]
    assert cosines(encoder.encode(rows), reference[:8]).min() > 0.9999


def test_a_question_has_the_vector_of_its_text(minilm: MiniLM) -> None:
    question = "How do I raise the limit of my card?"
    vector = minilm.embed_query(question)
    assert vector.shape == (384,)
    assert vector.dtype == np.float32
    assert vector @ minilm.embed([question])[0] > 0.998


def test_without_eight_bit_products_a_question_is_exact(cache: Path, texts: list[str], reference: Matrix) -> None:
    exact = MiniLM(cache, eight_bit=False)
    assert exact.embed_query(texts[0]) @ reference[0] > 0.9999
    assert cosines(np.stack([one.vector for one in exact.read(texts)]), reference).min() > 0.9999


def test_single_texts_have_nearly_the_same_vectors_whatever_they_are_embedded_with(
    minilm: MiniLM, texts: list[str], reference: Matrix
) -> None:
    together = np.stack([one.vector for one in minilm.read(texts)])
    assert cosines(together, reference).min() > 0.998
    alone = np.stack([minilm.embed_query(text) for text in texts])
    assert cosines(together, alone).min() > 0.99999
    assert minilm.read([]) == []


@pytest.mark.parametrize("eight_bit", [False, True])
def test_a_text_is_read_with_the_vector_of_each_token_in_its_context(
    cache: Path, texts: list[str], eight_bit: bool
) -> None:
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(model_folder()), device="cpu", local_files_only=True)
    some = texts[::3]
    for text, reading in zip(some, MiniLM(cache, eight_bit=eight_bit).read(some), strict=True):
        wanted = model.encode(text, output_value="token_embeddings").numpy()[1:-1]
        wanted = wanted / np.linalg.norm(wanted, axis=1, keepdims=True)
        tokens = reading.tokens.astype(np.float32)
        assert tokens.shape == wanted.shape
        assert np.linalg.norm(tokens, axis=1) == pytest.approx(1.0, abs=1e-2)
        assert cosines(tokens, wanted).min() > (0.9 if eight_bit else 0.999)
        assert len(reading.spans) == len(tokens)
        assert all(text[start:end].strip() for start, end in reading.spans)


def test_of_a_text_that_is_cut_only_what_is_left_is_read(minilm: MiniLM) -> None:
    text = "river " * 400
    (reading,) = minilm.read([text])
    assert reading.tokens.shape == (minilm.identity.max_tokens - 2, 384)
    assert reading.spans[-1] == (6 * 253, 6 * 253 + 5)
    assert reading.vector @ minilm.embed([text])[0] > 0.99


def test_a_text_without_tokens_is_read_too(minilm: MiniLM) -> None:
    (reading,) = minilm.read([" \n"])
    assert (reading.tokens.shape, reading.spans) == ((0, 384), ())
    assert np.linalg.norm(reading.vector) == pytest.approx(1.0, abs=1e-5)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=300))
def test_whatever_is_asked_has_nearly_its_exact_vector(minilm: MiniLM, text: str) -> None:
    assert minilm.embed_query(text) @ minilm.embed([text])[0] > 0.99


@pytest.mark.parametrize("bulk", ["onnx", "torch"])
def test_no_texts_give_no_rows(cache: Path, bulk: str) -> None:
    embedder = MiniLM(cache, bulk="onnx" if bulk == "onnx" else "torch")
    assert embedder.embed_bulk([]).shape == (0, 384)


def test_an_empty_text_has_a_unit_vector(minilm: MiniLM) -> None:
    for vectors in (minilm.embed(["", " \n"]), minilm.embed_bulk(["", " \n"])):
        assert vectors.shape == (2, 384)
        assert np.linalg.norm(vectors, axis=1) == pytest.approx([1.0, 1.0], abs=1e-5)


def test_a_text_beyond_the_limit_is_cut_where_the_model_cuts_it(minilm: MiniLM) -> None:
    from sentence_transformers import SentenceTransformer

    long = " ".join(WORDS * 400)
    model = SentenceTransformer(str(model_folder()), device="cpu", local_files_only=True)
    expected = np.asarray(model.encode([long], normalize_embeddings=True, show_progress_bar=False), np.float32)
    assert minilm.tokens().count(long) > 4000
    assert cosines(minilm.embed([long]), expected)[0] > 0.9999
    assert cosines(minilm.embed_bulk([long]), expected)[0] > 0.99


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.sampled_from(WORDS), max_size=40).map(" ".join), max_size=12))
def test_rows_keep_the_order_of_the_texts(minilm: MiniLM, texts: list[str]) -> None:
    together = minilm.embed(texts)
    bulk = minilm.embed_bulk(texts)
    for row, text in enumerate(texts):
        alone = minilm.embed_query(text)
        assert together[row] @ alone > 0.995
        assert bulk[row] @ alone > 0.99
        assert bulk[row] @ together[row] > 0.99


@given(st.lists(st.integers(1, 256), max_size=200), st.integers(256, 4096))
def test_batches_hold_every_row_once_and_stay_small(lengths: list[int], tokens: int) -> None:
    batches = list(batches_by_length(lengths, tokens=tokens))
    assert sorted(row for rows in batches for row in rows) == list(range(len(lengths)))
    assert all(max(lengths[row] for row in rows) * len(rows) <= tokens for rows in batches)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text())
def test_token_spans_lie_in_order_within_the_text(minilm: MiniLM, text: str) -> None:
    spans = minilm.tokens().offsets(text)
    assert len(spans) == minilm.tokens().count(text)
    assert all(0 <= start <= end <= len(text) for start, end in spans)
    assert [start for start, _ in spans] == sorted(start for start, _ in spans)


def test_threads_may_share_an_embedder(cache: Path, texts: list[str], reference: Matrix) -> None:
    embedder = MiniLM(cache)
    found: dict[int, Matrix] = {}

    def work(number: int) -> None:
        found[number] = embedder.embed(texts[number : number + 4])

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number, vectors in found.items():
        assert cosines(vectors, reference[number : number + 4]).min() > 0.9999
    assert len(found) == 6


def test_altered_weights_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(model_folder(), folder)
    weights = folder / "model.safetensors"
    with weights.open("r+b") as file:
        file.seek(-5, 2)
        byte = file.read(1)
        file.seek(-5, 2)
        file.write(bytes([byte[0] ^ 1]))
    for bulk in ("onnx", "torch"):
        embedder = MiniLM(tmp_path / "cache", folder=folder, bulk="onnx" if bulk == "onnx" else "torch")
        with pytest.raises(EmbedderError, match="not the published ones"):
            embedder.embed_bulk(["text"])


def test_a_missing_model_says_so(tmp_path: Path) -> None:
    embedder = MiniLM(tmp_path / "cache", folder=tmp_path / "nothing")
    assert embedder.identity == IDENTITY
    with pytest.raises(EmbedderError, match="cannot be read"):
        embedder.embed_query("anything")


def test_a_device_that_is_not_there_is_refused() -> None:
    with pytest.raises(EmbedderError, match="no device 'abacus'"):
        find_gpu("abacus")
    assert find_gpu("cpu") is None


@pytest.mark.parametrize(
    ("flags", "can"),
    [
        ("fpu avx2 fma", (False, False)),
        ("fpu avx2 avx_vnni", (False, True)),
        ("fpu avx512_bf16 avx512_vnni", (True, True)),
        ("fpu avx512_bf16x avx512vnni", (False, False)),
    ],
)
def test_what_the_processor_can_do_is_told_by_its_flags(tmp_path: Path, flags: str, can: tuple[bool, bool]) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(f"processor : 0\nflags : {flags}\n\nprocessor : 1\nflags : {flags}\n")
    assert (has_bfloat16(cpuinfo), has_eight_bit(cpuinfo)) == can
    assert not has_eight_bit(tmp_path / "nothing")
    assert processors() >= 1


@pytest.mark.parametrize("suffix", [".onnx", ".bin"])
@pytest.mark.parametrize("kept", [0, 5_000])
def test_an_unreadable_file_in_the_cache_is_made_again(cache: Path, minilm: MiniLM, suffix: str, kept: int) -> None:
    first = minilm.embed_query("a question")
    for file in cache.rglob(f"*{suffix}"):
        content = file.read_bytes()
        file.unlink()
        file.write_bytes(content[:kept])
    assert MiniLM(cache).embed_query("a question") @ first > 0.99999


@pytest.mark.parametrize("suffix", [".onnx", ".bin"])
def test_what_is_damaged_is_made_again_before_anything_is_made_of_it(tmp_path: Path, suffix: str) -> None:
    exact = MiniLM(tmp_path, eight_bit=False).embed_query("a question")
    (file,) = tmp_path.rglob(f"*{suffix}")
    content = file.read_bytes()
    # Not in place: the file is still mapped into memory.
    file.unlink()
    file.write_bytes(content[:5_000])
    assert MiniLM(tmp_path, eight_bit=True).embed_query("a question") @ exact > 0.9


def test_a_cache_that_takes_no_more_files_still_serves_questions_and_says_how(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    exact = MiniLM(tmp_path, eight_bit=False).embed_query("a question")
    (full,) = tmp_path.rglob("*.onnx")
    # Nothing can be written where a folder stands.
    (full.parent / f"{full.stem}-eight-bit-{REVISION}.bin.part").mkdir()
    embedder = MiniLM(tmp_path, eight_bit=True)
    for _ in range(2):
        assert embedder.embed_query("a question") @ exact > 0.99999
    assert str(full.parent) in embedder.why_full_precision
    assert [record.getMessage() for record in caplog.records] == [
        f"Questions are embedded in full precision, which takes longer: {embedder.why_full_precision}"
    ]


def test_a_cache_that_takes_no_file_at_all_is_told_once_as_a_failure(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "cache").write_text("no folder")
    with pytest.raises(StorageError, match="choose another cache folder"):
        MiniLM(tmp_path / "cache", eight_bit=True).embed_query("a question")
    assert not caplog.records


def test_why_questions_are_not_in_eight_bits_is_known(cache: Path, minilm: MiniLM) -> None:
    minilm.embed_query("a question")
    assert ("VNNI" in minilm.why_full_precision) is not has_eight_bit()
    assert MiniLM(cache, eight_bit=False).why_full_precision == "nothing else was asked for"


RUN = """
import sys
from pathlib import Path
from knowledge.card import EmbedderSpec
from knowledge.embedding.onnx_eight_bit import REVISION
from knowledge.embedding.processor import has_bfloat16, has_eight_bit, processors
from knowledge.embedding.registry import open_embedder
loaded = lambda: sorted({name.partition(".")[0] for name in sys.modules} & HEAVY)
HEAVY = {"torch", "transformers", "sentence_transformers", "onnxruntime", "chromadb", "llama_index", "openai", "onnx"}
assert not loaded(), loaded()
embedder = open_embedder(EmbedderSpec(), cache_dir=Path(sys.argv[1]))
assert embedder.identity.dimension == 384
assert not loaded(), loaded()
embedder.embed_query("a question")
embedder.embed(["a sentence"] * 40)
print(",".join(loaded()))
"""


def run(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", *arguments], capture_output=True, text=True, check=True, cwd=DATA.parent, timeout=120
    )
    return done.stdout.strip()


def test_answering_loads_nothing_but_onnx_runtime(minilm: MiniLM, cache: Path) -> None:
    minilm.embed_query("made once")
    assert run(RUN, str(cache)) == "onnxruntime"


def test_the_first_use_on_a_machine_needs_no_torch(tmp_path: Path) -> None:
    assert run(RUN, str(tmp_path)) == "onnx,onnxruntime"


def test_the_files_of_earlier_revisions_make_room(tmp_path: Path, cache: Path, minilm: MiniLM) -> None:
    minilm.embed_query("made once")
    folder = tmp_path / next(cache.rglob("encoder-*.onnx")).parent.relative_to(cache)
    folder.mkdir(parents=True)
    old = [folder / name for name in ("encoder-1.onnx", "encoder-1.bin", "encoder-2-eight-bit-1.bin")]
    other = folder / "encoder-40.onnx"
    for file in (*old, other):
        file.write_bytes(b"x")
    MiniLM(tmp_path).embed_query("a question")
    assert not any(file.exists() for file in old)
    assert other.exists()


def test_a_killed_first_use_leaves_a_cache_that_works(tmp_path: Path) -> None:
    code = "import sys; from pathlib import Path; from knowledge.embedding.minilm import MiniLM; "
    code += "print('started', flush=True); MiniLM(Path(sys.argv[1])).embed_query('a'); print('done')"
    for delay in (0.25, 0.45, 0.65):
        with subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, cwd=DATA.parent
        ) as process:
            assert process.stdout is not None
            process.stdout.readline()
            threading.Event().wait(delay)
            process.kill()
    assert np.linalg.norm(MiniLM(tmp_path).embed_query("a question")) == pytest.approx(1.0, abs=1e-5)


def test_two_first_uses_at_once_both_succeed(tmp_path: Path) -> None:
    code = "import sys; from pathlib import Path; from knowledge.embedding.minilm import MiniLM; "
    code += "print(MiniLM(Path(sys.argv[1])).embed_query('a').shape)"
    processes = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, cwd=DATA.parent)
        for _ in range(2)
    ]
    said = [process.communicate(timeout=120)[0].strip() for process in processes]
    assert said == [b"(384,)"] * 2
    assert len(list(tmp_path.rglob("*.onnx"))) == 1 + has_eight_bit()


def test_the_registry_opens_the_built_in_model_by_default(cache: Path, minilm: MiniLM) -> None:
    assert open_embedder(EmbedderSpec(), cache_dir=cache).identity == minilm.identity
