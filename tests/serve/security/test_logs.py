"""Logs: a line for each thing, and no secret in any."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from agents.tracing.redaction import Redactor
from knowledge.settings import read_environment
from serve.security.logs import log_to, redactor_for
from tests.serve.security.conftest import MakeGuarded

KEY = "rd_1a2b3c4d_" + "ab" * 24


@dataclass(frozen=True, slots=True)
class Written:
    """What was logged."""

    stream: io.StringIO

    @property
    def text(self) -> str:
        """All of it."""
        return self.stream.getvalue()

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Its lines as objects."""
        return [json.loads(line) for line in self.text.splitlines()]


@pytest.fixture
def log(request: pytest.FixtureRequest) -> Iterator[Written]:
    """Logs as JSON, or to read where the test asks for it."""
    root = logging.getLogger()
    former, level = list(root.handlers), root.level
    stream = io.StringIO()
    log_to(stream, Redactor.knowing(["correct horse battery"]), as_json=getattr(request, "param", "json") == "json")
    yield Written(stream)
    root.handlers[:] = former
    root.setLevel(level)


def everything(logger: logging.Logger) -> None:
    """Log secrets in every way there is."""
    logger.info("key %s", KEY)
    logger.info("headers %s", {"Authorization": f"Bearer {KEY}", "Cookie": "refdesk_visitor=abc"})
    logger.info("said", extra={"authorization": "correct", "body": {"text": "ann@mail.example", "password": "x1y2"}})
    logger.info("known: correct horse battery")
    try:
        raise ValueError(f"wrong key {KEY} of ann@mail.example")
    except ValueError:
        logger.exception("failed for %s", "ann@mail.example", stack_info=True)


@pytest.mark.parametrize("log", ["json", "plain"], indirect=True)
def test_no_secret_is_written_in_whatever_way_it_comes(log: Written) -> None:
    everything(logging.getLogger("serve.anything"))
    for secret in (KEY[12:], "refdesk_visitor=abc", "horse", "ann@mail", "x1y2"):
        assert secret not in log.text
    assert log.text.count("[e-mail]") >= 3
    assert "ValueError: wrong key rd_1a2b3c4d_[secret]" in log.text


def test_a_line_is_an_object_with_what_was_given(log: Written) -> None:
    logging.getLogger("serve.turns").warning("slow turn\nof %s", "x", extra={"seconds": 3.5, "turn": "abc"})
    (line,) = log.lines
    assert line.pop("at").startswith("20")
    assert line == {
        "level": "warning",
        "logger": "serve.turns",
        "message": "slow turn\nof x",
        "seconds": 3.5,
        "turn": "abc",
    }


@pytest.mark.parametrize("log", ["plain"], indirect=True)
def test_words_of_a_stranger_begin_no_line_and_move_no_cursor(log: Written) -> None:
    logging.getLogger("serve").info("asked for %s", "x\n2026-01-01 CRITICAL forged\x1b[2J")
    assert log.text.count("\n") == 1
    assert "\x1b" not in log.text


def test_the_secrets_of_the_environment_are_known() -> None:
    environ = {"OPENAI_API_KEY": "an-unusual-form-1", "REFDESK_MCP_TOKEN": "an-unusual-form-2"}
    redactor = redactor_for(read_environment(environ))
    assert redactor.text("an-unusual-form-1 an-unusual-form-2") == "[secret] [secret]"


async def test_requests_leave_no_secret_in_the_log(log: Written, guarded: MakeGuarded) -> None:
    logging.getLogger().setLevel(logging.DEBUG)
    made = guarded(loopback=False, allowed_hosts=["support.example"])
    whole, _ = made.guard.keys.make("shop", scopes=["chat"])
    client = made.client("https://support.example")
    for key in (whole, f"{whole}x"):
        await client.get("/api/who", headers={"Authorization": f"Bearer {key}"})
    page = await made.page("https://support.example")
    await page.ask()
    await page.ask(X_Refdesk_CSRF="wrong")
    assert whole[12:] not in log.text
    assert page.csrf not in log.text
    assert page.client.cookies["__Host-refdesk_visitor"] not in log.text
