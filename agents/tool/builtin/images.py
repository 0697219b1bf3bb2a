"""Makes pictures from words through DashScope."""

from __future__ import annotations

import base64
import time
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import urlsplit

from agents.exceptions import ToolError
from agents.tool.response import ToolResponse
from agents.tool.schema import HIDDEN
from knowledge.errors import RefdeskError

if TYPE_CHECKING:
    import httpx

PUBLIC = "https://dashscope.aliyuncs.com/api/v1"
COMPATIBLE = "/compatible-mode/v1"
MAKE, TASK = "services/aigc/text2image/image-synthesis", "tasks"
WAIT, PATIENCE, MOST_PICTURE = 1.0, 180.0, 15_000_000


def dashscope_text_to_image(
    prompt: str,
    n: int = 1,
    size: Literal["1024*1024", "720*1280", "1280*720"] = "1024*1024",
    use_base64: bool = False,
    model: Annotated[str, HIDDEN] = "wanx-v1",
    api_key: Annotated[str | None, HIDDEN] = None,
    base_url: Annotated[str | None, HIDDEN] = None,
) -> ToolResponse:
    """Make pictures from a description.

    Args:
        prompt: What the picture shows.
        n: How many pictures, from 1 to 4.
        size: Width and height.
        use_base64: Return the pictures themselves instead of their addresses.
        model: DashScope's model.
        api_key: The key; DASHSCOPE_API_KEY unless given.
        base_url: DashScope's address; that of DASHSCOPE_BASE_URL unless given.
    """
    try:
        return _pictures(prompt, n, size, use_base64, model, api_key, base_url)
    except RefdeskError as error:
        return ToolResponse.error(error.sentence)


def _pictures(
    prompt: str, n: int, size: str, use_base64: bool, model: str, api_key: str | None, base_url: str | None
) -> ToolResponse:
    import httpx  # a fifth of a second

    base, key = _address(base_url, api_key)
    asked = {"model": model, "input": {"prompt": prompt}, "parameters": {"n": max(1, min(n, 4)), "size": size}}
    try:
        with httpx.Client(timeout=30.0, headers={"Authorization": f"Bearer {key}"}) as client:
            made = _sent(client, "POST", f"{base}/{MAKE}", json=asked, headers={"X-DashScope-Async": "enable"})
            urls = _finished(client, f"{base}/{TASK}/{_output(made).get('task_id')}")
        sources = [_embedded(url) if use_base64 else {"type": "url", "url": url} for url in urls]
    except httpx.HTTPError as error:
        reason = str(error) or type(error).__name__
        raise ToolError(f"DashScope cannot be reached at {base} ({reason}):", hint="check the network.") from error
    return ToolResponse([{"type": "image", "source": source} for source in sources], {"urls": urls}, value=urls)


def _address(base_url: str | None, api_key: str | None) -> tuple[str, str]:
    from agents.runtime import current
    from knowledge.settings import process_environment

    if current().offline:
        raise ToolError("This process works offline, so no picture was made.")
    provider = process_environment().provider("dashscope")
    key = api_key or provider.api_key
    if not key:
        raise ToolError("No key for DashScope:", hint="set DASHSCOPE_API_KEY, or preset `api_key`.")
    base = (base_url or provider.base_url or PUBLIC).rstrip("/")
    if base.endswith(COMPATIBLE):
        base = base.removesuffix(COMPATIBLE) + "/api/v1"
    if urlsplit(base).scheme not in ("http", "https"):
        raise ToolError(f"{base} is no address of DashScope:", hint="give one that begins with https://.")
    return base, key


def _finished(client: httpx.Client, task: str) -> list[str]:
    """The addresses of the pictures, when the task that makes them is done."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        output = _output(_sent(client, "GET", task))
        status = output.get("task_status")
        if status == "SUCCEEDED":
            urls = [
                str(item["url"]) for item in output.get("results", ()) if isinstance(item, dict) and item.get("url")
            ]
            if urls:
                return urls
            raise ToolError("DashScope made no picture:", hint="describe it otherwise.")
        if status not in ("PENDING", "RUNNING", "SUSPENDED"):
            raise ToolError(f"DashScope failed: {_reason(output)}.")
        time.sleep(WAIT)
    raise ToolError(f"DashScope made no picture within {PATIENCE:g} s.")


def _reason(output: dict[str, Any]) -> str:
    return str(output.get("message") or output.get("task_status") or "it told no status").rstrip(".")


def _sent(client: httpx.Client, method: str, url: str, **options: Any) -> dict[str, Any]:
    response = client.request(method, url, **options)
    try:
        answer = response.json()
    except ValueError:
        answer = None
    if response.is_error:
        reason = str(answer.get("message") or "").rstrip(".") if isinstance(answer, dict) else ""
        raise ToolError(f"DashScope answered {response.status_code}{f': {reason}' if reason else ''}.")
    if not isinstance(answer, dict):
        raise ToolError("DashScope's answer is not what it promises:", hint="check its address.")
    return answer


def _output(answer: dict[str, Any]) -> dict[str, Any]:
    output = answer.get("output")
    if not isinstance(output, dict):
        raise ToolError("DashScope's answer is not what it promises:", hint="check its address.")
    return output


def _embedded(url: str) -> dict[str, str]:
    """The picture itself; it stands on a server of its own, which must not see the key."""
    import httpx

    with httpx.Client(timeout=60.0, follow_redirects=True) as client, client.stream("GET", url) as response:
        response.raise_for_status()
        data = bytearray()
        for part in response.iter_bytes():
            data += part
            if len(data) > MOST_PICTURE:
                raise ToolError("The picture is larger than 15 MB:", hint="ask for its address instead.")
        kind = response.headers.get("content-type", "image/png").partition(";")[0]
    return {"type": "base64", "media_type": kind, "data": base64.b64encode(data).decode()}
