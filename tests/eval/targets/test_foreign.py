"""Agents and endpoints: what they answer and cite is read as they write it, and what they raise is a result."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agents.testing import Reply, ScriptedServer, failure
from eval.cases import Case, Turn
from eval.observation import Hit
from eval.targets.agent import AgentTarget
from eval.targets.marks import citation_hits, cited_sentences
from eval.targets.openai_endpoint import EndpointTarget
from eval.targets.price import Price
from eval.targets.target import TargetFailed
from knowledge.types import Citation
from tests.eval.made_cases import case

AGENT = """
from dataclasses import dataclass, field
@dataclass
class Message:
    content: object
    metadata: dict = field(default_factory=dict)
async def desk(question):
    cited = [{"uri": "/docs/a.md", "start": 3, "end": 9, "quote": "9 days", "page": 2, "title": "A"}]
    return Message("It takes 9 days [1]. So it is.", {"citations": cited, "confidence": 0.7})
def echo(question):
    return question
def blocks(question):
    return Message([{"type": "text", "text": "One."}, {"type": "thinking", "thinking": "Two."}])
def silent(question):
    return Message("The documents do not answer this question.")
def broken(question):
    raise RuntimeError("out of order")
number = 7
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    import sys

    (tmp_path / "foreign_agents.py").write_text(AGENT, "utf-8")
    yield tmp_path
    sys.modules.pop("foreign_agents", None)
    sys.path[:] = [entry for entry in sys.path if entry != str(tmp_path)]


def agent(folder: Path, name: str) -> AgentTarget:
    return AgentTarget(f"foreign_agents:{name}", folder=folder)


def test_an_agent_is_awaited_and_its_citations_belong_to_the_sentences_that_mark_them(folder: Path) -> None:
    seen = agent(folder, "desk").observe(case())
    cited = Hit("/docs/a.md", 3, 9, 2, 2, "9 days", "A")
    assert [(one.text, one.citations) for one in seen.sentences] == [("It takes 9 days.", (cited,)), ("So it is.", ())]
    assert (seen.confidence, seen.abstained, seen.hits) == (0.7, False, None)


def test_an_agent_may_return_plain_text_or_blocks_and_may_abstain(folder: Path) -> None:
    history = (Turn("user", "Hello"), Turn("assistant", "Good day"))
    asked = Case("x", "And now?", (), answerable=True, gold=(), history=history)
    assert agent(folder, "echo").observe(asked).text == "user: Hello\nassistant: Good day\nuser: And now?"
    assert agent(folder, "blocks").observe(case()).text == "One."
    silent = agent(folder, "silent").observe(case())
    assert (silent.abstained, silent.sentences) == (True, ())


def test_what_an_agent_raises_is_told(folder: Path) -> None:
    with pytest.raises(TargetFailed, match="foreign_agents:broken raised RuntimeError: out of order"):
        agent(folder, "broken").observe(case())


def test_what_cannot_be_called_is_no_agent(folder: Path) -> None:
    with pytest.raises(Exception, match="cannot be called with a question"):
        agent(folder, "number")


def test_an_endpoint_is_asked_with_the_history_and_its_cost_is_counted() -> None:
    with ScriptedServer(["It takes 9 days."]) as server:
        target = EndpointTarget(server.base_url, "m", price=Price(1.0, 1000.0), local=True)
        asked = Case("x", "How long?", (), answerable=True, gold=(), history=(Turn("user", "Hello"),))
        seen = target.observe(asked)
        target.close()
    [request] = server.requests
    assert [message["content"] for message in request.messages] == ["Hello", "How long?"]
    assert request.body["temperature"] == 0.0
    assert seen.text == "It takes 9 days."
    assert seen.tokens_out > 0
    assert seen.cost == pytest.approx((seen.tokens_in + 1000 * seen.tokens_out) / 1_000_000)


@pytest.mark.parametrize(
    "reply", [failure(400, error="no such model"), Reply(raw="<html>"), Reply(raw='{"choices": []}')]
)
def test_an_endpoint_that_fails_is_named(reply: Reply) -> None:
    with ScriptedServer([reply]) as server:
        target = EndpointTarget(server.base_url, "m", local=True)
        with pytest.raises(TargetFailed, match="m at http"):
            target.observe(case())
        target.close()


def test_citations_are_read_in_every_usual_shape() -> None:
    annotation = {"type": "url_citation", "url_citation": {"url": "https://x/a.md", "title": "A", "start_index": 0}}
    ours = Citation("hr", 1, "A", "/docs/a.md", 3, 9, "9 days", 2)
    hits = citation_hits([annotation, ours, "b.md", {"page": 3}, 7, None, {"uri": "c", "start": 9, "end": 3}])
    assert [hit.doc for hit in hits] == ["https://x/a.md", "/docs/a.md", "b.md", "c"]
    assert (hits[1].start, hits[1].end, hits[1].text, hits[1].page_first) == (3, 9, "9 days", 2)
    assert hits[3].start is None
    assert citation_hits("a.md") == citation_hits(None) == ()


def test_marks_before_and_after_the_full_stop_count_alike() -> None:
    one, two = Hit("a"), Hit("b")
    found = cited_sentences("First.[1] Second [1, 2]. Third [9].", (one, two))
    assert [sentence.citations for sentence in found] == [(one,), (one, two), ()]
    assert [sentence.citations for sentence in cited_sentences("No marks.", (one, two))] == [(one, two)]
