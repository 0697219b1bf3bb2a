"""What agents may do: the toolkit, and the tools that come with it."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agents.tool.builtin.images import dashscope_text_to_image
    from agents.tool.builtin.plain_functions import (
        execute_python_code,
        execute_shell_command,
        insert_text_file,
        view_text_file,
        write_text_file,
    )
    from agents.tool.builtin.retrieval import bank_search_tool
    from agents.tool.builtin.web_tools import fetch_page, web_search
    from agents.tool.builtin.workspace import Workspace
    from agents.tool.groups import ToolGroup
    from agents.tool.registered import RegisteredTool
    from agents.tool.response import ToolResponse
    from agents.tool.threads import stop_requested
    from agents.tool.toolkit import Toolkit

__all__ = [
    "RegisteredTool",
    "ToolGroup",
    "ToolResponse",
    "Toolkit",
    "Workspace",
    "bank_search_tool",
    "dashscope_text_to_image",
    "execute_python_code",
    "execute_shell_command",
    "fetch_page",
    "insert_text_file",
    "stop_requested",
    "view_text_file",
    "web_search",
    "write_text_file",
]
HOMES = {
    **dict.fromkeys(
        ("execute_python_code", "execute_shell_command", "insert_text_file", "view_text_file", "write_text_file"),
        "builtin.plain_functions",
    ),
    "Workspace": "builtin.workspace",
    "bank_search_tool": "builtin.retrieval",
    "dashscope_text_to_image": "builtin.images",
    "fetch_page": "builtin.web_tools",
    "web_search": "builtin.web_tools",
    "RegisteredTool": "registered",
    "ToolGroup": "groups",
    "ToolResponse": "response",
    "Toolkit": "toolkit",
    "stop_requested": "threads",
}


def __getattr__(name: str) -> object:
    # Loaded when asked for: most programs use a few of them.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"agents.tool.{HOMES[name]}"), name)
