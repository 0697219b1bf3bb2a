"""Pictures, sound and films of messages as LlamaIndex takes them; what stands elsewhere is read when it is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

IMAGES = frozenset({".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp"})
REMOTE = ("http", "https", "data")


def media_block(block: Mapping[str, Any]) -> Any:
    """An image, audio or video block as LlamaIndex's."""
    from llama_index.core.base.llms.types import AudioBlock, ImageBlock, TextBlock, VideoBlock

    match block["type"]:
        case "image":
            return ImageBlock(**_source(block["source"], "image"))
        case "audio":
            return AudioBlock(**_source(block["source"], "audio"))
        case "video":
            return VideoBlock(**_source(block["source"], "video"))
    return TextBlock(text=f"[{block['type']}]")


def media_of(output: str | Sequence[Mapping[str, Any]]) -> list[Any]:
    """The media in a tool's output."""
    if isinstance(output, str):
        return []
    return [media_block(block) for block in output if block["type"] in ("image", "audio", "video")]


def referred(url: str | Sequence[str] | None) -> list[Any]:
    """What a message's `url` refers to: pictures as such, anything else by its address."""
    from llama_index.core.base.llms.types import TextBlock

    urls = [url] if isinstance(url, str) else list(url or ())
    return [
        media_block({"type": "image", "source": {"type": "url", "url": each}})
        if Path(urlsplit(each).path).suffix.lower() in IMAGES
        else TextBlock(text=f"Attached: {each}")
        for each in urls
    ]


def _source(source: Mapping[str, Any], kind: str) -> dict[str, Any]:
    if source["type"] == "base64":
        return {kind: str(source["data"]).encode(), **_media_type(kind, str(source.get("media_type") or ""))}
    parts = urlsplit(str(source["url"]))
    if parts.scheme in REMOTE:
        return {"url": str(source["url"])}
    return {"path": Path(unquote(parts.path) if parts.scheme == "file" else str(source["url"]))}


def _media_type(kind: str, media_type: str) -> dict[str, str]:
    if not media_type:
        return {}
    return {"format": media_type.rpartition("/")[2]} if kind == "audio" else {f"{kind}_mimetype": media_type}
