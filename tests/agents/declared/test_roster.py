"""Agents of refdesk.yaml: what each becomes, what it may read, use and start."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from agents.agent import DialogAgent, LlamaIndexAgent, ReActAgent
from agents.declared import Roster, load_agents
from agents.exceptions import RefdeskError, ToolError
from agents.testing import ScriptedServer, tool_call
from knowledge.errors import BankNotFound, ConfigError, UsageError
from knowledge.library import Library
from knowledge.settings import read_environment
from knowledge.terminal.shell import open_shell
from knowledge.types import Reader
from tests.agents.mcp.servers import PROGRAM, serving, weather_server

STAFF = Reader(frozenset({"staff", "hr"}))
PAY = "What does the top pay band begin at?"
DESK = """
  desk:
    description: Knows the handbook.
    banks: [hr, travel]
  public:
    banks: [hr]
    roles: []
"""


def roster(root: Path, agents: str, *, environment: Mapping[str, str] | None = None, offline: bool = False) -> Roster:
    """The agents of `root`, which declares these beside what it declared before."""
    path = root / "refdesk.yaml"
    before = path.read_text("utf-8").partition("\nagents:")[0] if path.exists() else ""
    path.write_text(f"{before}\nagents:{agents}", "utf-8")
    shell = open_shell(read_environment(environment or {}), root=root, folder=root, offline=offline)
    return load_agents(shell, Library(root))


def models(server: ScriptedServer) -> str:
    return f"\nmodels:\n  scripted: {{model_name: scripted, base_url: '{server.base_url}'}}\n"


def test_without_a_file_there_are_no_agents(tmp_path: Path) -> None:
    shell = open_shell(read_environment({}), root=tmp_path, folder=tmp_path, offline=False)
    assert load_agents(shell, Library(tmp_path)).names == ()


async def test_an_agent_with_banks_answers_from_them_with_citations(own_handbook: Path) -> None:
    agent = await roster(own_handbook, DESK).open("desk")
    assert isinstance(agent, LlamaIndexAgent)
    reply = await agent("How many days of paid leave are there?")
    assert "25 days of paid leave" in reply.text
    assert reply.metadata["citations"][0]["bank"] == "hr"


async def test_an_agent_reads_no_more_than_whoever_asks_and_no_more_than_it_is_allowed(own_handbook: Path) -> None:
    agents = roster(own_handbook, DESK)
    assert "91,000" in (await (await agents.open("desk", reader=STAFF))(PAY)).text
    assert "91,000" not in (await (await agents.open("desk"))(PAY)).text
    assert "91,000" not in (await (await agents.open("public", reader=STAFF))(PAY)).text


async def test_what_was_said_to_one_agent_is_not_known_to_the_next(tmp_path: Path) -> None:
    with ScriptedServer(["one", "two"]) as server:
        agents = roster(tmp_path, f"\n  talker: {{instructions: Be brief., model: scripted}}{models(server)}")
        first, second = await agents.open("talker"), await agents.open("talker")
        assert isinstance(first, DialogAgent)
        await first("my secret")
        await second("hello")
        assert "Be brief." in server.requests[1].text
        assert "my secret" not in server.requests[1].text


async def test_an_agent_with_tools_uses_them_in_its_workspace(tmp_path: Path) -> None:
    with ScriptedServer([tool_call("write_text_file", file_path="note.txt", content="done"), "Written."]) as server:
        text = "\n  clerk: {model: scripted, workspace: work, tools: [write_text_file, view_text_file]}"
        agent = await roster(tmp_path, text + models(server)).open("clerk")
        assert isinstance(agent, ReActAgent)
        assert (await agent("Note it.")).text == "Written."
    assert (tmp_path / "work" / "note.txt").read_text() == "done"


@pytest.mark.parametrize("workspace", [".", "..", "/etc", "../elsewhere", "banks/hr", "banks"])
async def test_a_workspace_is_a_folder_of_its_own(tmp_path: Path, workspace: str) -> None:
    agents = roster(tmp_path, f"\n  clerk: {{workspace: {workspace}, tools: [view_text_file]}}\n")
    with pytest.raises(ConfigError, match="is no folder of its own below"):
        await agents.open("clerk")


async def test_a_workspace_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "work").write_text("a file", "utf-8")
    agents = roster(tmp_path, "\n  clerk: {workspace: work/inner, tools: [view_text_file]}\n")
    with pytest.raises(ConfigError, match="cannot be made"):
        await agents.open("clerk")


async def test_the_tools_of_a_server_are_the_agents_and_the_token_goes_to_its_address_only(tmp_path: Path) -> None:
    seen: list[str | None] = []
    inner = weather_server().streamable_http_app()

    async def app(scope: dict[str, object], receive: object, send: object) -> None:
        if scope["type"] == "http":
            headers = dict(scope["headers"])  # type: ignore[call-overload]  # as the protocol of servers has it
            seen.append(headers.get(b"authorization", b"").decode() or None)
        await inner(scope, receive, send)  # type: ignore[arg-type]  # as above

    async with serving(app) as port:
        url = f"http://127.0.0.1:{port}/mcp"
        text = f"\n  sky:\n    tool_servers:\n      weather: {{url: '{url}', tools: [get_weather]}}\n"
        known = {"REFDESK_TOOL_SERVER_TOKENS": f"{url} the-token"}
        agent = await roster(tmp_path, text, environment=known).open("sky")
        assert isinstance(agent, ReActAgent)
        assert list(agent.toolkit.tools) == ["get_weather"]
        assert set(seen) == {"Bearer the-token"}
        seen.clear()
        other = {"REFDESK_TOOL_SERVER_TOKENS": "http://127.0.0.1:1/mcp the-token"}
        await roster(tmp_path, text, environment=other).open("sky")
        assert set(seen) == {None}


async def test_a_program_starts_only_where_the_environment_allows_it(tmp_path: Path) -> None:
    text = (
        "\n  sky:\n    tool_servers:\n      weather:\n"
        f"        command: {sys.executable}\n        args: ['{PROGRAM}']\n        tools: [get_weather]\n"
    )
    with pytest.raises(ConfigError, match="set REFDESK_ALLOW_PROGRAMS=1"):
        await roster(tmp_path, text).open("sky")
    agent = await roster(tmp_path, text, environment={"REFDESK_ALLOW_PROGRAMS": "1"}).open("sky")
    assert isinstance(agent, ReActAgent)
    assert "Rome: sunny" in (await agent.toolkit.execute_tool_function("get_weather", {"city": "Rome"})).text


async def test_offline_no_server_elsewhere_is_asked(tmp_path: Path) -> None:
    text = "\n  sky: {tool_servers: {weather: {url: 'https://weather.example/mcp'}}}\n"
    with pytest.raises(ToolError, match="Offline: the tools of weather"):
        await roster(tmp_path, text, offline=True).open("sky")


def test_offline_an_agent_whose_model_runs_elsewhere_is_left_out(tmp_path: Path) -> None:
    text = "\n  far: {model: far}\n  near: {}\nmodels:\n  far: {model_name: m, base_url: 'https://model.example/v1'}\n"
    agents = roster(tmp_path, text, offline=True)
    assert agents.names == ("near",)
    assert agents.left_out == {"far": "Offline: the agent far is left out, since m runs at model.example."}
    with pytest.raises(UsageError, match="Offline: the agent far"):
        agents.agent("far")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("\n  desk:\n    model: nothing\n", "There is no model called 'nothing'"),
        ("\n  desk:\n    banks: [nothing]\n", "the agent desk answers from 'nothing', which is no bank"),
    ],
)
def test_a_name_that_nothing_declares_is_told_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        roster(tmp_path, text)
    assert said in caught.value.sentence
    assert f"{tmp_path / 'refdesk.yaml'}, line 4" in caught.value.sentence


async def test_a_bank_that_was_not_ingested_yet_is_told_when_it_is_needed(tmp_path: Path) -> None:
    (tmp_path / "refdesk.yaml").write_text("banks:\n  hr: {sources: [hr]}\n", "utf-8")
    with pytest.raises(BankNotFound, match="hr"):
        await roster(tmp_path, "\n  desk: {banks: [hr]}\n").open("desk")


def test_a_roster_can_be_cut_to_banks_and_to_names(own_handbook: Path) -> None:
    agents = roster(own_handbook, DESK + "  every: {banks: ['*']}\n  talker: {}\n")
    within = agents.within(["hr"])
    assert within.names == ("public", "talker")
    assert within.left_out["desk"] == "The agent desk answers from banks that are not served."
    assert agents.only(["desk"]).names == ("desk",)
    with pytest.raises(RefdeskError, match="There is no agent 'nobody': the agents are: desk, public, every, talker"):
        agents.only(["nobody"])
