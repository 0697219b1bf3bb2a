"""The parts of a message's content. They are plain dicts, so that a message is JSON as it stands."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict


class TextBlock(TypedDict):
    """Text."""

    type: Literal["text"]
    text: str


class ThinkingBlock(TypedDict):
    """What a model thought before it answered; never shown to another model."""

    type: Literal["thinking"]
    thinking: str


class URLSource(TypedDict):
    """Content that stands elsewhere and is read when it is needed: an address, or the path of a file."""

    type: Literal["url"]
    url: str


class Base64Source(TypedDict):
    """Content that the message carries itself."""

    type: Literal["base64"]
    media_type: str
    data: str


class ImageBlock(TypedDict):
    """A picture."""

    type: Literal["image"]
    source: URLSource | Base64Source


class AudioBlock(TypedDict):
    """Sound."""

    type: Literal["audio"]
    source: URLSource | Base64Source


class VideoBlock(TypedDict):
    """A film."""

    type: Literal["video"]
    source: URLSource | Base64Source


class ToolUseBlock(TypedDict):
    """A call that a model asks for.

    `raw_input` holds the model's own words where they are no JSON object; `input` is then empty.
    """

    type: Literal["tool_use"]
    id: str
    name: str
    input: dict[str, Any]
    raw_input: NotRequired[str]


class ToolResultBlock(TypedDict):
    """What came of the call with the same id."""

    type: Literal["tool_result"]
    id: str
    name: str
    output: str | list[TextBlock | ImageBlock | AudioBlock | VideoBlock]


MediaBlock = ImageBlock | AudioBlock | VideoBlock
ContentBlock = TextBlock | ThinkingBlock | ImageBlock | AudioBlock | VideoBlock | ToolUseBlock | ToolResultBlock
