"""What agents say, on a terminal as it comes; nothing where the output is no terminal."""

from __future__ import annotations

import json
import sys
from threading import Lock
from typing import IO, Any

from agents.message.blocks import ContentBlock
from agents.message.msg import Msg

LONGEST_RESULT = 600
COLOURS = ("cyan", "green", "magenta", "yellow", "blue", "red")


class Console:
    """Shows messages to the person at the keyboard, one streamed at a time so that none runs into another.

    `file` is standard output unless given. `enabled` None means: when that is a terminal.
    """

    def __init__(self, file: IO[str] | None = None, *, enabled: bool | None = None) -> None:
        self._file = file
        self._enabled = enabled
        self._lock = Lock()
        self._streaming: str | None = None
        self._shown = 0
        self._terminal: Any = None  # made when somebody looks on, and anew when standard output is another

    @property
    def visible(self) -> bool:
        """Whether anybody would see what is shown."""
        if self._enabled is not None:
            return self._enabled
        file = self._file or sys.stdout
        return file is not None and not file.closed and file.isatty()

    def show(self, msg: Msg, *, last: bool) -> None:
        """Show what of `msg` has not been shown yet; `last` when nothing more of it will come.

        While one message is being streamed, another is shown whole when it is complete.
        """
        if not self.visible:
            return
        with self._lock:
            self._show(msg, last=last)

    def release(self, msg_id: str) -> None:
        """Nothing more will come of a message that was being streamed."""
        with self._lock:
            if self._streaming == msg_id:
                self._write("\n")
                self._streaming = None

    def _show(self, msg: Msg, *, last: bool) -> None:
        if self._streaming != msg.id:
            if self._streaming is not None and not last:
                return
            if self._streaming is not None:
                self._write("\n")
            self._streaming, self._shown = msg.id, 0
            self._write(f"{msg.name}: ", style=f"bold {COLOURS[sum(msg.name.encode()) % len(COLOURS)]}")
        text = rendered(msg, last=last)
        self._write(text[self._shown :])
        self._shown = max(self._shown, len(text))
        if last:
            self._write("\n")
            self._streaming = None

    def _write(self, text: str, *, style: str = "") -> None:
        from rich.console import Console as Terminal  # only where somebody looks on
        from rich.text import Text

        from knowledge.terminal.presentation import printable

        if self._terminal is None or self._terminal.file is not (self._file or sys.stdout):
            self._terminal = Terminal(
                file=self._file or sys.stdout, markup=False, emoji=False, highlight=False, soft_wrap=True
            )
        self._terminal.print(Text(printable(text), style=style), end="")


def rendered(msg: Msg, *, last: bool) -> str:
    """A message as text: words and thoughts as far as they have come; what else it holds once it is complete."""
    blocks = msg.get_content_blocks()
    words = [_words(block) for block in blocks if block["type"] in ("text", "thinking")]
    others = [_other(block) for block in blocks if block["type"] not in ("text", "thinking")] if last else []
    return "\n".join(words + others)


def _words(block: ContentBlock) -> str:
    return block["text"] if block["type"] == "text" else f"({block['thinking']})"  # type: ignore[typeddict-item]  # one of two


def _other(block: ContentBlock) -> str:
    if block["type"] == "tool_use":
        return f"→ {block['name']}({json.dumps(block['input'], ensure_ascii=False, default=str)})"
    if block["type"] == "tool_result":
        return f"← {block['name']}: {_cut(_text_of(block['output']))}"
    return f"[{block['type']}]"


def _text_of(output: Any) -> str:
    if isinstance(output, str):
        return output
    return "\n".join(part.get("text", f"[{part['type']}]") for part in output)


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_RESULT else f"{text[:LONGEST_RESULT]} …"
