"""The section `server:` of refdesk.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from agents.declared.settings import ToolServerSettings
from knowledge.config_sections import Strict, read_part
from knowledge.terminal.shell import Shell
from serve.config.handover import Handover
from serve.config.oidc import Oidc

SECTION = "server"
Line = Annotated[str, Field(min_length=1, max_length=300)]
Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]
Host = Annotated[str, Field(min_length=1, max_length=255)]


class Features(Strict):
    """What the page offers."""

    handover: bool = True
    upload: bool = False
    feedback: bool = True


class Limits(Strict):
    """What one request, one person and the whole service may take.

    `turns` is how many turns are worked on at once, `queue` how many more may wait. The three `per_minute` limits count
    the requests that cost something.
    """

    turns: int = Field(default=256, ge=1, le=10_000)
    queue: int = Field(default=1000, ge=0, le=100_000)
    question_chars: int = Field(default=4_000, ge=1, le=10_000)
    turn_seconds: float = Field(default=120.0, gt=0, le=3600)
    messages: int = Field(default=500, ge=2, le=100_000)
    upload_mb: float = Field(default=50.0, gt=0, le=10_000)
    visitor_per_minute: int = Field(default=20, ge=1)
    key_per_minute: int = Field(default=600, ge=1)
    address_per_minute: int = Field(default=120, ge=1)


class Tier(Strict):
    """One tier of the service: who answers, as what, and what it may do.

    `model` names an entry under `models:`; without one the default model answers. `banks` are those it reads, all where
    none are named. `tools` are names of the service's own tools.
    """

    name: Line
    prompt: str = Field(default="", max_length=20_000)
    model: str | None = None
    banks: list[str] | None = None
    tools: list[Literal["create_support_ticket", "escalate_to_human"]] = Field(default_factory=list)
    tool_servers: dict[str, ToolServerSettings] = Field(default_factory=dict)


class Router(Strict):
    """Who puts down, for the second tier, what a case is about."""

    name: Line = "Router"
    prompt: str = Field(default="", max_length=20_000)
    model: str | None = None


class Flow(Strict):
    """Who answers: the first tier, and a second one for what the first passes on, by way of a router.

    Without a language model the first tier quotes, and passes nothing on. `tier2: null` leaves the second out. Nothing
    is answered below `confidence`, where that is more than what the banks were calibrated to.
    """

    tier1: Tier = Field(default_factory=lambda: Tier(name="Support"))
    router: Router | None = Field(default_factory=Router)
    tier2: Tier | None = Field(
        default_factory=lambda: Tier(name="Specialist", tools=["create_support_ticket", "escalate_to_human"])
    )
    confidence: float = Field(default=0.0, ge=0, le=1)


class Widget(Strict):
    """The chat inside other sites: on pages of these origins it may stand, such as `https://www.example.com`."""

    origins: list[Host] = Field(default_factory=list)


class ServerSettings(Strict):
    """The whole section."""

    title: Line = "Refdesk"
    tagline: str = Field(default="Ask the documents. Every answer says where it stands.", max_length=300)
    accent: str = Field(default="#2f5bea", pattern=r"^#[0-9a-fA-F]{6}$")
    logo: str = Field(default="R", max_length=3)
    languages: list[Language] = Field(default_factory=lambda: ["en"], min_length=1)
    suggested: list[Line] = Field(default_factory=list, max_length=12)
    banks: list[str] | None = None
    features: Features = Field(default_factory=Features)
    limits: Limits = Field(default_factory=Limits)
    flow: Flow = Field(default_factory=Flow)
    handover: Handover = Field(default_factory=Handover)
    widget: Widget = Field(default_factory=Widget)
    oidc: Oidc | None = None
    database: str | None = None
    redis: str | None = Field(default=None, max_length=2_000)
    retention_days: int = Field(default=365, ge=1, le=36_500)
    allowed_hosts: list[Host] = Field(default_factory=list)
    allowed_origins: list[Host] = Field(default_factory=list)
    trusted_proxies: list[Host] = Field(default_factory=list)


def read_server_settings(shell: Shell) -> ServerSettings:
    """The section `server:` of the configuration in force; `ConfigError` names file, line and what was expected."""
    return parse_server_settings(shell.section(SECTION), shell.config)


def parse_server_settings(given: Mapping[str, Any], config: Path | None) -> ServerSettings:
    """What stands under `server:` in the file `config`; `ConfigError` names file, line and what was expected."""
    return read_part(ServerSettings, given, config, at=(SECTION,))
