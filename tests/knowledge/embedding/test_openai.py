"""Models behind OpenAI's protocol, against a server on loopback."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiktoken
from hypothesis import given
from hypothesis import strategies as st

from knowledge.card import EmbedderSpec
from knowledge.embedding.openai import OpenAIEmbedder, PieceCounter
from knowledge.embedding.registry import open_embedder
from knowledge.errors import EmbedderError

PROSE = Path(__file__).parents[3] / "data"


class Server(ThreadingHTTPServer):
    """Answers with vectors made from the texts' lengths; `script` holds statuses or bodies to answer first."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.script: list[int | dict[str, Any]] = []
        self.asked: list[dict[str, Any]] = []
        self.keys: list[str] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append(asked)
        self.server.keys.append(self.headers["Authorization"])
        next_step = self.server.script.pop(0) if self.server.script else 200
        if isinstance(next_step, dict):
            self.answer(200, next_step)
        elif next_step == 200:
            self.answer(200, vectors(asked["input"]))
        else:
            self.answer(next_step, {"error": {"message": "not now"}})

    def answer(self, status: int, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        # The client waits this long before it asks again.
        self.send_header("retry-after-ms", "1")
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        pass


def vectors(texts: list[str]) -> dict[str, Any]:
    """Backwards, because the protocol promises an index and no order."""
    rows = [{"object": "embedding", "index": n, "embedding": [len(t), 3.0, 4.0]} for n, t in enumerate(texts)]
    return {"object": "list", "model": "m", "data": rows[::-1], "usage": {"prompt_tokens": 1, "total_tokens": 1}}


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def embedder(server: Server, tmp_path: Path) -> Iterator[OpenAIEmbedder]:
    embedder = OpenAIEmbedder("m", cache_dir=tmp_path, base_url=server.address, api_key="secret")
    yield embedder
    embedder.close()


def test_vectors_come_back_in_order_and_of_unit_length(embedder: OpenAIEmbedder, server: Server) -> None:
    texts = ["x" * n for n in range(1, 80)]
    for rows in (embedder.embed(texts), embedder.embed_bulk(texts)):
        assert rows.dtype == np.float32
        assert np.linalg.norm(rows, axis=1) == pytest.approx(np.ones(79), abs=1e-5)
        assert rows[:, 0] / rows[:, 1] * 3 == pytest.approx(np.arange(1, 80), rel=1e-4)
    assert max(len(asked["input"]) for asked in server.asked) <= 32
    assert set(server.keys) == {"Bearer secret"}


def test_a_question_is_one_vector(embedder: OpenAIEmbedder) -> None:
    assert embedder.embed_query("abc") == pytest.approx(np.array([3, 3, 4]) / 34**0.5, abs=1e-5)


def test_the_dimension_is_asked_once_and_remembered(embedder: OpenAIEmbedder, server: Server, tmp_path: Path) -> None:
    assert embedder.identity.dimension == 3
    again = OpenAIEmbedder("m", cache_dir=tmp_path, base_url=server.address + "/")
    assert again.identity == embedder.identity
    assert len(server.asked) == 1


def test_another_model_or_address_is_another_identity(tmp_path: Path) -> None:
    def weights(model: str, base_url: str | None) -> str:
        return OpenAIEmbedder(model, cache_dir=tmp_path, base_url=base_url, dimension=3).identity.weights

    places = [("a", None), ("b", None), ("a", "http://127.0.0.1/v1")]
    assert len({weights(*place) for place in places}) == 3


def test_no_texts_give_no_rows_and_an_empty_text_is_sent_as_a_space(embedder: OpenAIEmbedder, server: Server) -> None:
    assert embedder.embed([]).shape == (0, 3)
    assert embedder.embed([""]).shape == (1, 3)
    assert server.asked[-1]["input"] == [" "]


def test_a_vector_of_zeros_becomes_a_unit_vector(embedder: OpenAIEmbedder, server: Server) -> None:
    server.script = [{"data": [{"index": 0, "embedding": [0.0, 0.0, 0.0]}]}]
    assert embedder.embed(["x"])[0].tolist() == [1.0, 0.0, 0.0]


def test_a_long_text_is_cut_to_what_the_model_takes(embedder: OpenAIEmbedder, server: Server) -> None:
    embedder.embed(["word " * 2000])
    assert embedder.tokens().count(server.asked[0]["input"][0]) == embedder.identity.max_tokens


@pytest.mark.parametrize("status", [500, 503, 429])
def test_a_passing_failure_is_tried_again(embedder: OpenAIEmbedder, server: Server, status: int) -> None:
    server.script = [status, status]
    assert embedder.embed(["x"]).shape == (1, 3)


def test_a_refused_key_is_named(embedder: OpenAIEmbedder, server: Server) -> None:
    server.script = [401]
    with pytest.raises(EmbedderError, match="refused the key") as failure:
        embedder.embed(["x"])
    assert "OPENAI_API_KEY" in failure.value.sentence
    assert "secret" not in failure.value.sentence
    assert len(server.asked) == 1


def test_a_lasting_failure_is_named(embedder: OpenAIEmbedder, server: Server) -> None:
    server.script = [500] * 9
    with pytest.raises(EmbedderError, match="status 500"):
        embedder.embed(["x"])


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"data": []},
        {"data": [{"index": 7, "embedding": [1.0, 2.0, 3.0]}]},
        {"data": [{"index": 0, "embedding": "words"}]},
        {"data": [{"index": 0}]},
        {"data": [{"index": 0, "embedding": []}]},
    ],
)
def test_an_answer_without_one_vector_for_each_text_is_refused(
    embedder: OpenAIEmbedder, server: Server, body: dict[str, Any]
) -> None:
    server.script = [body]
    with pytest.raises(EmbedderError, match="one vector for each text"):
        embedder.embed(["x"])


