"""Banks as LlamaIndex query engines and tools, over the same answer path that every command uses."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from llama_index.core.base.response.schema import Response
from llama_index.core.llms import LLM, ChatMessage, ChatResponse, MessageRole
from llama_index.core.prompts.mixin import PromptMixinType
from llama_index.core.query_engine import BaseQueryEngine
from llama_index.core.schema import NodeWithScore, QueryBundle
from llama_index.core.tools import QueryEngineTool

from knowledge.answers.evidence import Evidence
from knowledge.answers.grounding import RULES, UNANSWERED, answer_from, ground, with_passages
from knowledge.answers.support import support_check
from knowledge.card import BankCard
from knowledge.embedding.embedder import Embedder
from knowledge.llamaindex.retriever import NO_FILTERS, BankRetriever, Filters, Searchable, plain_filters, scored_node
from knowledge.terminal.json_output import citation_to_json
from knowledge.types import Answer, Citation, MetadataValue, Passage, Reader

if TYPE_CHECKING:
    from knowledge.bank import KnowledgeBank

READ_FOR_ANSWER = 6


class Answering(Searchable, Protocol):
    """A bank, that answers extractively."""

    @property
    def sentence_embedder(self) -> Embedder:
        """The embedding model that checks what a model wrote, sentence by sentence."""
        ...

    def ask(self, question: str, *, reader: Reader = ..., filters: Mapping[str, MetadataValue] = ...) -> Answer:
        """An extractive answer or an abstention."""
        ...


class BankQueryEngine(BaseQueryEngine):
    """Answers from a bank or library as one reader: quoted sentences, or a model's, each checked and cited.

    The response's source nodes are the cited passages, best first. Its metadata holds `citations`, `phrase`,
    `abstained`, `confidence`, `banks`, `dropped` and `model`.
    """

    def __init__(
        self, source: Answering, *, reader: Reader, llm: LLM | None = None, filters: Filters = NO_FILTERS
    ) -> None:
        super().__init__(callback_manager=None)
        self._source = source
        self._reader = reader
        self._llm = llm
        self._filters = plain_filters(filters)
        self._retriever = BankRetriever(source, k=READ_FOR_ANSWER, reader=reader, filters=filters, single=True)

    def retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        """The passages that an answer would be made from."""
        return self._retriever.retrieve(query_bundle)

    async def aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        """The passages that an answer would be made from."""
        return await self._retriever.aretrieve(query_bundle)

    def answer(self, question: str) -> Answer:
        """The answer that a response is made of."""
        if self._llm is None:
            return self._source.ask(question, reader=self._reader, filters=self._filters)
        evidence = self._evidence(question)
        reply = self._llm.chat(_messages(question, evidence)) if evidence.passages else None
        return self._checked(question, evidence, reply)

    async def aanswer(self, question: str) -> Answer:
        """The answer that a response is made of."""
        if self._llm is None:
            return await asyncio.to_thread(self.answer, question)
        evidence = await asyncio.to_thread(self._evidence, question)
        reply = await self._llm.achat(_messages(question, evidence)) if evidence.passages else None
        return await asyncio.to_thread(self._checked, question, evidence, reply)

    def _query(self, query_bundle: QueryBundle) -> Response:
        return as_response(self.answer(query_bundle.query_str))

    async def _aquery(self, query_bundle: QueryBundle) -> Response:
        return as_response(await self.aanswer(query_bundle.query_str))

    def _get_prompt_modules(self) -> PromptMixinType:
        return {}

    def _evidence(self, question: str) -> Evidence:
        evidence, reader, filters = Evidence(), self._reader, self._filters
        evidence.add(self._source.search(question, k=READ_FOR_ANSWER, reader=reader, filters=filters, single=True))
        return evidence

    def _checked(self, question: str, evidence: Evidence, reply: ChatResponse | None) -> Answer:
        text = (reply.message.content or "") if reply else ""
        grounded = ground(text, evidence, support_check(self._source.sentence_embedder))
        model = self._llm.metadata.model_name if self._llm else ""
        return answer_from(question, grounded, evidence, model=model, host=_host(self._llm), timings={})


def bank_tool(
    bank: KnowledgeBank, *, name: str | None, description: str | None, reader: Reader, llm: LLM | None = None
) -> QueryEngineTool:
    """A tool that answers from `bank`; name and description come from its card where none are given."""
    return QueryEngineTool.from_defaults(
        BankQueryEngine(bank, reader=reader, llm=llm),
        name=name or bank.name,
        description=description or described(bank.card()),
    )


def described(card: BankCard) -> str:
    """What a model reads to decide whether to ask this bank."""
    about = " ".join(part.strip().rstrip(".") + "." for part in (card.title, card.description) if part.strip())
    return f"Answers questions, with quotations, from these documents: {about}"


def as_response(answer: Answer) -> Response:
    """The answer as LlamaIndex's response; an abstention has no source nodes."""
    metadata: dict[str, Any] = {
        "citations": [citation_to_json(citation) for citation in answer.citations],
        "phrase": answer.phrase,
        "abstained": answer.abstained,
        "confidence": answer.confidence,
        "banks": list(answer.banks),
        "dropped": list(answer.dropped),
        "model": answer.model,
    }
    cited = [scored_node(passage) for passage in answer.closest if _is_cited(passage, answer.citations)]
    return Response(answer.text or UNANSWERED, source_nodes=cited, metadata=metadata)


def _is_cited(passage: Passage, citations: Sequence[Citation]) -> bool:
    return any(
        (passage.bank, passage.document_id) == (citation.bank, citation.document_id)
        and passage.start <= citation.start
        and citation.end <= passage.end
        for citation in citations
    )


def _messages(question: str, evidence: Evidence) -> list[ChatMessage]:
    prompt = with_passages(question, evidence)
    return [ChatMessage(RULES, role=MessageRole.SYSTEM), ChatMessage(prompt, role=MessageRole.USER)]


def _host(llm: LLM | None) -> str:
    """Where the model runs, as far as the LLM object tells."""
    address = getattr(llm, "api_base", None)
    return urlsplit(address).netloc.rpartition("@")[2] if address else ""
