from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.exceptions import StateError, ToolError
from agents.tool import Toolkit

GROUPS = ("files", "web", "maths")


def grouped() -> Toolkit:
    toolkit = Toolkit()
    toolkit.register_tool_function(lambda: "always", func_name="always")
    for name in GROUPS:
        toolkit.create_tool_group(name, f"About {name}.", notes=f"Notes of {name}.")
        toolkit.register_tool_function(lambda: "did", group_name=name, func_name=f"use_{name}")
    return toolkit


def offered(toolkit: Toolkit) -> set[str]:
    return {schema["function"]["name"] for schema in toolkit.json_schemas}


async def test_a_group_starts_switched_off_and_its_tools_cannot_be_called() -> None:
    toolkit = grouped()
    assert offered(toolkit) == {"always"}
    response = await toolkit.execute_tool_function("use_web", {})
    assert response.text == "Error: The tool use_web is switched off; switch its group web on to call it."
    toolkit.update_tool_groups(["web"], True)
    assert (await toolkit.execute_tool_function("use_web", {})).text == "did"
    toolkit.update_tool_groups("web", active=False)
    assert (await toolkit.execute_tool_function("use_web", {})).is_error


@given(before=st.sets(st.sampled_from(GROUPS)), wanted=st.sets(st.sampled_from(GROUPS)))
def test_each_call_of_the_meta_tool_sets_the_whole_state(before: set[str], wanted: set[str]) -> None:
    toolkit = grouped()
    toolkit.update_tool_groups(sorted(before), True)
    toolkit.reset_equipped_tools(**dict.fromkeys(wanted, True))
    assert set(toolkit.active_groups) == wanted
    assert offered(toolkit) == {"always", *(f"use_{name}" for name in wanted)}


async def test_an_agent_switches_groups_by_the_meta_tool() -> None:
    toolkit = grouped()
    toolkit.register_tool_function(toolkit.reset_equipped_tools)
    schema = next(item["function"] for item in toolkit.json_schemas if item["function"]["name"] != "always")
    assert schema["name"] == "reset_equipped_tools"
    assert schema["parameters"]["properties"]["web"] == {
        "type": "boolean",
        "default": False,
        "description": "About web.",
    }
    response = await toolkit.execute_tool_function("reset_equipped_tools", {"web": True, "files": False})
    assert "Switched on: web." in response.text
    assert "Notes of web." in response.text
    assert "Notes of files." not in response.text
    assert (await toolkit.execute_tool_function("use_web")).text == "did"
    assert "switched off" in (await toolkit.execute_tool_function("reset_equipped_tools", {})).text
    assert (await toolkit.execute_tool_function("use_web")).is_error


async def test_the_meta_tool_knows_groups_that_come_later() -> None:
    toolkit = Toolkit()
    toolkit.register_tool_function(toolkit.reset_equipped_tools)
    toolkit.create_tool_group("late", "Late.")
    assert "late" in toolkit.json_schemas[0]["function"]["parameters"]["properties"]
    assert not (await toolkit.execute_tool_function("reset_equipped_tools", {"late": True})).is_error
    assert toolkit.active_groups == ["late"]


@pytest.mark.parametrize("arguments", [{"unknown": True}, {"web": "yes"}])
async def test_a_wrong_call_of_the_meta_tool_switches_nothing(arguments: dict[str, object]) -> None:
    toolkit = grouped()
    toolkit.register_tool_function(toolkit.reset_equipped_tools)
    toolkit.update_tool_groups(["files"], True)
    assert (await toolkit.execute_tool_function("reset_equipped_tools", arguments)).is_error
    assert toolkit.active_groups == ["files"]


def test_mistakes_with_groups_say_what_to_do() -> None:
    toolkit = grouped()
    with pytest.raises(ToolError, match="choose another name"):
        toolkit.create_tool_group("web", "Again.")
    with pytest.raises(ToolError, match="make it with `create_tool_group` first"):
        toolkit.register_tool_function(lambda: 1, group_name="unknown")
    with pytest.raises(ToolError, match="there are: files, web, maths"):
        toolkit.update_tool_groups(["web", "unknown"], True)
    with pytest.raises(ToolError, match="always on"):
        toolkit.update_tool_groups(["basic"], False)
    with pytest.raises(ToolError, match="cannot be removed"):
        toolkit.remove_tool_groups("basic")
    assert toolkit.active_groups == []


def test_a_group_goes_with_its_tools() -> None:
    toolkit = grouped()
    toolkit.remove_tool_groups(["web", "unknown"])
    assert "use_web" not in toolkit.tools
    assert "web" not in toolkit.groups


def test_the_notes_of_active_groups_are_told() -> None:
    toolkit = grouped()
    toolkit.create_tool_group("on", "On from the start.", True, "Notes of on.")
    assert toolkit.get_activated_notes() == "## About the tool group on\nNotes of on."


def test_the_switches_are_the_state_of_a_toolkit() -> None:
    toolkit = grouped()
    toolkit.update_tool_groups(["web", "maths"], True)
    state = toolkit.state_dict()
    assert set(state["active_groups"]) == {"web", "maths"}
    other = grouped()
    other.update_tool_groups(["files"], True)
    other.load_state_dict(state)
    assert set(other.active_groups) == {"web", "maths"}


def test_a_state_with_a_group_that_is_gone_is_refused_unless_told_otherwise() -> None:
    toolkit = grouped()
    toolkit.update_tool_groups(["web"], True)
    with pytest.raises((ToolError, StateError)):
        toolkit.load_state_dict({"active_groups": ["gone", "files"]})
    assert toolkit.active_groups == ["web"]
    toolkit.load_state_dict({"active_groups": ["gone", "files"]}, strict=False)
    assert toolkit.active_groups == ["files"]
    with pytest.raises(KeyError):
        toolkit.load_state_dict({})
