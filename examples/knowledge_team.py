"""Experts for one bank each, a coordinator for both, and a hub that asks only who is likely to know.

No model is needed: without one they quote. Given one (`model_config_name="gpt-4"`), they write, and every sentence
about the documents is checked before anybody hears it.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory

from agents import LlamaIndexAgent
from agents.message import Msg
from agents.pipeline import CostAwareHub
from agents.rag import LlamaIndexKnowledge

HANDBOOK = Path(__file__).parent / "handbook"
SERVERS = "# Servers\n\nThe build server is restarted every Sunday at four in the morning.\n"


def knowledge(folder: Path) -> tuple[LlamaIndexKnowledge, LlamaIndexKnowledge]:
    """Two banks: people, and technology."""
    (folder / "tech").mkdir()
    (folder / "tech" / "servers.md").write_text(SERVERS, "utf-8")
    people = LlamaIndexKnowledge.build_knowledge_instance(
        knowledge_id="people", data_dirs_and_types={HANDBOOK: [".md"]}, similarity_top_k=5, root=folder
    )
    technology = LlamaIndexKnowledge.build_knowledge_instance(
        knowledge_id="technology", data_dirs_and_types={folder / "tech": [".md"]}, root=folder
    )
    return people, technology


async def main(folder: Path) -> None:
    """Ask the coordinator, then whoever bids most."""
    people, technology = knowledge(folder)
    coordinator = LlamaIndexAgent("Coordinator", knowledge_list=[people, technology])
    for question in ("How many days of annual leave do I have?", "And when do unused ones expire?"):
        print(f"Coordinator: {(await coordinator(question)).content}\n")

    experts = [
        LlamaIndexAgent("People_Expert", knowledge_list=[people]),
        LlamaIndexAgent("Tech_Expert", knowledge_list=[technology]),
    ]
    hub = CostAwareHub(experts, most=1)
    for question in ("When is the build server restarted?", "What may a night in a hotel cost?", "Who is the pope?"):
        reply = await hub(Msg("user", question))
        print(f"{question} {reply.name}: {reply.text.splitlines()[0]}")


if __name__ == "__main__":
    with TemporaryDirectory() as name:
        asyncio.run(main(Path(name)))
