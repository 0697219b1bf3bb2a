"""Knowledge, retrieval agents and the customer service system, as the tutorial shows them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from docx import Document as WordDocument

from agents.message import Msg
from agents.testing import Reply, Request, tool_call
from agents.tool import Toolkit
from tests.agents.tutorial.blocks import block, needs_tutorial, run
from tests.agents.tutorial.conftest import Serve
from tests.ingest.made_files import made_pdf

pytestmark = needs_tutorial

LEAVE = "Every employee has 25 days of paid leave a year. Unused days expire at the end of March."
NOTICE = "The notice period is three months to the end of a quarter."
RESET = "To reset your password, open Settings and press Forgot password."


def pdf(*pages: str) -> bytes:
    """A PDF with one line on each page."""
    return made_pdf([[(words, 72, 700, 12)] for words in pages])


def write_docs(folder: Path) -> None:
    """Two folders in the formats that the tutorial names, and files that its filter leaves out."""
    (folder / "docs").mkdir()
    (folder / "reports").mkdir()
    (folder / "docs" / "leave.md").write_text(f"# Leave\n\n{LEAVE}\n", "utf-8")
    (folder / "docs" / "leave.txt").write_text("Everybody has 99 days of leave.\n", "utf-8")
    (folder / "docs" / "contract.pdf").write_bytes(pdf("A cover page.", NOTICE))
    (folder / "reports" / "year.txt").write_text("Revenue grew by 14 per cent in the last year.\n", "utf-8")
    word = WordDocument()
    word.add_paragraph("The office moves to Lisbon in May.")
    word.save(str(folder / "reports" / "plan.docx"))


def searching(answer: str) -> Callable[[Request], str | Reply]:
    """A model that searches first, and then answers with these words."""

    def step(request: Request) -> str | Reply:
        if any(message["role"] == "tool" for message in request.messages) or not request.tools:
            return answer
        name = next(name for name in request.tools if "search" in name)
        words = next(str(message["content"]) for message in reversed(request.messages) if message["role"] == "user")
        return tool_call(name, query=words)

    return step


async def test_a_knowledge_bank_is_built_with_the_named_embedding_model_and_cited(
    serve: Serve, workplace: Path
) -> None:
    write_docs(workplace)
    server = serve([searching("Every employee has 25 days of paid leave a year. [1]")])
    names = await run(block("setup_rag_system"))
    agent = await names["setup_rag_system"]()
    assert server.embedding_requests, "texts go to the model that was named"

    reply = await agent(Msg("user", "How many days of leave does an employee have?"))

    assert "25 days" in reply.content
    assert "leave.md" in reply.content
    assert Path(reply.metadata["citations"][0]["uri"]).name == "leave.md"
    assert "99 days" not in "".join(request.text for request in server.requests)
    stored = json.dumps(agent.memory.export())
    assert "Unused days expire" not in stored


async def test_experts_know_their_own_bank_and_the_coordinator_both(workplace: Path) -> None:
    (workplace / "legal").mkdir()
    (workplace / "legal" / "contract.pdf").write_bytes(pdf("A cover page.", NOTICE))
    (workplace / "tech").mkdir()
    (workplace / "tech" / "password.md").write_text(f"# Passwords\n\n{RESET}\n", "utf-8")
    (workplace / "tech" / "limits.py").write_text('"""The largest upload is 25 megabytes."""\nLIMIT = 25\n', "utf-8")
    code = block("collaborative_rag_example").replace('model_config_name="gpt-4"', "model_config_name=None")
    names = await run(code)
    legal, tech, coordinator = await names["collaborative_rag_example"]()

    about_notice = await legal("How long is the notice period?")
    assert "three months" in about_notice.content
    assert about_notice.metadata["citations"][0]["page"] == 2
    about_password = await coordinator("How do I reset my password?")
    assert Path(about_password.metadata["citations"][0]["uri"]).name == "password.md"
    assert "three months" not in (await tech("How long is the notice period?")).content


async def test_building_again_brings_the_bank_up_to_date(workplace: Path) -> None:
    from agents.rag import LlamaIndexKnowledge

    folder = workplace / "notes"
    folder.mkdir()
    (folder / "one.md").write_text("# Parking\n\nThe garage has 40 places.\n", "utf-8")
    (folder / "two.md").write_text("# Bicycles\n\nThere are 12 stands for bicycles.\n", "utf-8")

    def build() -> Any:
        return LlamaIndexKnowledge.build_knowledge_instance(
            knowledge_id="notes", data_dirs_and_types={str(folder): [".md"]}
        )

    assert len(build().bank.documents()) == 2
    (folder / "one.md").write_text("# Parking\n\nThe garage has 55 places.\n", "utf-8")
    (folder / "two.md").unlink()
    knowledge = build()
    assert len(knowledge.bank.documents()) == 1
    assert ["55 places" in passage.text for passage in knowledge.bank.search("How many places has the garage?")] == [
        True
    ]


@pytest.mark.parametrize("escalates", [True, False])
async def test_customer_service_answers_or_escalates(serve: Serve, workplace: Path, *, escalates: bool) -> None:
    (workplace / "knowledge").mkdir()
    (workplace / "knowledge" / "passwords.md").write_text(f"# Passwords\n\n{RESET}\n", "utf-8")
    tickets: list[str] = []

    def lookup_customer_account(customer: str) -> str:
        """Look up an account."""
        return f"{customer}: locked"

    def create_support_ticket(summary: str) -> str:
        """Open a ticket."""
        tickets.append(summary)
        return "Ticket 1"

    def escalate_to_human(reason: str) -> str:
        """Call a person."""
        return reason

    def model(request: Request) -> str | Reply:
        system = str(request.messages[0]["content"])
        if "Route complex cases" in system:
            return "To tier two."
        if "complex technical issues" in system:
            if request.messages[-1]["role"] == "tool":
                return "A ticket is open."
            return tool_call("create_support_ticket", summary="account locked")
        if escalates:
            return "I must escalate this case to a specialist."
        return searching("To reset your password, open Settings and press Forgot password. [1]")(request)

    serve([model])
    code = block("build_customer_service_system")
    names = await run(
        code,
        Toolkit=Toolkit,
        lookup_customer_account=lookup_customer_account,
        create_support_ticket=create_support_ticket,
        escalate_to_human=escalate_to_human,
    )
    handle = await names["build_customer_service_system"]()
    reply = await handle("My account is locked after three attempts" if escalates else "How do I reset my password?")
    if escalates:
        assert (reply.name, reply.content) == ("Tier2_Support", "A ticket is open.")
        assert tickets == ["account locked"]
    else:
        assert reply.name == "Tier1_Support"
        assert "press Forgot password" in reply.content
        assert "passwords.md" in reply.content
