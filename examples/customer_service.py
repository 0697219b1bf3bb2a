"""Customer service in two tiers over Rho-Bank's help desk: the first answers customers, the second reads for staff.

Scripted stand-ins play the models. Name one of yours in place of them, in `refdesk.yaml` or by `agents.init`, and give
the folder `data/banking` as a whole.
"""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from agents import DialogAgent, LlamaIndexAgent
from agents.message import Msg
from agents.pipeline import IfElsePipeline, MsgHub, SequentialPipeline
from agents.rag import LlamaIndexKnowledge
from agents.testing import Reply, ScriptedModel, ScriptedRequest, tool_call
from agents.tool import Toolkit
from knowledge.card import AccessRule

ARTICLES = Path(__file__).parent.parent / "data" / "banking"
FOR_STAFF = AccessRule(frozenset({"staff"}), title="*Internal*")
EXPEDITED = "Expedited shipping: 2–3 business days."
CHECKS = "Verify the customer's identity using standard verification procedures."


def accounts_toolkit(tickets: list[str]) -> Toolkit:
    """What an agent of the bank may do."""

    def create_support_ticket(summary: str) -> str:
        """Open a ticket for the back office.

        Args:
            summary: What the customer needs.
        """
        tickets.append(summary)
        return f"Ticket {len(tickets)} is open: {summary}."

    toolkit = Toolkit()
    toolkit.register_tool_function(create_support_ticket)
    return toolkit


def first_tier(request: ScriptedRequest) -> str | Reply:
    """Looks questions about shipping up, and passes everything else on."""
    if "replacement card arrive" not in request.text:
        return "I must escalate this case to a specialist."
    return (
        f"{EXPEDITED} [1]"
        if request.messages[-1].role == "tool"
        else tool_call("search_documents", query="expedited days")
    )


def second_tier(request: ScriptedRequest) -> str | Reply:
    """Reads the procedure, opens a ticket, and says both."""
    steps = sum(message.role == "tool" for message in request.messages)
    if steps == 0:
        return tool_call("search_documents", query="verify identity before ordering a replacement")
    if steps == 1:
        return tool_call("create_support_ticket", summary="stolen card, replacement wanted")
    return f"{CHECKS} Ticket 1 is open: stolen card, replacement wanted."


class CustomerService:
    """Three agents who hear each other: what the first tier cannot answer goes by a router to the second."""

    def __init__(self, knowledge: LlamaIndexKnowledge, tickets: list[str]) -> None:
        self.first = LlamaIndexAgent(
            "Tier1", "You help customers of Rho-Bank.", ScriptedModel([first_tier]), knowledge_list=[knowledge]
        )
        self.router = DialogAgent(
            "Router", "You send a case to the right people.", ScriptedModel(["Second tier, please."])
        )
        self.second = LlamaIndexAgent(
            "Tier2",
            "You are staff of Rho-Bank and follow its procedures.",
            ScriptedModel([second_tier]),
            knowledge_list=[knowledge],
            toolkit=accounts_toolkit(tickets),
            roles=["staff"],
        )

    async def answer(self, question: Msg) -> Msg:
        """The first tier's answer, unless it passes the case on."""
        escalated = IfElsePipeline(lambda reply: reply.metadata["escalate"], [self.router, self.second])
        async with MsgHub([self.first, self.router, self.second], announcement=question):
            answer: Msg = await SequentialPipeline([self.first, escalated])()
            return answer


async def main(root: Path) -> None:
    """Ask one question that the first tier answers, and one that it passes on."""
    for article in ARTICLES.glob("credit_cards_credit_card_replacements_*.md"):
        shutil.copy(article, root)
    knowledge = LlamaIndexKnowledge.build_knowledge_instance(
        "banking", {root: [".md"]}, title="Rho-Bank help desk", access=[FOR_STAFF], root=root / "library"
    )
    tickets: list[str] = []
    for question in ("How fast can a replacement card arrive?", "My card was stolen, send me a new one!"):
        reply = await CustomerService(knowledge, tickets).answer(Msg("customer", question, "user"))
        print(f"customer: {question}\n{reply.name}: {reply.text}")
        print(f"(for {reply.metadata.get('access') or 'everyone'})\n")
    print(f"Tickets: {tickets}")


if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        asyncio.run(main(Path(folder)))
