"""A person as an agent: what others ask it, the person answers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from agents.agent.agent import AgentBase
from agents.agent.user_input import CallbackInput, QueueInput, TerminalInput, UserInput, Words
from agents.message.msg import Msg
from knowledge.errors import UsageError

if TYPE_CHECKING:
    from pydantic import BaseModel

Source = UserInput | asyncio.Queue[Words] | Callable[[Msg | None], Words | Awaitable[Words]]
ATTEMPTS = 3


class UserAgent(AgentBase):
    """Replies with what a person says: at the terminal, or from `source`, a function, a queue or a `UserInput`.

    It hears without remembering: a person does that. With a `structured_model` the person writes JSON, or the value of
    its one field.
    """

    def __init__(
        self,
        name: str = "user",
        source: Source | None = None,
        *,
        roles: Sequence[str] = (),
        enable_interruption: bool = True,
        to_dist: bool | Mapping[str, Any] = False,  # taken by the class, which makes a proxy where it is set
    ) -> None:
        super().__init__(name, roles=roles, enable_interruption=enable_interruption)
        self._input = as_user_input(source)

    def override_instance_input_method(self, input_method: Source) -> None:
        """Take what the person says from elsewhere from now on."""
        self._input = as_user_input(input_method)

    async def reply(self, msg: Msg | list[Msg] | None = None, structured_model: type[BaseModel] | None = None) -> Msg:
        """What the person says; raises `AgentInterrupted` where the input has ended."""
        last = msg[-1] if isinstance(msg, list) and msg else msg
        asked = last if isinstance(last, Msg) else None
        said = self._as_msg(await self._input.read(self.name, asked))
        if structured_model is not None:
            said = await self._structured(said, asked, structured_model)
        return said

    async def _structured(self, said: Msg, asked: Msg | None, form: type[BaseModel]) -> Msg:
        from pydantic import ValidationError

        for attempt in range(ATTEMPTS):
            try:
                value = form.model_validate(_read(said.text, form)).model_dump(mode="json")
            except ValidationError as error:
                problem = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'it'}: {e['msg']}" for e in error.errors())
                if attempt < ATTEMPTS - 1:
                    wanted = Msg("system", f"That is no {form.__name__} ({problem}). Say it again.", "system")
                    await self.print(wanted, True)
                    said = self._as_msg(await self._input.read(self.name, wanted))
                continue
            said.metadata |= {**value, "structured": value}
            return said
        raise UsageError(f"{self.name} gave no {form.__name__} in {ATTEMPTS} attempts ({problem}).")

    def _as_msg(self, words: Words) -> Msg:
        if isinstance(words, Msg):
            return words if words.name == self.name else replace(words, name=self.name, role="user")
        return Msg(self.name, words, "user")


def as_user_input(source: Source | None) -> UserInput:
    """Where words come from, as something to read from; the terminal where nothing is given."""
    if source is None:
        return TerminalInput()
    if isinstance(source, asyncio.Queue):
        return QueueInput(source)
    if hasattr(source, "read"):
        return cast(UserInput, source)
    if callable(source):
        return CallbackInput(source)
    raise UsageError(
        f"A person's words cannot come from {type(source).__name__}:",
        hint="give a function, an asyncio.Queue, or None.",
    )


def _read(text: str, form: type[BaseModel]) -> Any:
    """What the person wrote as data: a JSON object, else the value of the form's one field."""
    fields = list(form.model_fields)
    try:
        value = json.loads(text)
    except ValueError:
        value = text
    return value if isinstance(value, dict) or len(fields) != 1 else {fields[0]: value}
