"""The section `agents:` of refdesk.yaml: agents by name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from knowledge.config_sections import Strict, place, read_part
from knowledge.errors import ConfigError

SECTION = "agents"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
EVERY_BANK = "*"
IN_WORKSPACE = (
    "execute_python_code",
    "execute_shell_command",
    "insert_text_file",
    "view_text_file",
    "write_text_file",
)
ToolName = Literal[
    "dashscope_text_to_image",
    "execute_python_code",
    "execute_shell_command",
    "fetch_page",
    "insert_text_file",
    "view_text_file",
    "web_search",
    "write_text_file",
]


class ToolServerSettings(Strict):
    """An MCP server whose tools the agent has: at an address, or a program that is started for each request.

    `tools` names those of its tools that the agent is given; without it, all.
    """

    url: str | None = None
    transport: Literal["streamable_http", "sse"] = "streamable_http"
    command: str | None = None
    args: list[str] = Field(default_factory=list)
    tools: list[str] | None = None

    @model_validator(mode="after")
    def _is_one_of_both(self) -> Self:
        if (self.url is None) == (self.command is None):
            raise ValueError("needs either `url` or `command`.")
        return self


class AgentSettings(Strict):
    """One agent.

    `banks` are what it answers from (`"*"` stands for every bank there is), `roles` the most that it reads as: it never
    reads what whoever asks may not. `model` names an entry under `models:`. `tools` are built-in ones; those that
    touch files or run code work in `workspace`, a folder below that of refdesk.yaml.
    """

    description: str = Field(default="", max_length=2_000)
    instructions: str = ""
    model: str | None = None
    banks: list[str] = Field(default_factory=list)
    roles: list[str] | None = None
    tools: list[ToolName] = Field(default_factory=list)
    workspace: str | None = None
    tool_servers: dict[str, ToolServerSettings] = Field(default_factory=dict)
    rounds: int = Field(default=10, ge=1, le=100)

    @model_validator(mode="after")
    def _has_a_place_to_work(self) -> Self:
        homeless = [tool for tool in self.tools if tool in IN_WORKSPACE]
        if homeless and self.workspace is None:
            raise ValueError(f"{homeless[0]} needs a folder to work in; write `workspace: NAME`.")
        return self


class _Section(BaseModel):
    """The one section of the file that this layer owns; other layers own the others."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)

    agents: dict[str, AgentSettings] = Field(default_factory=dict)


def read_agents(content: Mapping[str, Any], path: Path | None) -> dict[str, AgentSettings]:
    """The agents that the parsed file `path` declares, in its order; `ConfigError` names file, line and what is wrong.

    Every name that an agent speaks of is checked by `load_agents`, which knows banks and models.
    """
    given = {SECTION: content[SECTION]} if content.get(SECTION) is not None else {}
    found = read_part(_Section, given, path).agents
    for name in found:
        if not NAME.fullmatch(name):
            raise ConfigError(
                f"{place(path, (SECTION, name))}: {name!r} is no name for an agent:",
                hint="write up to 40 letters, digits, - and _, without a space.",
            )
    return found
