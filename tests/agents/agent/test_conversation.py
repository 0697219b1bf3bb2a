"""What an agent remembers of a conversation, and what of it the model is shown."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agents.access import access_of, note_access
from agents.agent import ReActAgent
from agents.agent.calls import KEPT
from agents.exceptions import AgentCallError, ContextOverflow
from agents.memory import InMemoryMemory
from agents.memory.compaction import Compaction
from agents.message import Msg
from agents.session import StateModule
from agents.testing import ScriptedModel, ScriptedRequest, tool_call
from agents.tool import Toolkit, ToolResponse
from knowledge.errors import StorageError


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def calculator(*functions: Any) -> Toolkit:
    toolkit = Toolkit()
    for function in functions or (add,):
        toolkit.register_tool_function(function)
    return toolkit


async def test_a_huge_result_is_cut_to_what_the_window_holds() -> None:
    def dump() -> str:
        return "start" + "x" * 3_000_000 + "end"

    model = ScriptedModel([tool_call("dump"), "Long."], context_window=4_000)
    toolkit = Toolkit(max_output=10_000_000)
    toolkit.register_tool_function(dump)
    assert (await ReActAgent("bot", model=model, toolkit=toolkit)("go")).text == "Long."
    shown = model.requests[1].last
    assert len(shown) < 12_000
    assert shown.startswith("start")
    assert shown.endswith("end")
    assert "characters are left out here" in shown


async def test_old_turns_are_left_out_when_the_window_is_full_and_stay_in_memory() -> None:
    model = ScriptedModel(["fine"], context_window=1_000)
    agent = ReActAgent("bot", model=model)
    for at in range(10):
        await agent(f"{at} " + "word " * 100)
    sent = [message.content or "" for message in model.requests[-1].messages]
    assert sent[-1].startswith("9 ")
    assert not any(text.startswith("0 ") for text in sent)
    assert len(agent.memory.get_memory()) == 20


async def test_a_conversation_that_is_too_long_after_all_is_shortened_and_sent_again() -> None:
    def script(request: ScriptedRequest) -> Any:
        return "fine" if len(request.messages) < 4 else ContextOverflow("too long")

    model = ScriptedModel([script], context_window=1_200)
    agent = ReActAgent("bot", model=model)
    for at in range(6):
        assert (await agent(f"{at} " + "word " * 100)).text == "fine"
    assert len(agent.memory.get_memory()) == 12


async def test_what_a_tool_wants_remembered_replaces_its_result_after_the_turn() -> None:
    def retrieve(query: str) -> ToolResponse:
        return ToolResponse("a long passage", metadata={KEPT: "passage 7"})

    model = ScriptedModel([tool_call("retrieve", query="x"), "Found.", "Again."])
    agent = ReActAgent("bot", model=model, toolkit=calculator(retrieve))
    await agent("x?")
    await agent("y?")
    assert model.requests[1].last == "a long passage"
    assert "a long passage" not in model.requests[2].text
    assert "passage 7" in model.requests[2].text


async def test_what_restricted_tools_read_marks_reply_and_results_even_after_a_failure() -> None:
    def read() -> str:
        note_access([frozenset({"staff"})])
        return "91,000"

    toolkit = calculator(read)
    model = ScriptedModel(
        [tool_call("read"), ContextOverflow("too long"), ContextOverflow("x"), ContextOverflow("x"), "ok"]
    )
    agent = ReActAgent("bot", model=model, toolkit=toolkit)
    with pytest.raises(AgentCallError):
        await agent("pay?")
    assert access_of(agent.memory.get_memory()[-1]) == {frozenset({"staff"})}
    assert access_of(await agent("and?")) == {frozenset({"staff"})}


async def test_agents_that_are_tools_of_one_another_keep_their_own_histories() -> None:
    expert = ReActAgent("expert", model=ScriptedModel(["42"]))

    async def ask_expert(question: str) -> str:
        return (await expert(Msg("bot", question))).text

    agent = ReActAgent(
        "bot",
        model=ScriptedModel([tool_call("ask_expert", question="why?"), "42, then."]),
        toolkit=calculator(ask_expert),
    )
    assert (await agent("Ask")).text == "42, then."
    assert [msg.text for msg in expert.memory.get_memory()] == ["why?", "42"]


async def test_conversation_and_own_state_are_saved_and_restored() -> None:
    class Mood(StateModule):
        def __init__(self) -> None:
            super().__init__()
            self.level = 0

    def made(model: ScriptedModel) -> Any:
        agent: Any = ReActAgent("bot", "Be kind.", model, toolkit=calculator())
        agent.state = Mood()
        return agent

    first = made(ScriptedModel(["hello"]))
    first.state.level = 7
    await first("hi")
    saved = json.loads(json.dumps(first.state_dict()))
    second = made(ScriptedModel(["again"]))
    await second("something else")
    second.load_state_dict(saved)
    assert second.state.level == 7
    assert [msg.text for msg in second.memory.get_memory()] == ["hi", "hello"]


async def test_an_input_that_was_heard_before_is_remembered_once_and_comes_last() -> None:
    model = ScriptedModel(["one", "two"])
    agent = ReActAgent("bot", model=model)
    msg = Msg("bob", "listen")
    await agent.observe(msg)
    await agent("hi")
    await agent(msg)
    assert [one.text for one in agent.memory.get_memory()] == ["listen", "hi", "one", "two"]
    assert "listen" in model.requests[-1].last


class Diary:
    """Long-term memory of two lines."""

    def __init__(self) -> None:
        self.recorded: list[str] = []

    async def retrieve(self, msg: Msg | list[Msg]) -> str:
        asked = msg if isinstance(msg, list) else [msg]
        return "Ann likes tea." if any("drink" in one.text for one in asked) else ""

    async def record(self, msgs: Any) -> None:
        self.recorded += [msg.text for msg in msgs]


async def test_long_term_memory_is_asked_before_and_told_after_and_not_part_of_the_conversation() -> None:
    diary, model = Diary(), ScriptedModel(["Tea?", "Bye."])
    agent = ReActAgent("bot", model=model, long_term_memory=diary, long_term_memory_mode="static_control")
    await agent("What shall I drink?")
    await agent("Thanks")
    assert "Ann likes tea." in model.requests[0].text
    assert "Ann likes tea." not in model.requests[1].text
    assert diary.recorded == ["What shall I drink?", "Tea?", "Thanks", "Bye."]
    assert model.requests[0].tools == ()


async def test_an_agent_uses_long_term_memory_as_a_tool() -> None:
    diary = Diary()
    model = ScriptedModel(
        [
            tool_call("retrieve_from_memory", keywords=["drink"]),
            tool_call("record_to_memory", content=["Ann is in"]),
            "Ok.",
        ]
    )
    agent = ReActAgent("bot", model=model, long_term_memory=diary, long_term_memory_mode="agent_control")
    await agent("Hello")
    assert model.requests[1].last == "Ann likes tea."
    assert diary.recorded == ["Ann is in"]


async def test_a_memory_that_is_given_is_used_though_it_is_empty() -> None:
    memory = InMemoryMemory()
    agent = ReActAgent("bot", model=ScriptedModel(["fine"]), memory=memory)
    await agent("hi")
    assert len(memory.get_memory()) == 2


async def test_a_conversation_that_grows_is_summed_up_when_asked_to() -> None:
    agent = ReActAgent("bot", model=ScriptedModel(["fine"]), compaction=Compaction(200))
    for at in range(6):
        await agent(f"{at} " + "word " * 60)
    kept = agent.memory.get_memory()
    assert kept[0].name == "summary"
    assert len(kept) < 12


async def test_knowledge_is_looked_up_before_each_turn_and_not_part_of_the_conversation() -> None:
    class Shelf:
        def retrieve(self, query: str) -> list[str]:
            return [f"About {query}: 25 days."]

    model = ScriptedModel(["25 days."])
    agent = ReActAgent("bot", model=model, knowledge=Shelf())
    await agent("leave")
    assert "About leave: 25 days." in model.requests[0].text
    assert model.requests[0].last == "leave"
    assert [msg.text for msg in agent.memory.get_memory()] == ["leave", "25 days."]


async def test_an_answer_is_given_though_it_could_not_be_remembered(caplog: pytest.LogCaptureFixture) -> None:
    class Full(Diary):
        async def record(self, msgs: Any) -> None:
            raise StorageError("The disk is full.")

    agent = ReActAgent("bot", model=ScriptedModel(["fine"]), long_term_memory=Full())
    assert (await agent("hi")).text == "fine"
    assert "The disk is full." in caplog.text


async def test_a_shared_toolkit_is_not_given_the_tools_of_one_agent() -> None:
    toolkit = calculator()
    ReActAgent("bot", toolkit=toolkit, long_term_memory=Diary())
    assert list(toolkit.tools) == ["add"]