def test_vectors_of_another_length_are_refused(embedder: OpenAIEmbedder, server: Server) -> None:
    assert embedder.identity.dimension == 3
    server.script = [{"data": [{"index": 0, "embedding": [1.0, 2.0]}]}]
    with pytest.raises(EmbedderError, match="2 numbers instead of 3"):
        embedder.embed(["x"])


def test_an_absent_server_is_named(tmp_path: Path, server: Server) -> None:
    closed = Server()
    address = closed.address
    closed.server_close()
    embedder = OpenAIEmbedder("m", cache_dir=tmp_path, base_url=address, dimension=3, retries=0)
    with pytest.raises(EmbedderError, match="cannot be reached"):
        embedder.embed(["x"])
    embedder.close()


def test_offline_asks_no_other_machine(tmp_path: Path, server: Server) -> None:
    far = EmbedderSpec(kind="openai", model="m", base_url="http://user:word@far.example/v1")
    with pytest.raises(EmbedderError, match="network is off") as failure:
        open_embedder(far, cache_dir=tmp_path, offline=True).embed(["x"])
    assert "word@" not in failure.value.sentence
    near = open_embedder(EmbedderSpec(kind="openai", model="m", base_url=server.address), cache_dir=tmp_path)
    assert near.embed(["x"]).shape == (1, 3)


def test_openai_itself_wants_a_key(tmp_path: Path) -> None:
    spec = EmbedderSpec(kind="openai", model="text-embedding-3-small")
    with pytest.raises(EmbedderError, match="wants a key"):
        open_embedder(spec, cache_dir=tmp_path, offline=False).embed(["x"])


def test_the_estimate_counts_at_least_as_many_tokens_as_a_real_tokenizer(monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.util

    package = importlib.util.find_spec("llama_index.core")
    assert package is not None
    assert package.submodule_search_locations
    folder = Path(package.submodule_search_locations[0]) / "_static" / "tiktoken_cache"
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(folder))
    encoding = tiktoken.get_encoding("cl100k_base")
    for path in sorted(PROSE.rglob("*.md"))[:30]:
        text = path.read_text("utf-8")
        assert PieceCounter().count(text) >= len(encoding.encode(text, disallowed_special=()))


@given(st.text())
def test_the_estimate_locates_what_it_counts(text: str) -> None:
    spans = PieceCounter().offsets(text)
    assert len(spans) == PieceCounter().count(text)
    assert "".join(text[start:end] for start, end in spans) == "".join(text.split())
