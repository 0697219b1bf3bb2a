"""Agents and endpoints: what they answer and cite is read as they write it, and what they raise is a result."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from agents.testing import Reply, ScriptedServer, failure
from eval.cases import Case, Turn
from eval.observation import Hit, Observation
from eval.targets.agent import AgentTarget
from eval.targets.marks import citation_hits, cited_sentences, said, unmarked
from eval.targets.openai_endpoint import EndpointTarget
from eval.targets.price import Price
from eval.targets.target import TargetFailed, TargetUnreachable
from knowledge.types import Citation
from tests.eval.made_cases import case

JSON = {"Content-Type": "application/json"}
LEAVE, SICK = "How many days of paid leave do employees have?", "By when must I report sick?"
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
class Rememberer:
    def __init__(self):
        self.heard = []
    def state_dict(self):
        return {"heard": list(self.heard)}
    def load_state_dict(self, state):
        self.heard = list(state["heard"])
    def __call__(self, question):
        self.heard.append(question)
        return f"heard {len(self.heard)}"
rememberer = Rememberer()
def make():
    return Rememberer()
class Needy:
    def __init__(self, one, two):
        pass
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


@pytest.mark.parametrize("name", ["rememberer", "make", "Rememberer"])
def test_an_agent_answers_no_case_out_of_another(folder: Path, name: str) -> None:
    target = agent(folder, name)
    with ThreadPoolExecutor(4) as pool:
        seen = list(pool.map(target.observe, [case(name=str(n)) for n in range(12)]))
    assert {one.text for one in seen} == {"heard 1"}


def test_a_knowledge_agent_quotes_alike_however_many_questions_came_before(folder: Path, handbook: Path) -> None:
    source = f"""
