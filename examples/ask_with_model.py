"""An answer that a language model writes, with every sentence checked against the documents.

    python examples/ask_with_model.py http://127.0.0.1:8080/v1 my-model

asks a model of yours. Without arguments a scripted stand-in plays the model: it searches once, then says one thing
that the handbook holds and one that it does not.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from agents.answers.answering import answer_with_model
from agents.model.spec import ModelSpec, open_model
from agents.testing import ScriptedServer, Step, tool_call
from ingest import ingest
from knowledge.library import Library

HANDBOOK = Path(__file__).parent / "handbook"
QUESTION = "How many days of annual leave do I have?"
SCRIPT: list[Step] = [
    tool_call("search_documents", query="days of annual leave"),
    "Every employee has 25 days of annual leave a year [1]. After ten years a sabbatical of six months is due [1].",
]


def main(root: str, spec: ModelSpec) -> None:
    """Build a library in `root` and let the model answer from it."""
    library = Library(root)
    ingest([HANDBOOK], library.create("hr"))
    answer = asyncio.run(answer_with_model(QUESTION, library, llm=open_model(spec)))
    print(answer.text)
    for number, citation in enumerate(answer.citations, 1):
        print(f"  [{number}] {Path(citation.uri).name}: {citation.quote}")
    print("Left out, since no passage supports it:", " ".join(answer.dropped) or "nothing")
    print(f"Written by {answer.model} at {answer.host}")


if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        if len(sys.argv) > 2:
            main(folder, ModelSpec(sys.argv[2], base_url=sys.argv[1]))
        else:
            with ScriptedServer(SCRIPT) as server:
                main(folder, ModelSpec("a scripted model", base_url=server.base_url))
