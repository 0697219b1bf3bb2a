"""What a model says with NUL or half a character in it is kept in every database."""

from __future__ import annotations

from pathlib import Path

import pytest

from agents.testing import Reply, ScriptedModel, tool_call
from serve.config.settings import parse_server_settings
from serve.service import open_service
from tests.serve.served import EXPEDITED, shell_at
from tests.serve.turns.test_flow import answer, turn

ODD = "\0 \ud83c"


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
async def test_odd_characters_of_a_model_break_no_turn(
    banks: Path, tmp_path: Path, kind: str, request: pytest.FixtureRequest
) -> None:
    database = f"sqlite:///{tmp_path}/s.sqlite" if kind == "sqlite" else request.getfixturevalue("postgres_url")
    said = Reply(f"{EXPEDITED} [1] I am sorry{ODD}, can I help with anything else?", thinking=ODD)
    model = ScriptedModel([tool_call("search_documents", query=f"expedited{ODD}"), said], stream=True)
    service = open_service(shell_at(banks), parse_server_settings({"database": database}, None), model=model)
    try:
        message = answer(await turn(service))
        assert EXPEDITED in message.text
        assert "\0" not in str(service.store.turns.of(message.conversation)[0])
        assert service.store.messages.of(message.conversation)[-1].text == message.text
    finally:
        service.close()
