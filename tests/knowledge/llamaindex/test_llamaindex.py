"""A bank is a retriever, a query engine and a tool that LlamaIndex takes as its own."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.llms import LLM
from llama_index.core.postprocessor import SimilarityPostprocessor
from llama_index.core.query_engine import BaseQueryEngine, RetrieverQueryEngine, RouterQueryEngine
from llama_index.core.response_synthesizers import ResponseMode, get_response_synthesizer
from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import MetadataMode, TextNode
from llama_index.core.selectors import LLMSingleSelector
from llama_index.core.tools import BaseTool, QueryEngineTool
from llama_index.core.vector_stores import FilterCondition, FilterOperator, MetadataFilter, MetadataFilters

from agents.model.spec import ModelSpec, open_model
from agents.testing import ScriptedServer, tool_call
from knowledge.bank import KnowledgeBank
from knowledge.errors import UsageError
from knowledge.library import Library
from knowledge.types import ANYONE
from tests.two_banks import STAFF, build

LEAVE = "How many days of annual leave do I have?"
SALARY = "What does salary band seven pay?"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    return build(tmp_path_factory.mktemp("library"))


@pytest.fixture
def bank(library: Library) -> KnowledgeBank:
    return library.bank("hr")


def model(server: ScriptedServer) -> LLM:
    return open_model(ModelSpec("scripted", base_url=server.base_url, retries=0))


def test_a_bank_is_a_retriever(bank: KnowledgeBank) -> None:
    retriever = bank.as_retriever(k=3)
    assert isinstance(retriever, BaseRetriever)
    nodes = retriever.retrieve(LEAVE)
    assert len(nodes) == 3
    assert "25 days" in nodes[0].text
    assert [node.score for node in nodes] == sorted((node.score or 0.0 for node in nodes), reverse=True)


def test_a_node_says_where_its_text_stands(bank: KnowledgeBank) -> None:
    [found] = bank.as_retriever(k=1).retrieve("How long may I work from another country?")
    node = found.node
    assert isinstance(node, TextNode)
    assert node.metadata["bank"] == "hr"
    assert node.metadata["title"] == "Remote work"
    assert node.metadata["uri"] == "/docs/hr/Remote work.md"
    assert node.metadata["page"] == 2
    assert node.metadata["headings"] == "Abroad"
    assert node.metadata["year"] == 2024
    assert node.source_node is not None
    number = int(node.source_node.node_id.rpartition("/")[2])
    assert bank.document(number).text[node.start_char_idx : node.end_char_idx] == node.text


def test_a_node_keeps_its_id_from_one_search_to_the_next(bank: KnowledgeBank) -> None:
    ids = [[node.node_id for node in bank.as_retriever().retrieve(LEAVE)] for _ in range(2)]
    assert ids[0] == ids[1]
    assert len(set(ids[0])) == len(ids[0])


def test_a_model_is_shown_title_page_and_heading_and_nothing_else(bank: KnowledgeBank) -> None:
    [found] = bank.as_retriever(k=1).retrieve("How long may I work from another country?")
    shown = found.node.get_content(MetadataMode.LLM)
    assert "title: Remote work" in shown
    assert "/docs" not in shown


def test_the_retriever_reads_as_its_reader(bank: KnowledgeBank) -> None:
    for_anyone = bank.as_retriever(k=20, reader=ANYONE).retrieve(SALARY)
    for_staff = bank.as_retriever(k=20, reader=STAFF).retrieve(SALARY)
    assert not any("81,000" in node.text for node in for_anyone)
    assert any("81,000" in node.text for node in for_staff)


def test_retrieval_is_the_same_asynchronously(bank: KnowledgeBank) -> None:
    retriever = bank.as_retriever()
    later = asyncio.run(retriever.aretrieve(LEAVE))
    assert [node.node_id for node in later] == [node.node_id for node in retriever.retrieve(LEAVE)]


def test_filters_of_llamaindex_are_understood(bank: KnowledgeBank) -> None:
    from knowledge.llamaindex.retriever import BankRetriever

    wanted = MetadataFilters(filters=[MetadataFilter(key="title", value="Remote work")])
    nodes = BankRetriever(bank, k=9, reader=ANYONE, filters=wanted).retrieve(LEAVE)
    assert {node.metadata["title"] for node in nodes} == {"Remote work"}


@pytest.mark.parametrize(
    "filters",
    [
        MetadataFilters(filters=[MetadataFilter(key="year", value=2000, operator=FilterOperator.GT)]),
        MetadataFilters(filters=[MetadataFilter(key="year", value=2024)], condition=FilterCondition.OR),
        MetadataFilters(filters=[MetadataFilter(key="year", value=["2024"])]),
    ],
)
def test_filters_that_a_bank_cannot_hold_to_are_refused(bank: KnowledgeBank, filters: MetadataFilters) -> None:
    from knowledge.llamaindex.retriever import BankRetriever

    with pytest.raises(UsageError):
        BankRetriever(bank, k=1, reader=ANYONE, filters=filters)


def test_a_query_engine_answers_with_quotations(bank: KnowledgeBank) -> None:
    engine = bank.as_query_engine()
    assert isinstance(engine, BaseQueryEngine)
    response = engine.query(LEAVE)
    assert "25 days" in str(response)
    assert any("25 days" in node.text for node in response.source_nodes)
    assert response.metadata is not None
    assert response.metadata["abstained"] is False
    assert "25 days" in response.metadata["citations"][0]["quote"]


def test_a_query_engine_abstains(bank: KnowledgeBank) -> None:
    response = bank.as_query_engine().query("Who painted the ceiling of the Sistine Chapel?")
    assert response.metadata is not None
    assert response.metadata["abstained"] is True
    assert str(response) == "The documents do not answer this question."
    assert response.source_nodes == []


def test_a_query_engine_answers_asynchronously(bank: KnowledgeBank) -> None:
    assert "25 days" in str(asyncio.run(bank.as_query_engine().aquery(LEAVE)))


def test_a_query_engine_with_a_model_shows_what_passages_support(bank: KnowledgeBank) -> None:
    with ScriptedServer(["Every employee has 25 days of annual leave a year [1]. The office has a pool."]) as server:
        engine = bank.as_query_engine(llm=model(server))
        now, later = engine.query(LEAVE), asyncio.run(engine.aquery(LEAVE))
        asked = server.requests[0].text
    assert str(now) == str(later) == "Every employee has 25 days of annual leave a year. [1]"
    assert now.metadata is not None
    assert now.metadata["dropped"] == ["The office has a pool."]
    assert now.metadata["model"] == "scripted"
    assert "25 days" in now.source_nodes[0].text
    assert "81,000" not in asked


def test_a_bank_is_a_tool_described_by_its_card(bank: KnowledgeBank) -> None:
    tool = bank.as_tool()
    assert isinstance(tool, QueryEngineTool)
    assert tool.metadata.get_name() == "hr"
    assert "Leave, remote work and pay" in tool.metadata.description
    assert "25 days" in str(tool.call(LEAVE))
    assert "25 days" in str(asyncio.run(tool.acall(input=LEAVE)))


def test_a_tool_takes_another_name_and_description(bank: KnowledgeBank) -> None:
    tool = bank.as_tool(name="handbook", description="Rules of work.")
    assert (tool.metadata.get_name(), tool.metadata.description) == ("handbook", "Rules of work.")


def test_a_retriever_serves_llamaindex_own_query_engine(bank: KnowledgeBank) -> None:
    with ScriptedServer(["Twenty-five."]) as server:
        synthesizer = get_response_synthesizer(llm=model(server), response_mode=ResponseMode.COMPACT)
        engine = RetrieverQueryEngine(
            retriever=bank.as_retriever(k=3),
            response_synthesizer=synthesizer,
            node_postprocessors=[SimilarityPostprocessor(similarity_cutoff=0.01)],
        )
        response = engine.query(LEAVE)
        assert "25 days" in server.requests[0].text
    assert str(response) == "Twenty-five."
    assert response.source_nodes


def test_tools_of_banks_serve_a_router(library: Library) -> None:
    tools = [library.bank(name).as_tool() for name in ("hr", "shop")]
    with ScriptedServer(['[{"choice": 2, "reason": "It is about refunds."}]']) as server:
        selector = LLMSingleSelector.from_defaults(llm=model(server))
        router = RouterQueryEngine(selector=selector, query_engine_tools=tools, llm=model(server))
        answered = str(router.query("Within how many days may goods be returned for a refund?"))
        assert "Orders, refunds and delivery" in server.requests[0].text
    assert "30 days" in answered


def test_tools_of_banks_serve_an_agent(library: Library) -> None:
    async def ask(server: ScriptedServer) -> str:
        tools: list[BaseTool | Callable[..., object]] = [library.bank(name).as_tool() for name in ("hr", "shop")]
        return str(await FunctionAgent(tools=tools, llm=model(server), streaming=False).run(user_msg=LEAVE))

    with ScriptedServer([tool_call("hr", input=LEAVE), "You have 25 days."]) as server:
        assert asyncio.run(ask(server)) == "You have 25 days."
        assert server.requests[0].tools == ["hr", "shop"]
        assert "25 days of annual leave" in str(server.requests[1].messages[-1])


def test_opening_a_bank_imports_nothing_of_llamaindex(library: Library) -> None:
    root = Path(library.root)
    code = (
        "import sys\n"
        "from knowledge.library import Library\n"
        f"answer = Library({str(root)!r}).ask({LEAVE!r})\n"
        "assert not answer.abstained, answer\n"
        "heavy = {'llama_index', 'chromadb', 'torch', 'transformers', 'openai', 'unstructured'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
