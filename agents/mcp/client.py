"""What every client of an MCP server can do, and a server's tool as a function."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from agents.exceptions import McpError, ToolError
from agents.mcp.failures import told

if TYPE_CHECKING:
    from mcp.client import ClientSession
    from mcp.types import CallToolResult, Tool

T = TypeVar("T")
Use = Callable[["ClientSession"], Awaitable[T]]
MOST_PAGES = 100


@dataclass(frozen=True)
class McpFunction:
    """One tool of a server, to be called with keywords or registered in a toolkit.

    Wrapped, it gives a `ToolResponse`, also where the tool says that it failed; else the protocol's own result.
    """

    name: str
    description: str
    json_schema: Mapping[str, Any]
    server: str
    client: McpClient
    wrapped: bool = True
    timeout: float | None = None

    async def __call__(self, **arguments: Any) -> Any:
        """Call the tool; raises `McpError` where the server cannot be reached or refuses the call."""
        result = await self.client.call_tool(self.name, arguments, timeout=self.timeout)
        if not self.wrapped:
            return result
        from agents.mcp.results import as_tool_response  # needs the protocol's package

        return as_tool_response(result, self.name)


class McpClient:
    """A client of one server. Subclasses say how long a connection lives; all errors are `McpError`."""

    def __init__(self, name: str, where: str, timeout: float) -> None:
        self.name = name
        self.where = where
        self.timeout = timeout

    async def use(self, action: Use[T], *, again: bool) -> T:
        """What `action` gives on a connection; `again` says that it may be done twice when one is lost."""
        raise NotImplementedError

    async def list_tools(self) -> list[Tool]:
        """All tools of the server; raises `McpError`."""
        return await self.use(_all_tools, again=True)

    async def call_tool(
        self, name: str, arguments: Mapping[str, Any] | None = None, *, timeout: float | None = None
    ) -> CallToolResult:
        """Call a tool; the result as the protocol gives it. `timeout` is in seconds. Raises `McpError`."""

        async def call(session: ClientSession) -> CallToolResult:
            return await session.call_tool(name, dict(arguments or {}), read_timeout_seconds=timeout)

        return await self.use(call, again=False)

    async def get_callable_function(
        self,
        func_name: str,
        wrap_tool_result: bool = True,
        execution_timeout: float | None = None,
    ) -> McpFunction:
        """One tool as a function, wrapped or not; raises `ToolError`, which lists the tools, where it is none."""
        found = await self.get_callable_functions(
            enable=(func_name,), wrap_tool_result=wrap_tool_result, execution_timeout=execution_timeout
        )
        return found[0]

    async def get_callable_functions(
        self,
        *,
        enable: Collection[str] | None = None,
        disable: Collection[str] = (),
        wrap_tool_result: bool = True,
        execution_timeout: float | None = None,
    ) -> list[McpFunction]:
        """The tools in `enable`, all where it is None, without those in `disable`.

        Raises `ToolError`, which lists the tools, where a name in the lists is none of them.
        """
        tools = {tool.name: tool for tool in await self.list_tools()}
        for name in (*(enable or ()), *disable):
            if name not in tools:
                there = ", ".join(sorted(tools)) or "none"
                raise ToolError(f"The MCP server {self.name} has no tool {name}; it has: {there}.")
        wanted = [name for name in (tools if enable is None else dict.fromkeys(enable)) if name not in disable]
        return [self._function(tools[name], wrap_tool_result, execution_timeout) for name in wanted]

    def _function(self, tool: Tool, wrapped: bool, timeout: float | None) -> McpFunction:
        return McpFunction(
            tool.name, tool.description or tool.title or "", tool.input_schema, self.name, self, wrapped, timeout
        )

    def failed(self, error: BaseException) -> McpError:
        """What went wrong, as an error that names the server."""
        return McpError(f"The MCP server {self.name} ({self.where}) failed: {told(error)}.")


async def _all_tools(session: ClientSession) -> list[Tool]:
    from mcp.types import PaginatedRequestParams

    tools: list[Tool] = []
    cursor: str | None = None
    for _ in range(MOST_PAGES):
        page = await session.list_tools(params=PaginatedRequestParams(cursor=cursor))
        tools += page.tools
        cursor = page.next_cursor
        if not cursor:
            break
    return tools
