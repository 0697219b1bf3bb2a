"""What agents say is shown on a terminal, as it comes, and nowhere else."""

from __future__ import annotations

import io

from agents.agent import Console, DialogAgent
from agents.message import Msg
from agents.testing import Reply, ScriptedModel


class Terminal(io.StringIO):
    """A file that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def plain(file: io.StringIO) -> str:
    import re

    return re.sub(r"\x1b\[[0-9;]*m", "", file.getvalue())


async def test_a_streamed_reply_is_shown_once_piece_by_piece() -> None:
    terminal = Terminal()
    agent = DialogAgent("bot", model=ScriptedModel([Reply("one two three", piece=4, pause=0.005)], stream=True))
    agent.console = Console(terminal)
    await agent("count")
    assert plain(terminal) == "bot: one two three\n"


async def test_nothing_is_shown_when_piped_or_switched_off(capsys: object) -> None:
    piped, terminal = io.StringIO(), Terminal()
    agent = DialogAgent("bot", model=ScriptedModel(["hello"]))
    agent.console = Console(piped)
    await agent("hi")
    agent.console = Console(terminal)
    agent.disable_console_output()
    await agent("hi")
    assert piped.getvalue() == terminal.getvalue() == ""
    agent.set_console_output_enabled(True)
    await agent("hi")
    assert plain(terminal) == "bot: hello\n"


def test_a_message_that_streams_is_not_interleaved_with_another() -> None:
    terminal = Terminal()
    console = Console(terminal)
    first, second = Msg("one", "al"), Msg("two", "whole")
    console.show(first, last=False)
    console.show(Msg("two", "who", id=second.id), last=False)
    console.show(second, last=True)
    console.show(Msg("one", "alpha", id=first.id), last=True)
    assert plain(terminal) == "one: al\ntwo: whole\none: alpha\n"


def test_tool_calls_and_results_are_shown_and_nothing_steers_the_terminal() -> None:
    terminal = Terminal()
    console = Console(terminal)
    console.show(
        Msg(
            "bot",
            [
                {"type": "text", "text": "I [bold]look\x1b[2J"},
                {"type": "tool_use", "id": "1", "name": "find", "input": {"q": "x"}},
            ],
        ),
        last=True,
    )
    console.show(
        Msg("system", [{"type": "tool_result", "id": "1", "name": "find", "output": "y" * 5_000}], "system"), last=True
    )
    said = plain(terminal)
    assert 'bot: I [bold]look\n→ find({"q": "x"})\n' in said
    assert "\x1b[2J" not in terminal.getvalue()
    assert len(said) < 1_000


def test_a_reply_that_breaks_off_gives_the_floor_back() -> None:
    terminal = Terminal()
    console = Console(terminal)
    broken = Msg("one", "al")
    console.show(broken, last=False)
    console.release(broken.id)
    console.show(Msg("two", "b"), last=False)
    assert plain(terminal) == "one: al\ntwo: b"
