from __future__ import annotations

from pathlib import Path

import pytest

from agents.access import noting_access
from agents.exceptions import ToolError
from agents.tool import Toolkit, bank_search_tool
from knowledge.library import Library
from knowledge.types import Reader

STAFF = Reader(frozenset({"staff"}))


def toolkit_of(tool: object) -> Toolkit:
    toolkit = Toolkit()
    toolkit.register_tool_function(tool)
    return toolkit


async def test_passages_are_given_as_data(handbook: Path) -> None:
    toolkit = toolkit_of(bank_search_tool(Library(handbook), limit=2))
    function = toolkit.json_schemas[0]["function"]
    assert function["name"] == "search_documents"
    assert "- hr: Leave, sick days and pay." in function["description"]
    response = await toolkit.execute_tool_function("search_documents", {"query": "paid leave"})
    assert response.text.startswith('<passage number="1" title="Leave"')
    assert response.metadata is not None
    assert response.metadata["passages"][0]["bank"] == "hr"
    assert response.value[0].title == "Leave"


async def test_each_call_shows_its_passages_anew(handbook: Path) -> None:
    toolkit = toolkit_of(bank_search_tool(Library(handbook).bank("hr")))
    first = await toolkit.execute_tool_function("search_documents", {"query": "paid leave"})
    assert (await toolkit.execute_tool_function("search_documents", {"query": "paid leave"})).text == first.text


async def test_one_bank_can_be_searched_and_an_unknown_one_is_told(handbook: Path) -> None:
    toolkit = toolkit_of(bank_search_tool(Library(handbook), name="look", description="Looks."))
    found = await toolkit.execute_tool_function("look", {"query": "hotel night", "bank": "travel"})
    assert {item.bank for item in found.value} == {"travel"}
    unknown = await toolkit.execute_tool_function("look", {"query": "hotel", "bank": "nothing"})
    assert unknown.text == "Error: There is no bank nothing. The banks are: hr, travel."


async def test_what_the_reader_may_not_read_is_not_found_and_what_he_read_is_noted(handbook: Path) -> None:
    public = toolkit_of(bank_search_tool(Library(handbook)))
    with noting_access() as read:
        response = await public.execute_tool_function("search_documents", {"query": "top pay band"})
    assert "91,000" not in response.text
    assert read == set()
    staff = toolkit_of(bank_search_tool(Library(handbook), reader=STAFF))
    with noting_access() as read:
        response = await staff.execute_tool_function("search_documents", {"query": "top pay band"})
    assert "91,000" in response.text
    assert read == {frozenset({"staff"})}


async def test_bad_searches_are_told(handbook: Path) -> None:
    toolkit = toolkit_of(bank_search_tool(Library(handbook)))
    assert "The query is empty" in (await toolkit.execute_tool_function("search_documents", {"query": "  "})).text
    with pytest.raises(ToolError, match="one passage or more"):
        bank_search_tool(Library(handbook), limit=0)
