"""What every request to a model must be like, whatever happened before."""

from __future__ import annotations

from collections.abc import Iterable

from agents.testing import Request


def assert_paired(requests: Iterable[Request]) -> None:
    """Each tool call is followed at once by its tool message, and no tool message stands alone."""
    for request in requests:
        wanted: list[str] = []
        for message in request.messages:
            if message["role"] == "tool":
                assert message["tool_call_id"] in wanted, f"a result without its call: {message}"
                wanted.remove(message["tool_call_id"])
                continue
            assert not wanted, f"calls {wanted} without result before {message}"
            wanted = [call["id"] for call in message.get("tool_calls") or []]
        assert not wanted, f"calls {wanted} without result at the end"


def said(request: Request) -> list[tuple[str, str]]:
    """Role and words of each message."""
    return [(str(message["role"]), str(message.get("content") or "")) for message in request.messages]
