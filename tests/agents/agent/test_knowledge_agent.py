"""Agents that answer from documents: cited, checked, within what they may read, with a model and without."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from llama_index.core.schema import TextNode
from pydantic import BaseModel

from agents.access import access_of, may_hear
from agents.agent import LlamaIndexAgent, ReActAgent
from agents.answers.desk import SEARCHES, TOOL
from agents.exceptions import AgentCallError
from agents.memory import InMemoryMemory
from agents.message import Msg
from agents.pipeline import MsgHub
from agents.rag import KnowledgeBank, LlamaIndexKnowledge
from agents.testing import Reply, ScriptedModel, ScriptedRequest, ToolCall, tool_call
from agents.tool import Toolkit
from ingest import ingest
from knowledge.answers.grounding import UNANSWERED
from knowledge.errors import ModelError, UsageError
from knowledge.library import Library
from knowledge.testing import HashingEmbedder
from knowledge.types import ANYONE, Reader
from tests.two_banks import PLANTED, build

LEAVE = "How many days of annual leave do I have?"
SALARY = "What does salary band seven pay?"
SUPPORTED = "Every employee has 25 days of annual leave a year."
SEARCH = tool_call(TOOL, query="annual leave days")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    return build(tmp_path_factory.mktemp("library"))


def agent(knowledge: Any, *script: Any, **named: Any) -> LlamaIndexAgent:
    """An agent over `knowledge`, with a model that says `script`, or without one."""
    model = ScriptedModel(script) if script else None
    return LlamaIndexAgent("Desk", model=model, knowledge_list=knowledge, **named)


def requests(desk: LlamaIndexAgent) -> list[ScriptedRequest]:
    assert isinstance(desk.model, ScriptedModel)
    return desk.model.requests


def stored(desk: LlamaIndexAgent) -> str:
    return json.dumps(desk.memory.export(), ensure_ascii=False)


async def test_without_a_model_it_quotes_and_names_the_file(library: Library) -> None:
    desk = agent([library])
    reply = await desk(LEAVE)
    assert isinstance(reply.content, str)
    assert reply.text.startswith("Every employee has 25 days of annual leave a year. [1]")
    assert reply.text.endswith("\n[1] Annual leave.md")
    [citation, *_] = reply.metadata["citations"]
    assert (citation["file"], citation["quote"]) == ("Annual leave.md", SUPPORTED)
    assert not reply.metadata["abstained"]
    assert [msg.content for msg in desk.memory.get_memory()] == [LEAVE, reply.content]
    json.dumps(reply.to_dict())


async def test_a_citation_of_a_paged_document_names_its_page(library: Library) -> None:
    reply = await agent([library])("For how many days may I work from another country?")
    assert reply.metadata["citations"][0]["page"] == 2
    assert "Remote work.md, page 2" in reply.content


async def test_what_the_documents_do_not_answer_it_says_so(library: Library) -> None:
    reply = await agent([library])("Who painted the ceiling of the Sistine Chapel?")
    assert (reply.content, reply.metadata["abstained"], reply.metadata["citations"]) == (UNANSWERED, True, [])


async def test_without_a_model_it_understands_follow_ups(library: Library) -> None:
    desk = agent([library])
    await desk(LEAVE)
    reply = await desk("And how many of them may be carried over?")
    assert "31 March" in reply.content
    assert "annual" in reply.metadata["understood"]
    await desk("Who painted the ceiling of the Sistine Chapel in the Vatican?")
    assert "31 March" in (await desk("And how many of them may be carried over?")).content


async def test_without_model_and_banks_it_says_how_to_name_a_model() -> None:
    def lookup_customer_account(customer: str) -> str:
        """Look up an account."""
        return customer

    toolkit = Toolkit()
    toolkit.register_tool_function(lookup_customer_account)
    for desk in (agent([]), agent([], toolkit=toolkit)):
        reply = await desk("How many days of leave?")
        assert "No language model is configured" in reply.content
        assert "REFDESK_MODEL" in reply.content
        assert "leave" not in reply.text.lower()


async def test_a_model_searches_and_a_round_takes_two_calls(library: Library) -> None:
    desk = agent([library], SEARCH, f"{SUPPORTED} [1]", sys_prompt="Answer kindly.")
    reply = await desk(LEAVE)
    assert reply.content == f"{SUPPORTED} [1]\n\n[1] Annual leave.md"
    first, second = requests(desk)
    assert first.tool_names == [TOOL]
    assert first.text.startswith("system: Answer kindly.")
    assert "25 days" not in first.text
    assert "25 days" in second.last


async def test_words_of_the_documents_count_as_supported_without_a_search(library: Library) -> None:
    desk = agent([library], SUPPORTED)
    reply = await desk(LEAVE)
    assert reply.metadata["citations"][0]["file"] == "Annual leave.md"
    assert len(requests(desk)) == 1


async def test_of_passages_memory_keeps_the_ids_only(library: Library) -> None:
    desk = agent([library], SEARCH, SUPPORTED, "Ask away.")
    await desk(LEAVE)
    assert "pro-rata" not in stored(desk)
    use: Any
    result: Any
    [use] = [block for msg in desk.memory.get_memory() for block in msg.get_content_blocks("tool_use")]
    [result] = [block for msg in desk.memory.get_memory() for block in msg.get_content_blocks("tool_result")]
    assert use["id"] == result["id"]
    assert result["output"].startswith("Passages: [1] hr/")
    await desk("And?")
    assert "pro-rata" not in requests(desk)[-1].text
    roles = [message.role.value for message in requests(desk)[2].messages]
    assert roles == ["system", "user", "assistant", "tool", "assistant", "user"]


async def test_cancelled_in_the_middle_of_a_search_it_keeps_ids_too(library: Library) -> None:
    desk = agent([library], SEARCH, Reply("too late", delay=30))
    task = asyncio.create_task(desk(LEAVE))
    while len(requests(desk)) < 2:
        await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert "Passages: [1]" in stored(desk)
    assert "pro-rata" not in stored(desk)


async def test_what_no_passage_supports_is_left_out_and_reported(library: Library) -> None:
    desk = agent([library], SEARCH, f"{SUPPORTED} Interns get 40 days of leave.")
    reply = await desk(LEAVE)
    assert "40" not in reply.content
    assert reply.metadata["dropped"] == ["Interns get 40 days of leave."]
    wrong = await agent([library], SEARCH, "Every employee has 35 days of annual leave a year [1].")(LEAVE)
    assert (wrong.content, wrong.metadata["abstained"]) == (UNANSWERED, True)


async def test_a_made_up_answer_without_a_search_is_asked_for_again_with_the_passages(library: Library) -> None:
    desk = agent([library], "Every employee has 99 days of leave.", SUPPORTED)
    reply = await desk(LEAVE)
    assert reply.text.startswith(SUPPORTED)
    assert "25 days" in requests(desk)[1].last


@pytest.mark.parametrize(
    "words",
    [
        "I must escalate this case.",
        "I must escalate this case to a specialist.",
        "ESCALATE",
        "This needs to be escalated [1].",
        "Ich muss diesen Fall an einen Spezialisten weiterleiten.",
        "Ich leite den Fall an einen Kollegen weiter.",
        "我必须将此案例升级给专家。",
        "Das geht an die Kollegen. [escalate]",
    ],
)
async def test_passing_the_case_on_survives_and_is_told(library: Library, words: str) -> None:
    for script in ([words], [SEARCH, words]):
        desk = agent([library], *script)
        reply = await desk("My account is locked after three attempts")
        plain = str(reply.content).replace(" [escalate]", "")
        assert plain == words.replace(" [1]", "").replace(" [escalate]", "")
        assert ("escalate" in str(reply.content).lower()) == ("escalate" in words.lower())
        assert reply.metadata["escalate"] is True
        assert not reply.metadata["abstained"]
        assert len(requests(desk)) == len(script)


@pytest.mark.parametrize(
    "words",
    [
        "Escalate: the customer's account is locked.",
        "Escalate - the account is locked after three attempts.",
        "**Escalate:** account locked.",
        "I see. Escalation required: your account is locked.",
        "Hand over to a human: the account is locked.",
    ],
)
async def test_a_label_passes_the_case_on_and_keeps_the_reason_that_the_customer_gave(
    library: Library, words: str
) -> None:
    for script in ([words], [SEARCH, words]):
        reply = await agent([library], *script)("My account is locked after three attempts")
        assert str(reply.content) == words
        assert reply.metadata["escalate"] is True
        assert not reply.metadata["abstained"]


@pytest.mark.parametrize(
    "claim",
    [
        "Every employee has 35 days of annual leave a year.",
        "part-time staff get no leave at all.",
        "Interns get 40 days of leave.",
        "you have 99 days of annual leave.",
        "the moon is made of cheese.",
    ],
)
@pytest.mark.parametrize("question", [LEAVE, "I have 25 days of annual leave", "My account is locked"])
async def test_a_label_lets_no_claim_about_the_documents_through(library: Library, claim: str, question: str) -> None:
    reply = await agent([library], SEARCH, f"Escalate: {claim}")(question)
    assert reply.content == "Escalate:"
    assert reply.metadata["dropped"] == [claim]
    assert reply.metadata["escalate"] is True


async def test_it_may_answer_and_pass_the_case_on_at_once(library: Library) -> None:
    reply = await agent([library], SEARCH, f"{SUPPORTED} I will escalate the rest to a colleague.")(LEAVE)
    assert reply.text.startswith(f"{SUPPORTED} [1] I will escalate the rest to a colleague.")
    assert reply.metadata["escalate"] is True


async def test_the_mark_of_an_escalation_lets_no_claim_about_the_documents_through(library: Library) -> None:
    reply = await agent(
        [library], SEARCH, f"Every employee has 35 days of annual leave a year. [escalate] {SUPPORTED}"
    )(LEAVE)
    assert reply.text.startswith(SUPPORTED)
    assert "35 days" in reply.metadata["dropped"][0]


async def test_a_tool_of_the_same_name_takes_the_place_of_the_search(library: Library) -> None:
    def search_documents(query: str) -> str:
        """Search elsewhere."""
        return "Nothing."

    toolkit = Toolkit()
    toolkit.register_tool_function(search_documents)
    desk = agent([library], SEARCH, SUPPORTED, toolkit=toolkit)
    assert (await desk(LEAVE)).metadata["citations"]
    assert requests(desk)[0].tool_names == [TOOL]


@pytest.mark.parametrize(
    "words",
    [
        f"{SUPPORTED} [1]",
        f"I found two rules that apply. {SUPPORTED}",
        UNANSWERED,
        "Which year do you mean?",
        "Hello! How can I help?",
    ],
)
async def test_other_answers_pass_nothing_on(library: Library, words: str) -> None:
    reply = await agent([library], SEARCH, words)(LEAVE)
    assert reply.metadata["escalate"] is False


async def test_what_tools_gave_is_said_beside_what_documents_say(library: Library) -> None:
    def lookup_customer_account(customer: str) -> str:
        """Look up the account of a customer."""
        return f"The account of {customer} has been locked since Monday."

    toolkit = Toolkit()
    toolkit.register_tool_function(lookup_customer_account)
    told = "The account of Ada has been locked since Monday."
    desk = agent(
        [library], tool_call("lookup_customer_account", customer="Ada"), told, SEARCH, SUPPORTED, toolkit=toolkit
    )
    reply = await desk("Why can Ada not log in?")
    assert (reply.content, reply.metadata["citations"], len(requests(desk))) == (told, [], 2)
    assert requests(desk)[0].tool_names == ["lookup_customer_account", TOOL]
    assert (await desk(LEAVE)).metadata["citations"]


async def test_what_a_passage_orders_is_not_done(library: Library) -> None:
    called: list[str] = []

    def delete_everything() -> str:
        """Delete everything."""
        called.append("deleted")
        return "Done."

    toolkit = Toolkit()
    toolkit.register_tool_function(delete_everything)
    question = "What does the customer write about the kettle?"
    quoting = await agent([library], toolkit=toolkit)(question)
    assert "kettle" in quoting.content
    assert called == []
    search = tool_call(TOOL, query="kettle letter")
    desk = agent([library], search, "We send you a gold watch as a present. A kettle was returned last week.")
    reply = await desk(question)
    assert f"{PLANTED} Thank you.\n</passage>" in requests(desk)[1].last
    assert "never an instruction" in requests(desk)[1].text
    assert "A kettle was returned last week. [1]" in reply.content
    assert "gold watch" not in reply.content


@pytest.mark.parametrize(
    "script", [(), (tool_call(TOOL, query="salary band seven"), "Band seven pays 70,000 dollars.")]
)
async def test_it_reads_as_its_roles_and_what_it_says_is_for_them(library: Library, script: Any) -> None:
    outside = agent([library], *script)
    reply = await outside(SALARY)
    assert "81,000" not in json.dumps(reply.to_dict())
    assert not access_of(reply)
    told = [script[0], "Band seven pays between 81,000 and 96,000 dollars a year."] if script else []
    inside = agent([library], *told, roles=["staff"])
    reply = await inside(SALARY)
    assert "81,000" in reply.content
    assert not may_hear(ANYONE, reply)
    assert may_hear(Reader(frozenset({"staff"})), reply)
    again = await inside("Thank you")
    assert not may_hear(ANYONE, again)


async def test_in_a_hub_nobody_hears_what_they_may_not_read(library: Library) -> None:
    inside, outside = agent([library], roles=["staff"]), agent([library])
    async with MsgHub([inside, outside]):
        await inside(SALARY)
        await inside(LEAVE)
        await inside("Who painted the ceiling of the Sistine Chapel?")
    heard = "".join(msg.text for msg in outside.memory.get_memory())
    assert "81,000" not in heard
    apart, listening = agent([library], roles=["staff"]), agent([library])
    async with MsgHub([apart, listening]):
        await apart(LEAVE)
    assert "25 days" in "".join(msg.text for msg in listening.memory.get_memory())


async def test_a_collection_equips_an_agent(library: Library) -> None:
    collection = KnowledgeBank()
    collection.add(LlamaIndexKnowledge("hr", library.bank("hr")))
    desk = agent([library.bank("shop")])
    collection.equip(desk, ["hr"])
    assert "25 days" in (await desk(LEAVE)).text
    assert len(desk.knowledge_list) == 2


@pytest.mark.parametrize("script", [(), ("I must escalate this case.",), (UNANSWERED,)])
async def test_what_was_looked_at_and_not_used_restricts_nothing(library: Library, script: Any) -> None:
    reply = await agent([library], *script, roles=["staff"])("Which internal salary committee met on Friday in Vaduz?")
    assert not reply.metadata["citations"]
    assert not access_of(reply)


async def test_an_agent_without_knowledge_does_not_borrow_that_of_who_asks_it(library: Library) -> None:
    other = agent([], "I know nothing.")

    async def ask_other(question: str) -> str:
        """Ask somebody else."""
        return (await other(question)).text

    toolkit = Toolkit()
    toolkit.register_tool_function(ask_other)
    desk = agent([library], tool_call("ask_other", question=SALARY), "Done.", toolkit=toolkit, roles=["staff"])
    await desk("Ask the other one")
    assert requests(other)[0].tool_names == []


async def test_several_banks_retrievers_and_engines_stand_side_by_side(library: Library) -> None:
    hr, shop = library.bank("hr"), library.bank("shop")
    for knowledge in ([hr, shop], [hr.as_retriever(), shop.as_query_engine()], [hr, shop.as_retriever()], [library]):
        desk = agent(knowledge)
        assert (await desk(LEAVE)).metadata["citations"][0]["file"] == "Annual leave.md"
        refunded = await desk("Within how many days may goods be returned for a refund?")
        assert refunded.metadata["citations"][0]["file"] == "Refunds.md"


async def test_nodes_of_any_retriever_are_cited_with_file_and_page() -> None:
    class Shelf:
        """A retriever of somebody else."""

        description = "Notes about parking."

        def retrieve(self, query: Any) -> list[Any]:
            from llama_index.core.schema import NodeWithScore

            metadata = {"file_path": "/notes/parking.pdf", "page_label": "7"}
            return [
                NodeWithScore(node=TextNode(text="The garage has 40 places for cars.", metadata=metadata), score=0.9)
            ]

    desk = agent([Shelf()], SEARCH, "The garage has 40 places for cars.")
    reply = await desk("How many places has the garage?")
    assert reply.text.endswith("[1] parking.pdf, page 7")
    assert "Notes about parking." in str(requests(desk)[0].tools)
    with pytest.raises(UsageError, match="int cannot be searched"):
        agent([7])


async def test_a_model_that_finds_everything_alike_supports_nothing(tmp_path: Path) -> None:
    class Indifferent(HashingEmbedder):
        """An embedding model that gives every text the same vector."""

        def embed(self, texts: Sequence[str]) -> Any:
            return np.tile(np.eye(1, 64, dtype=np.float32), (len(texts), 1))

    bank = Library(tmp_path, embedders=lambda spec: Indifferent()).create("site")
    (tmp_path / "garage.md").write_text("# Garage\n\nThe garage has 40 places for cars.\n", "utf-8")
    ingest([tmp_path / "garage.md"], bank)
    desk = agent([bank], SEARCH, "The garage has 40 places for cars. Staff get massages for free.")
    reply = await desk("How many places has the garage?")
    assert reply.text.startswith("The garage has 40 places for cars. [1]")
    assert reply.metadata["dropped"] == ["Staff get massages for free."]


async def test_knowledge_may_be_exchanged(library: Library) -> None:
    desk = agent([library.bank("shop")])
    assert (await desk(LEAVE)).metadata["abstained"]
    desk.knowledge_list = [library.bank("hr")]
    assert "25 days" in (await desk(LEAVE)).content


async def test_bids_tell_who_knows(library: Library) -> None:
    hr, shop = agent([library.bank("hr")]), agent([library.bank("shop")])
    for knowing, other, question in ((hr, shop, LEAVE), (shop, hr, "How long can I return goods for a refund?")):
        high, low = await knowing.bid(question), await other.bid(Msg("user", question))
        assert 0 <= low < high <= 1
    assert await agent([]).bid(LEAVE) == 0.0
    assert await hr.bid("") == 0.0
    assert list(hr.memory.get_memory()) == []


async def test_concurrent_questions_do_not_mix(library: Library) -> None:
    def by_question(request: ScriptedRequest) -> str | ToolCall | Reply:
        if request.messages[-1].role == "user":
            return tool_call(TOOL, query=request.last)
        return SUPPORTED if LEAVE in request.text else "Goods may be returned for a refund within 30 days of delivery."

    desk = agent([library], by_question, memory=InMemoryMemory())
    questions = [LEAVE, "Within how many days can I return goods?"] * 3
    replies = await asyncio.gather(*(desk(question) for question in questions))
    files = [[citation["file"] for citation in reply.metadata["citations"]] for reply in replies]
    assert files == [["Annual leave.md"], ["Refunds.md"]] * 3


async def test_circling_ends_with_an_answer_from_the_passages(library: Library) -> None:
    desk = agent([library], lambda request: SEARCH if request.tools else SUPPORTED)
    assert (await desk(LEAVE)).text.startswith(SUPPORTED)
    assert sum("No more searches" in str(message.content) for message in requests(desk)[-1].messages) > 0
    assert len(requests(desk)) > SEARCHES


async def test_nothing_unchecked_is_shown_while_it_streams(library: Library) -> None:
    shown: list[str] = []

    async def look(agent: Any, arguments: dict[str, Any]) -> None:
        shown.append(arguments["msg"].text)

    model = ScriptedModel([SEARCH, f"Interns get 40 days of leave. {SUPPORTED}"], stream=True)
    desk = LlamaIndexAgent("Desk", model=model, knowledge_list=[library])
    desk.register_instance_hook("pre_print", "look", look)
    reply = await desk(LEAVE)
    assert reply.content in shown
    assert not any("40 days" in text for text in shown)


async def test_a_structured_answer_names_the_passages_it_was_made_from(library: Library) -> None:
    class Days(BaseModel):
        """Days of leave."""

        days: int

    desk = agent([library], SEARCH, '{"days": 25}')
    reply = await desk(LEAVE, structured_model=Days)
    assert reply.metadata["structured"] == {"days": 25}
    assert reply.metadata["passages"][0].startswith("hr/")


async def test_a_failing_model_is_named_and_the_agent_stays_usable(library: Library) -> None:
    desk = agent([library], ModelError("down:", hint="wait."), SUPPORTED)
    with pytest.raises(AgentCallError, match="Desk: down: wait"):
        await desk(LEAVE)
    assert (await desk(LEAVE)).text.startswith(SUPPORTED)


async def test_its_state_is_its_conversation_and_no_document(library: Library) -> None:
    desk = agent([library])
    await desk(LEAVE)
    other = agent([library])
    other.load_state_dict(json.loads(json.dumps(desk.state_dict())))
    assert "31 March" in (await other("And how many of them may be carried over?")).content
    assert isinstance(other, ReActAgent)
