"""The model that is none: it quotes what tools found, and says how to name a model otherwise."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import TYPE_CHECKING, Any

from agents.message.blocks import TextBlock
from agents.model.chat import ChatModel, ChatRequest, ToolSchema
from agents.model.response import ChatResponse, OnDelta, Usage
from agents.model.toolcalls import tool_use
from knowledge.errors import ModelError

if TYPE_CHECKING:
    from llama_index.core.llms import ChatMessage
    from pydantic import BaseModel

HOW_TO_NAME = (
    "Name a model: pass `model=`, give `model_configs` to `agents.init`, set REFDESK_MODEL, or write `model:` in "
    "refdesk.yaml."
)
NO_MODEL = (
    "No language model is configured, and there is no knowledge bank or search tool to answer from. " + HOW_TO_NAME
)
NOTHING_FOUND = "Nothing was found that answers this, and no language model is configured. " + HOW_TO_NAME
QUESTION_NAMES = frozenset({"query", "question", "q", "search_query", "keywords"})
SENTENCES = 3


class ExtractiveChatModel(ChatModel):
    """Answers without a language model: asks a search tool the question as it stands, and quotes what comes back.

    It calls only tools whose one required argument is a question or query in text; it never repeats what was said
    to it. `metadata["extractive"]` marks its answers.
    """

    provider = "extractive"

    def __init__(self, *, config_name: str | None = None) -> None:
        super().__init__("extractive", config_name=config_name, function_calling=True)

    async def respond(
        self,
        messages: Sequence[ChatMessage],
        *,
        tools: Sequence[ToolSchema] = (),
        tool_choice: str | None = None,
        structured: type[BaseModel] | None = None,
        on_delta: OnDelta | None = None,
        agent: str = "",
    ) -> ChatResponse:
        """A call of a search tool, or sentences of what tools found; `ModelError` for an answer of a given form."""
        if structured is not None:
            raise ModelError(f"An answer in the form {structured.__name__} needs a language model:", hint=HOW_TO_NAME)
        return await super().respond(messages, tools=tools, tool_choice=tool_choice, on_delta=on_delta, agent=agent)

    async def answers(self, request: ChatRequest) -> AsyncGenerator[ChatResponse, None]:
        """A call of a search tool, else sentences of what tools found, else how to name a model."""
        question, found = _turn(request.messages)
        tool = None if found else _searching(request)
        if tool and question:
            name, argument = tool
            response = ChatResponse([tool_use(None, name, {argument: question})], finish_reason="tool_calls")
        else:
            text = (quoted(question, found) or NOTHING_FOUND) if found else NO_MODEL
            response = ChatResponse([TextBlock(type="text", text=text)], finish_reason="stop")
        response.usage = Usage(0, 0, cost=0.0)
        response.metadata = {"extractive": True}
        yield response


def _turn(messages: Sequence[ChatMessage]) -> tuple[str, list[str]]:
    """What was asked last, and what tools have found since."""
    asked = max((at for at, message in enumerate(messages) if message.role == "user"), default=-1)
    question = (messages[asked].content or "").strip() if asked >= 0 else ""
    found = [message.content or "" for message in messages[asked + 1 :] if message.role == "tool"]
    return question, found


def _searching(request: ChatRequest) -> tuple[str, str] | None:
    """The first tool that takes a question and nothing else, with the name of that argument."""
    if request.tool_choice == "none":
        return None
    for tool in request.tools:
        if argument := _question_argument(tool):
            return tool["function"]["name"], argument
    return None


def _question_argument(tool: ToolSchema) -> str | None:
    parameters: Any = tool["function"].get("parameters") or {}
    required = set(parameters.get("required") or ())
    for name, schema in (parameters.get("properties") or {}).items():
        if name in QUESTION_NAMES and schema.get("type") == "string" and required <= {name}:
            return str(name)
    return None


def quoted(question: str, found: Sequence[str]) -> str:
    """The sentences of `found` that share most words with the question, in their order."""
    from knowledge.answers.lexicon import Lexicon  # the stemmer is needed for quoting only
    from knowledge.answers.sentences import SpanKind, split

    lexicon = Lexicon()
    wanted = set(lexicon.terms(question))
    sentences = list(
        dict.fromkeys(
            text[span.start : span.end] for text in found for span in split(text) if span.kind is not SpanKind.HEADING
        )
    )
    shared = [len(wanted & lexicon.stems(sentence)) for sentence in sentences]
    best = sorted(range(len(sentences)), key=lambda at: -shared[at])[:SENTENCES]
    return " ".join(sentences[at] for at in sorted(best) if 2 * shared[at] >= max(shared))
