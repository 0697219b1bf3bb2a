"""OpenAI's chat protocol: requests as JSON, replies as responses, whole and in pieces."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from agents.message.blocks import ContentBlock, TextBlock, ThinkingBlock
from agents.message.msg import new_id
from agents.model.response import ChatResponse, Usage
from agents.model.strict_schema import strict_schema
from agents.model.toolcalls import tool_use

if TYPE_CHECKING:
    from llama_index.core.llms import ChatMessage

    from agents.model.chat import ChatRequest

Json = Mapping[str, Any]
CHOICES = ("auto", "none", "required")


def to_body(request: ChatRequest, *, model: str, stream: bool, options: Json) -> dict[str, Any]:
    """The body of a completion."""
    body: dict[str, Any] = {"model": model, "messages": [to_message(message) for message in request.messages]}
    if request.tools:
        body["tools"] = list(request.tools)
        if request.tool_choice:
            body["tool_choice"] = _choice(request.tool_choice)
    if request.schema:
        body["response_format"] = _response_format(request.schema)
    if stream:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    return {**body, **options}


def _choice(choice: str) -> str | dict[str, Any]:
    return choice if choice in CHOICES else {"type": "function", "function": {"name": choice}}


def _response_format(schema: Json) -> dict[str, Any]:
    strict = strict_schema(schema)
    name = "".join(letter if letter.isalnum() else "_" for letter in str(schema.get("title") or "answer"))
    return {
        "type": "json_schema",
        "json_schema": {"name": name[:64], "schema": strict or dict(schema), "strict": strict is not None},
    }


def to_message(message: ChatMessage) -> dict[str, Any]:
    """One message. Content is a text where it is nothing else, since many servers take no list."""
    role = message.role.value
    said: dict[str, Any] = {"role": role}
    texts = [block.text for block in message.blocks if block.block_type == "text"]
    calls = [_call(block) for block in message.blocks if block.block_type == "tool_call"]
    if role == "tool":
        said["tool_call_id"] = message.additional_kwargs.get("tool_call_id", "")
    if calls or (calls := _calls_beside(message)):
        said["tool_calls"] = calls
    parts = [part for block in message.blocks if (part := _media(block))] if role == "user" else []
    if parts:
        said["content"] = [*({"type": "text", "text": text} for text in texts if text), *parts]
    else:
        text = "\n".join(texts)
        said["content"] = None if calls and not text else text
    return said


def _call(block: Any) -> dict[str, Any]:
    arguments = block.tool_kwargs
    if not isinstance(arguments, str):
        arguments = json.dumps(arguments, ensure_ascii=False)
    return {
        "id": block.tool_call_id or "",
        "type": "function",
        "function": {"name": block.tool_name, "arguments": arguments},
    }


def _calls_beside(message: ChatMessage) -> list[Any]:
    """Calls as older code of LlamaIndex keeps them."""
    calls = message.additional_kwargs.get("tool_calls") or []
    return [call if isinstance(call, dict) else call.model_dump() for call in calls]


def _media(block: Any) -> dict[str, Any] | None:
    match block.block_type:
        case "image":
            url = str(block.url) if block.url else block.inline_url()
            detail = {"detail": block.detail} if block.detail else {}
            return {"type": "image_url", "image_url": {"url": url, **detail}}
        case "audio":
            data = block.resolve_audio(as_base64=True).read().decode()
            return {"type": "input_audio", "input_audio": {"data": data, "format": block.format or "mp3"}}
        case "video":
            url = str(block.url) if block.url else block.inline_url()
            return {"type": "video_url", "video_url": {"url": url}}
    return None


def from_completion(body: object) -> ChatResponse:
    """The response in a body; raises `ValueError` where it is no completion."""
    if not isinstance(body, dict):
        raise ValueError("it is not JSON")
    choices = body.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        raise ValueError("it holds no choices")
    message = choices[0].get("message") or {}
    content = list(_blocks(message.get("content"), _thought(message), message.get("tool_calls")))
    return ChatResponse(
        content,
        usage_of(body),
        model=str(body.get("model") or ""),
        finish_reason=choices[0].get("finish_reason"),
        id=_id(body) or new_id(),
    )


@dataclass(slots=True)
class Accumulated:
    """A reply as far as its pieces have come. `finished` says that the model has said why it stopped."""

    text: list[str] = field(default_factory=list)
    thinking: list[str] = field(default_factory=list)
    calls: dict[int, dict[str, str]] = field(default_factory=dict)
    usage: Usage | None = None
    finish_reason: str | None = None
    model: str = ""
    id: str = ""

    @property
    def finished(self) -> bool:
        """Whether the reply is whole."""
        return self.finish_reason is not None

    def add(self, event: Json) -> bool:
        """Take the next piece; whether it added to what can be read, which calls do only when they are whole."""
        self.usage = usage_of(event) or self.usage
        self.model = self.model or str(event.get("model") or "")
        self.id = self.id or _id(event) or new_id()
        choice = next(iter(event.get("choices") or ()), None)
        if not choice:
            return False
        self.finish_reason = choice.get("finish_reason") or self.finish_reason
        delta = choice.get("delta") or choice.get("message") or {}
        thought, said = _thought(delta), _text(delta.get("content"))
        if thought:
            self.thinking.append(thought)
        if said:
            self.text.append(said)
        for place, call in enumerate(delta.get("tool_calls") or ()):
            self._add_call(call, place)
        return bool(thought or said)

    def response(self) -> ChatResponse:
        """What has come so far."""
        self.text, self.thinking = ["".join(self.text)], ["".join(self.thinking)]
        calls = [{"id": call["id"], "function": call} for _, call in sorted(self.calls.items())]
        content = list(_blocks(self.text[0], self.thinking[0], calls))
        return ChatResponse(content, self.usage, model=self.model, finish_reason=self.finish_reason, id=self.id)

    def _add_call(self, piece: Json, place: int) -> None:
        call_id = str(piece.get("id") or "")
        call = self.calls.setdefault(self._place(piece, call_id, place), {"id": "", "name": "", "arguments": ""})
        function = piece.get("function") or {}
        call["id"] = call["id"] or call_id
        call["name"] = call["name"] or str(function.get("name") or "")
        arguments = function.get("arguments") or ""
        call["arguments"] += arguments if isinstance(arguments, str) else json.dumps(arguments)

    def _place(self, piece: Json, call_id: str, place: int) -> int:
        """Some servers number no calls, or give all the same number, and send each whole under an id of its own."""
        index = piece.get("index")
        known = self.calls.get(index) if isinstance(index, int) else None
        if isinstance(index, int) and (known is None or call_id in ("", known["id"])):
            return index
        same = [at for at, call in self.calls.items() if call_id in ("", call["id"])]
        return same[-1] if same else max(self.calls, default=-1) + 1 + (place if not self.calls else 0)


def _blocks(said: Any, thought: str, calls: Sequence[Json] | None) -> Iterable[ContentBlock]:
    if thought:
        yield ThinkingBlock(type="thinking", thinking=thought)
    if text := _text(said):
        yield TextBlock(type="text", text=text)
    for call in calls or ():
        function = call.get("function") or {}
        yield tool_use(str(call.get("id") or ""), str(function.get("name") or ""), function.get("arguments"))


def _text(said: Any) -> str:
    if isinstance(said, list):
        return "".join(str(part.get("text") or "") for part in said if isinstance(part, dict))
    return str(said or "")


def _thought(message: Json) -> str:
    thought = message.get("reasoning_content") or message.get("reasoning")
    return thought if isinstance(thought, str) else ""


def usage_of(body: Json) -> Usage | None:
    """The counts of a body, where it has any."""
    counts = body.get("usage")
    if not isinstance(counts, dict) or counts.get("prompt_tokens") is None:
        return None
    return Usage(int(counts["prompt_tokens"]), int(counts.get("completion_tokens") or 0))


def _id(body: Json) -> str:
    return str(body.get("id") or "")