from pathlib import Path
from agents import LlamaIndexAgent
from knowledge.library import Library
desk = LlamaIndexAgent("Desk", knowledge_list=[Library(Path({str(handbook)!r})).bank("hr")])
"""
    (folder / "foreign_agents.py").write_text(source, "utf-8")
    asked = [Case(str(n), text, (), answerable=True, gold=()) for n, text in enumerate((LEAVE, SICK, LEAVE))]
    target = agent(folder, "desk")
    first, _, again = [target.observe(one) for one in asked]
    assert first.text == again.text
    assert "25 days" in first.text
    assert "leave.md" not in first.text  # the list of sources below the answer is no part of it
    assert [sentence.text for sentence in first.sentences if not sentence.citations] == []


def test_an_agent_whose_file_was_changed_is_another_one(folder: Path) -> None:
    described = agent(folder, "echo").describe()
    (folder / "foreign_agents.py").write_text(f"{AGENT}\nnumber = 8\n", "utf-8")
    assert agent(folder, "echo").describe() != described


def test_the_traceback_of_a_failing_agent_is_shown_once(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    target = agent(folder, "broken")
    for _ in range(3):
        with pytest.raises(TargetFailed):
            target.observe(case())
    assert len(caplog.records) == 1


def test_what_an_agent_raises_is_told(folder: Path) -> None:
    with pytest.raises(TargetFailed, match="foreign_agents:broken raised RuntimeError: out of order"):
        agent(folder, "broken").observe(case())


def test_what_cannot_be_called_is_no_agent(folder: Path) -> None:
    with pytest.raises(Exception, match="cannot be called with a question"):
        agent(folder, "number")
    with pytest.raises(Exception, match="must take a question, or make an agent without any argument"):
        agent(folder, "Needy")


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


def as_json(value: object) -> Reply:
    return Reply(raw=value if isinstance(value, str) else json.dumps(value), headers=JSON)


def completion(content: object, **more: object) -> Reply:
    return as_json({"choices": [{"message": {"role": "assistant", "content": content}}], **more})


def observed(reply: Reply) -> Observation:
    with ScriptedServer([reply]) as server:
        target = EndpointTarget(server.base_url, "m", price=Price(1.0, 1.0), local=True)
        try:
            return target.observe(case())
        finally:
            target.close()


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (failure(400, error="no such model"), "it answered 400 (no such model)."),
        (failure(404, error="no such path"), "does the address end in /v1?"),
        (Reply(raw="<html>"), "sent no chat completion: expected an object"),
        (as_json('{"choices":'), "it sent invalid JSON"),
        (as_json([]), "sent no chat completion"),
        (as_json({}), "`choices`: is missing"),
        (as_json({"choices": []}), "sent no chat completion: `choices`"),
        (as_json({"choices": [None]}), "`choices.0`: expected an object"),
        (as_json({"choices": [{}]}), "`choices.0.message`: is missing"),
        (completion(7), "`choices.0.message.content`"),
    ],
)
def test_an_endpoint_that_fails_is_named_with_what_it_sent(reply: Reply, words: str) -> None:
    with pytest.raises(TargetFailed) as caught:
        observed(reply)
    assert "m at http" in caught.value.sentence
    assert words in caught.value.sentence


def test_an_address_where_nobody_answers_or_lets_in_is_told_from_one_failure() -> None:
    with ScriptedServer(["unused"]) as server:
        nobody = EndpointTarget(server.base_url, "m", local=True)
    with pytest.raises(TargetUnreachable, match=r"it cannot be reached \(.*refused\)"):
        nobody.observe(case())
    nobody.close()
    with pytest.raises(TargetUnreachable):
        observed(failure(401, error="wrong key"))
    with pytest.raises(TargetFailed) as caught:
        observed(failure(400, error="too long"))
    assert not isinstance(caught.value, TargetUnreachable)


def test_an_endpoint_may_leave_out_and_bend_what_is_not_the_answer() -> None:
    odd = observed(completion("9 days", usage={"prompt_tokens": None}, confidence="high", abstained="no", refdesk=7))
    assert (odd.text, odd.tokens_in, odd.confidence, odd.abstained, odd.cost) == ("9 days", 0, None, False, 0.0)
    parts = observed(completion([{"type": "text", "text": "One."}, {"type": "image"}, 3]))
    assert parts.text == "One."
    assert observed(completion(None)).abstained


def test_what_refdesk_tells_besides_its_answer_is_read() -> None:
    told = {"citations": [{"uri": "a.md", "quote": "9 days", "start": 3, "end": 9}], "abstained": False}
    seen = observed(completion("It takes 9 days. [1]", refdesk={**told, "confidence": 0.7}))
    assert (seen.text, seen.confidence) == ("It takes 9 days.", 0.7)
    assert [(hit.doc, hit.start, hit.text) for hit in seen.citations] == [("a.md", 3, "9 days")]
    silent = observed(completion("Nothing there, ask somebody.", refdesk={"citations": [], "abstained": True}))
    assert (silent.abstained, silent.sentences) == (True, ())


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


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("A refund takes **45 days** [1].", "A refund takes 45 days."),
        ("**Yes.** It does [1].", "Yes. It does."),
        ("退款**45天**内", "退款45天内"),
        ("2**10**3 and a ** b ** c", "2**10**3 and a ** b ** c"),
        ("**open and *odd* ones**", "**open and *odd* ones**"),
    ],
)
def test_what_is_set_in_bold_is_the_same_words(text: str, words: str) -> None:
    seen = said(text, [Hit("leave.md", 0, 5)], {})
    assert seen.text == words
    assert " ".join(sentence.text for sentence in seen.sentences) == words


def test_a_list_of_sources_below_an_answer_is_no_sentence_of_it() -> None:
    text = "First. [1] Second. [2]\n\n[1][2] leave.md\n[3] sick.md"
    assert [sentence.text for sentence in cited_sentences(text, (Hit("a"), Hit("b")))] == ["First.", "Second."]
    assert unmarked(text) == "First. Second."
    assert unmarked("First. [1]\n\n[2] says the second.") == "First. says the second."
