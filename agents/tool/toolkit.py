"""What an agent may do: its tools, the groups that switch them, and the calling of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from agents.exceptions import ToolError, ToolInactive, ToolNotFound
from agents.message import ToolUseBlock
from agents.message.msg import new_id
from agents.session.state import StateModule
from agents.tool.calling import CallSettings, ResponseStream, Update, respond, responses
from agents.tool.groups import BASIC, PURPOSE, RULE, ToolGroup, ToolGroups
from agents.tool.registered import Description, PostProcess, RegisteredTool, described, from_schema
from agents.tool.response import ToolResponse

if TYPE_CHECKING:
    from agents.mcp.client import McpClient

Namesake = Literal["raise", "override", "skip", "rename"]
META = "reset_equipped_tools"
ACTIVE = "active_groups"


class Toolkit(StateModule):
    """Tools by name. A tool of a group that is switched off is neither offered nor callable.

    `timeout` is in seconds for each call, and `max_output` the number of characters that a model is shown of a result;
    both hold for every tool that is not given its own. The state that is saved is which groups are switched on.
    """

    def __init__(self, *, timeout: float | None = 600.0, max_output: int = 50_000) -> None:
        super().__init__()
        self._settings = CallSettings(timeout, max_output)
        self._tools: dict[str, RegisteredTool] = {}
        self._groups = ToolGroups()
        self.register_state(ACTIVE)

    def register_tool_function(
        self,
        tool_func: object,
        group_name: str = BASIC,
        *,
        preset_kwargs: Mapping[str, Any] | None = None,
        func_name: str | None = None,
        func_description: str | None = None,
        json_schema: Mapping[str, Any] | None = None,
        include_long_description: bool = True,
        include_var_keyword: bool = False,
        postprocess_func: PostProcess | None = None,
        timeout: float | None = None,
        namesake_strategy: Namesake | None = None,
    ) -> None:
        """Add a tool: a function, sync or async, plain or generator, a LlamaIndex tool, or a function of an MCP server.

        Name, description and schema come from the function, its docstring and its type hints, unless they are given.
        `preset_kwargs` are passed at each call and hidden from the model. `postprocess_func(call, response)` may return
        what replaces the response. Where another tool has the name, `namesake_strategy` says what happens: an error
        (`raise`), or `override`, `skip`, `rename`; the same function again changes nothing. Raises `ToolError`.
        """
        self._groups.known(group_name)
        given = Description(func_name, func_description, json_schema, include_long_description, include_var_keyword)
        tool = described(tool_func, group_name, given, preset_kwargs)
        self._add(replace(tool, original=tool_func, postprocess=postprocess_func, timeout=timeout), namesake_strategy)

    def remove_tool_function(self, tool_name: str) -> None:
        """Forget a tool; one that is not there is no error."""
        self._tools.pop(tool_name, None)

    def create_tool_group(
        self, group_name: str, description: str, active: bool = False, notes: str | None = None
    ) -> None:
        """Make a group, switched off unless `active`. Its `notes` are told to the agent when it switches it on."""
        self._groups.create(ToolGroup(group_name, description, active, notes))

    def update_tool_groups(self, group_names: str | Sequence[str], active: bool) -> None:
        """Switch groups on or off; raises `ToolError`, and changes none, where one is unknown."""
        self._groups.switch([group_names] if isinstance(group_names, str) else group_names, active=active)

    def remove_tool_groups(self, group_names: str | Sequence[str]) -> None:
        """Forget groups, and the tools in them."""
        names = {group_names} if isinstance(group_names, str) else set(group_names)
        if BASIC in names:
            raise ToolError(f"The tool group {BASIC} cannot be removed:", hint="remove its tools one by one.")
        for name in names:
            self._groups.remove(name)
        for tool in tuple(self._tools.values()):
            if tool.group in names:
                self._tools.pop(tool.name, None)

    async def register_mcp_client(
        self,
        mcp_client: McpClient,
        group_name: str = BASIC,
        *,
        enable_funcs: Collection[str] | None = None,
        disable_funcs: Collection[str] | None = None,
        preset_kwargs_mapping: Mapping[str, Mapping[str, Any]] | None = None,
        postprocess_func: PostProcess | None = None,
        namesake_strategy: Namesake | None = None,
    ) -> list[str]:
        """Add the tools of an MCP server, those in `enable_funcs` where it is given, without those in `disable_funcs`.

        Gives the names of the tools. Raises `McpError` where the server cannot be reached, `ToolError` where a name in
        the lists is none of its tools.
        """
        self._groups.known(group_name)
        functions = await mcp_client.get_callable_functions(enable=enable_funcs, disable=disable_funcs or ())
        before = set(self._tools)
        for function in functions:
            self.register_tool_function(
                function,
                group_name,
                preset_kwargs=(preset_kwargs_mapping or {}).get(function.name),
                postprocess_func=postprocess_func,
                namesake_strategy=namesake_strategy,
            )
        return [name for name in self._tools if name not in before]

    def remove_mcp_clients(self, client_names: str | Collection[str]) -> None:
        """Forget the tools of these MCP servers."""
        names = {client_names} if isinstance(client_names, str) else set(client_names)
        for tool in tuple(self._tools.values()):
            if tool.server in names:
                self._tools.pop(tool.name, None)

    @property
    def tools(self) -> dict[str, RegisteredTool]:
        """All tools by name, those that are switched off too."""
        return dict(self._tools)

    @property
    def groups(self) -> dict[str, ToolGroup]:
        """The groups by name, without `basic`."""
        return self._groups.all()

    @property
    def json_schemas(self) -> list[dict[str, Any]]:
        """The tools that are switched on, as OpenAI function schemas; not to be changed in place."""
        return [self._current(tool).json_schema for tool in self._offered()]

    def get_json_schemas(self) -> list[dict[str, Any]]:
        """The same as `json_schemas`."""
        return self.json_schemas

    def get_activated_notes(self) -> str:
        """The notes of the groups that are switched on."""
        return self._groups.notes()

    def reset_equipped_tools(self, **groups: bool) -> ToolResponse:
        """Switch groups of tools on or off. Each call sets all of them: a group that is not named is switched off."""
        if wrong := [name for name, value in groups.items() if not isinstance(value, bool)]:
            return ToolResponse.error(f"{wrong[0]} must be true or false, and nothing was switched.")
        try:
            self._groups.set_all(name for name, wanted in groups.items() if wanted)
        except ToolError as error:
            return ToolResponse.error(f"{error.message.rstrip(':')}; nothing was switched.")
        active = self._groups.active()
        told = f"Switched on: {', '.join(active)}." if active else "All tool groups are switched off."
        return ToolResponse("\n\n".join(part for part in (told, self._groups.notes()) if part))

    async def execute_tool_function(
        self, name: str, arguments: Mapping[str, Any] | None = None, **more: Any
    ) -> ToolResponse:
        """Call a tool by name. Never raises but for cancellation: a failure is a response with `is_error`."""
        call = ToolUseBlock(type="tool_use", id=new_id(), name=name, input={**(arguments or {}), **more})
        return await self.run(call)

    def call_tool_function(self, tool_call: ToolUseBlock) -> ResponseStream:
        """The responses of one call as they come, each with all that came before: `async for`, or awaited first."""
        return ResponseStream(responses(self._find, tool_call, self._settings))

    async def run(self, tool_call: ToolUseBlock, *, on_update: Update | None = None) -> ToolResponse:
        """The whole response of one call; `on_update` gets it as far as it has come while the tool streams."""
        return await respond(self._find, tool_call, self._settings, on_update)

    def as_llama_index(self) -> list[Any]:
        """The tools that are switched on, as LlamaIndex tools."""
        from agents.tool.llama_index_tools import ToolkitTool  # loads LlamaIndex

        return [ToolkitTool(self._current(tool), self.execute_tool_function) for tool in self._offered()]

    def clear(self) -> None:
        """Forget all tools and groups."""
        self._tools = {}
        self._groups = ToolGroups()

    @property
    def active_groups(self) -> list[str]:
        """The names of the groups that are switched on; assigned, it switches on exactly these."""
        return self._groups.active()

    @active_groups.setter
    def active_groups(self, names: Sequence[str]) -> None:
        self._groups.set_all(names)

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True) -> None:
        """Switch on exactly the groups that were on; when not `strict`, those of them that there are."""
        if not strict and isinstance(state_dict, Mapping):
            known = [name for name in state_dict.get(ACTIVE, ()) if name in self._groups.all()]
            state_dict = {**state_dict, ACTIVE: known}
        super().load_state_dict(state_dict, strict)

    def _offered(self) -> list[RegisteredTool]:
        return [tool for tool in tuple(self._tools.values()) if self._groups.is_active(tool.group)]

    def _current(self, tool: RegisteredTool) -> RegisteredTool:
        """The tool that switches groups is told of those that there are now."""
        if not _is_meta(tool.original):
            return tool
        return replace(tool, signature=from_schema(self._groups.schema()), description=f"{PURPOSE} {RULE}")

    def _find(self, name: str) -> RegisteredTool:
        tool = self._tools.get(name)
        if tool is None:
            there = ", ".join(item.name for item in self._offered()) or "none"
            raise ToolNotFound(f"There is no tool {name}; the tools are: {there}.")
        if not self._groups.is_active(tool.group):
            raise ToolInactive(f"The tool {name} is switched off; switch its group {tool.group} on to call it.")
        return self._current(tool)

    def _add(self, tool: RegisteredTool, namesake: Namesake | None) -> None:
        there = self._tools.get(tool.name)
        if there is None or namesake == "override":
            self._tools[tool.name] = tool
        elif namesake == "rename":
            name = _free_name(tool.name, self._tools)
            self._tools[name] = replace(tool, name=name)
        elif namesake is None and there.original == tool.original:
            self._tools[tool.name] = tool
        elif namesake != "skip":
            raise ToolError(
                f"There is a tool {tool.name} already:",
                hint="pass another `func_name`, or namesake_strategy='override', 'rename' or 'skip'.",
            )


def _is_meta(original: object) -> bool:
    return isinstance(getattr(original, "__self__", None), Toolkit) and getattr(original, "__name__", "") == META


def _free_name(name: str, taken: Collection[str]) -> str:
    number = 2
    while f"{name[:60]}_{number}" in taken:
        number += 1
    return f"{name[:60]}_{number}"
