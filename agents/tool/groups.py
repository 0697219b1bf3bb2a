"""Groups of tools, and which of them are switched on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from agents.exceptions import ToolError

BASIC = "basic"
RULE = (
    "Each call sets the state of all groups at once: a group that is not set to true is switched off, "
    "whatever it was before."
)
PURPOSE = "Switch groups of tools on or off, to have those at hand that the task needs."


@dataclass(slots=True)
class ToolGroup:
    """Tools that are offered together. `notes` tell the agent how to use them when the group is switched on."""

    name: str
    description: str
    active: bool = False
    notes: str | None = None


class ToolGroups:
    """The groups by name; `basic`, which holds what has no group, is always on and not listed."""

    def __init__(self) -> None:
        self._groups: dict[str, ToolGroup] = {}

    def create(self, group: ToolGroup) -> None:
        """Add a group; raises `ToolError` where one has its name."""
        if group.name == BASIC or group.name in self._groups:
            raise ToolError(f"There is a tool group {group.name} already:", hint="choose another name.")
        self._groups[group.name] = group

    def known(self, name: str) -> None:
        """Raises `ToolError`, which lists the groups, where there is none of that name."""
        if name != BASIC and name not in self._groups:
            there = ", ".join(self._groups) or "none yet"
            raise ToolError(
                f"There is no tool group {name} (there are: {there}):", hint="make it with `create_tool_group` first."
            )

    def is_active(self, name: str) -> bool:
        """Whether the tools of this group are offered and can be called."""
        return name == BASIC or (name in self._groups and self._groups[name].active)

    def switch(self, names: Iterable[str], *, active: bool) -> None:
        """Switch groups on or off, all or, where a name is unknown, none."""
        wanted = list(names)
        for name in wanted:
            self.known(name)
        if BASIC in wanted and not active:
            raise ToolError(f"The tool group {BASIC} is always on:", hint="register its tools in a group of your own.")
        for name in wanted:
            if name != BASIC:
                self._groups[name].active = active

    def set_all(self, wanted: Iterable[str]) -> None:
        """Switch on exactly the groups in `wanted`; raises `ToolError`, and changes nothing, where one is unknown."""
        names = set(wanted)
        for name in names:
            self.known(name)
        for group in self._groups.values():
            group.active = group.name in names

    def remove(self, name: str) -> None:
        """Forget a group; one that is not there is no error."""
        self._groups.pop(name, None)

    def all(self) -> dict[str, ToolGroup]:
        """The groups by name."""
        return dict(self._groups)

    def active(self) -> list[str]:
        """The names of the groups that are switched on."""
        return [group.name for group in tuple(self._groups.values()) if group.active]

    def notes(self) -> str:
        """The notes of the groups that are switched on, each under its name; empty where there are none."""
        told = [group for group in tuple(self._groups.values()) if group.active and group.notes]
        return "\n".join(f"## About the tool group {group.name}\n{group.notes}" for group in told)

    def schema(self) -> dict[str, Any]:
        """The arguments of the tool that switches groups: one truth value for each, with the group's description."""
        properties: Mapping[str, Any] = {
            group.name: {"type": "boolean", "default": False, "description": group.description}
            for group in tuple(self._groups.values())
        }
        return {"type": "object", "properties": dict(properties)}
