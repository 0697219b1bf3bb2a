"""A bank in code that was written for LlamaIndex: the retriever, the query engine and the tool are its own kinds."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from llama_index.core.postprocessor import SimilarityPostprocessor
from llama_index.core.query_engine import BaseQueryEngine
from llama_index.core.retrievers import BaseRetriever
from llama_index.core.tools import QueryEngineTool

from ingest import ingest
from knowledge.library import Library

HANDBOOK = Path(__file__).parent / "handbook"


def existing_search(retriever: BaseRetriever, question: str) -> None:
    """Code that knows nothing of Refdesk: retrieves, filters by score, prints."""
    nodes = SimilarityPostprocessor(similarity_cutoff=0.3).postprocess_nodes(retriever.retrieve(question))
    for found in nodes:
        print(f"{found.score:.2f}  {found.node.metadata['title']}: {found.node.get_content()[:60]!r}")


def existing_answer(engine: BaseQueryEngine, question: str) -> None:
    """Code that knows nothing of Refdesk: asks a query engine and prints its sources."""
    response = engine.query(question)
    print(response)
    print(response.get_formatted_sources(length=60))


def existing_tool(tool: QueryEngineTool) -> None:
    """Code that knows nothing of Refdesk: what an agent would be offered, and what a call of it gives."""
    print(f"{tool.metadata.get_name()}: {tool.metadata.description}")
    print(tool("What may a night in a hotel cost?"))


def main(root: str) -> None:
    """Build a bank in `root` and hand it over."""
    bank = Library(root).create("hr", title="Handbook", description="Leave, remote work and expenses.")
    ingest([HANDBOOK], bank)
    existing_search(bank.as_retriever(k=3), "working from abroad")
    existing_answer(bank.as_query_engine(), "How long may I work from another country?")
    existing_tool(bank.as_tool())


if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        main(folder)
