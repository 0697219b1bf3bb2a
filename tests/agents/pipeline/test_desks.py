"""Desks over real banks: who knows is asked, and who may not read is not told."""

from __future__ import annotations

import pytest

from agents.agent import DialogAgent, LlamaIndexAgent
from agents.pipeline import CostAwareHub, MsgHub
from agents.testing import ScriptedModel
from agents.tracing import flush_tracing, setup_tracing, stop_tracing
from knowledge.library import Library
from tests.agents.pipeline.speakers import remembered
from tests.agents.tracing.receiver import Receiver, attributes
from tests.two_banks import build

LEAVE = "How many days of annual leave do I have?"
REFUND = "How long can I return goods for a refund?"
SALARY = "What does salary band seven pay?"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    return build(tmp_path_factory.mktemp("library"))


def desk(library: Library, bank: str, *roles: str) -> LlamaIndexAgent:
    return LlamaIndexAgent(bank, knowledge_list=[library.bank(bank)], roles=roles)


async def test_the_desk_that_knows_is_asked_and_no_other(library: Library) -> None:
    desks = [desk(library, "hr"), desk(library, "shop")]
    hub = CostAwareHub(desks, threshold=0.3)
    for question, name in ((LEAVE, "hr"), (REFUND, "shop")):
        reply = await hub(question)
        assert (reply.name, reply.metadata["abstained"]) == (name, False)
        assert reply.metadata["bids"][name] == max(reply.metadata["bids"].values())
    assert [one.memory.size() for one in desks] == [2, 2]


async def test_a_question_that_no_desk_can_answer_is_put_to_none(library: Library) -> None:
    reply = await CostAwareHub([desk(library, "hr"), desk(library, "shop")], threshold=0.3)("Who won the 1966 cup?")
    assert reply.metadata["abstained"] is True


async def test_an_answer_from_reserved_documents_is_heard_only_by_who_may_read_them(library: Library) -> None:
    clerk = desk(library, "hr", "staff")
    colleague, guest = (
        DialogAgent(name=name, model=ScriptedModel(["ok"]), roles=roles)
        for name, roles in (("colleague", ["staff"]), ("guest", []))
    )
    async with MsgHub([clerk, colleague, guest]):
        secret = await clerk(SALARY)
        open_to_all = await clerk(LEAVE)
    assert not secret.metadata["abstained"]
    assert remembered(colleague) == [secret.text, open_to_all.text]
    assert secret.text not in remembered(guest)


async def test_retrieval_is_traced_without_the_question(library: Library) -> None:
    with Receiver() as receiver:
        setup_tracing(tracing_endpoint=receiver.url)
        await desk(library, "hr")(LEAVE)
        flush_tracing()
        stop_tracing()
    found = [span for span in receiver.spans if span.name.startswith("retrieval")]
    assert found
    assert attributes(found[0])["gen_ai.operation.name"] == "retrieval"
    assert b"annual leave" not in b"".join(span.SerializeToString() for span in receiver.spans)
