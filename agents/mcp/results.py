"""What a server's tool gives back, as a response of a tool."""

from __future__ import annotations

from typing import Any

from mcp.types import (
    AudioContent,
    BlobResourceContents,
    CallToolResult,
    EmbeddedResource,
    ImageContent,
    ResourceLink,
    TextContent,
    TextResourceContents,
)

from agents.message import AudioBlock, Base64Source, ImageBlock, TextBlock
from agents.tool.response import ToolResponse
from agents.tool.values import ResultBlock, as_text


def as_tool_response(result: CallToolResult, name: str) -> ToolResponse:
    """The content as blocks, else the structured content as JSON; a failure of the tool stays one."""
    blocks = [_block(item) for item in result.content]
    if not blocks and result.structured_content is not None:
        blocks = [_text(as_text(result.structured_content))]
    metadata = {"structured_content": result.structured_content} if result.structured_content is not None else None
    if result.is_error:
        words = " ".join(_texts(blocks).split()) or f"{name} failed."
        error = ToolResponse(words, is_error=True) if words.startswith("Error") else ToolResponse.error(words)
        error.metadata = metadata
        return error
    value = _texts(blocks) if result.structured_content is None else _unwrapped(result.structured_content)
    return ToolResponse(blocks or "", metadata, value=value)


def _unwrapped(value: Any) -> Any:
    """Servers wrap what is no object as the one field `result`."""
    return value["result"] if isinstance(value, dict) and list(value) == ["result"] else value


def _block(item: Any) -> ResultBlock:
    match item:
        case TextContent():
            return _text(item.text)
        case ImageContent():
            return ImageBlock(type="image", source=_source(item.mime_type, item.data))
        case AudioContent():
            return AudioBlock(type="audio", source=_source(item.mime_type, item.data))
        case EmbeddedResource(resource=TextResourceContents() as resource):
            return _text(resource.text)
        case EmbeddedResource(resource=BlobResourceContents() as resource):
            return _text(f"[{resource.mime_type or 'data'} at {resource.uri}, {len(resource.blob):,} characters]")
        case ResourceLink():
            return _text(f"[{item.title or item.name}]({item.uri})")
    return _text(f"[{type(item).__name__} that cannot be shown]")


def _source(media_type: str, data: str) -> Base64Source:
    return Base64Source(type="base64", media_type=media_type, data=data)


def _text(text: str) -> TextBlock:
    return TextBlock(type="text", text=text)


def _texts(blocks: list[ResultBlock]) -> str:
    return "\n".join(block["text"] for block in blocks if block["type"] == "text")
