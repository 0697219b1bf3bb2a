"""Tool calls as models write them, which is not always JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from agents.message.blocks import ToolUseBlock
from agents.message.msg import new_id


def tool_use(call_id: str | None, name: str, arguments: str | Mapping[str, Any] | None) -> ToolUseBlock:
    """The block for a call; its `raw_input` keeps arguments that are no JSON object."""
    call_id = call_id or f"call_{new_id()[:12]}"
    if arguments is None or isinstance(arguments, str):
        parsed = _parsed(arguments or "")
        if parsed is None:
            return ToolUseBlock(type="tool_use", id=call_id, name=name, input={}, raw_input=arguments or "")
        return ToolUseBlock(type="tool_use", id=call_id, name=name, input=parsed)
    return ToolUseBlock(type="tool_use", id=call_id, name=name, input=dict(arguments))


def _parsed(arguments: str) -> dict[str, Any] | None:
    if not arguments.strip():
        return {}
    try:
        value = json.loads(arguments)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
