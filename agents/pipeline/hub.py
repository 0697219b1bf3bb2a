"""Agents who hear each other: what one says, the others observe."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict, deque
from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, Protocol, Self, runtime_checkable
from uuid import uuid4

from agents.access import may_hear
from agents.agent.agent import AgentBase
from agents.message.msg import Msg, as_msg
from agents.pipeline.echoes import telling
from agents.pipeline.flow import copy_of
from agents.pipeline.pipeline import settled
from agents.studio.watching import show
from agents.tracing.spans import span
from knowledge.errors import UsageError
from knowledge.types import ANYONE, Reader

log = logging.getLogger(__name__)
Said = Msg | str | Mapping[str, Any]
# How many messages a hub remembers having passed on, so that nobody hears one twice.
REMEMBERED = 512


@runtime_checkable
class Participant(Protocol):
    """Who can take part in a hub: an agent, here or elsewhere, or another hub.

    What also has a list `audiences` is heard by the others; what has a `reader` hears only what that may read.
    """

    name: str

    async def observe(self, msg: Any) -> None:
        """Hear a message without answering it."""
        ...


class MsgHub:
    """Within `async with`, every reply of a participant is observed by all the others, and by nobody afterwards.

    `announcement` is said to all at the beginning. Nobody hears a message twice, nor one that rests on passages which
    they may not read (`agents.access`). A participant that fails to observe keeps the message from nobody else.
    `history` holds that many of the latest messages. A hub can take part in another hub, in one that takes part in it
    and in itself: a message goes around once. Participants who answer while they hear end in a `UsageError`.
    """

    def __init__(
        self,
        participants: Iterable[Participant],
        announcement: Said | Sequence[Said] | None = None,
        enable_auto_broadcast: bool = True,
        name: str | None = None,
        *,
        history: int = 100,
    ) -> None:
        if history < 0:
            raise UsageError(f"`history` is a number of messages, 0 or more, found {history}.")
        self.name = name or f"hub-{uuid4().hex[:8]}"
        self.announcement = announcement
        self.history: deque[Msg] = deque(maxlen=history)
        self._members: dict[int, Participant] = {}
        self._told: OrderedDict[str, set[int]] = OrderedDict()
        self._auto = enable_auto_broadcast
        self._open = False
        self.add(participants)

    @property
    def participants(self) -> list[Participant]:
        """Who takes part, in the order in which they came."""
        return list(self._members.values())

    async def __aenter__(self) -> Self:
        if self._open:
            raise UsageError(f"The hub {self.name} is open already:", hint="make another one.")
        self._open = True
        self._listen_everywhere()
        if self.announcement is not None:
            try:
                await self.broadcast(self.announcement)
            except BaseException:
                self._close()
                raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def add(self, new_participant: Participant | Iterable[Participant]) -> None:
        """Let one more, or several, take part from now on; who does already goes on as before."""
        for one in _checked(new_participant):
            self._members[id(one)] = one
            self._listen(one)

    def delete(self, participant: Participant | Iterable[Participant]) -> None:
        """Let one, or several, take no further part; who takes none is left alone."""
        for one in list(participant) if isinstance(participant, Iterable) else [participant]:
            if self._members.pop(id(one), None) is not None:
                self._ignore(one)
                for told in self._told.values():
                    told.discard(id(one))

    def set_auto_broadcast(self, enable: bool) -> None:
        """Whether replies are passed on by themselves; `broadcast` works either way."""
        self._auto = enable
        self._listen_everywhere()

    async def broadcast(self, msg: Said | Sequence[Said]) -> None:
        """Say something to all participants.

        When some of them fail to observe it, the error of the first is raised after all others have heard it. Outside
        `async with` nobody hears anything.
        """
        if not self._open:
            log.warning("The hub %s is not open: nobody hears a message broadcast there.", self.name)
            return
        for one in [msg] if isinstance(msg, Msg | str | Mapping) else list(msg):
            said = copy_of(as_msg(one, name=self.name))
            show(said)
            if failures := await self._tell(said):
                failures[0].add_note(f"while hearing a message in {self.name}")
                raise failures[0]

    async def heard(self, speaker: object, msg: Msg) -> None:
        """A participant has replied: pass it on to the others. Called by the agent itself."""
        if self._open and self._auto and id(speaker) in self._members:
            for error in await self._tell(copy_of(msg), speaker=speaker):
                # The reply was given and belongs to its caller, whatever befell a listener.
                log.error("A participant of %s could not hear %s.", self.name, msg.name, exc_info=error)

    async def observe(self, msg: Msg | Sequence[Msg] | None) -> None:
        """As a participant of another hub: pass on what is said there."""
        for one in [msg] if isinstance(msg, Msg) else msg or []:
            if self._open:
                await self.broadcast(one)

    async def _tell(self, msg: Msg, *, speaker: object = None) -> list[Exception]:
        """Tell everyone who may hear it and has not; the errors of those who failed."""
        told = self._told_of(msg)
        if speaker is not None:
            told.add(id(speaker))
        listeners = [one for key, one in self._members.items() if key not in told and may_hear(reader_of(one), msg)]
        # Marked before they hear it: two hubs that take part in each other end here.
        told.update(map(id, listeners))
        with telling(self, self.name, len(self._members)), span("hub", self.name) as opened:
            opened.set("refdesk.hub.listeners", len(listeners))
            failures = await _all_observe(listeners, msg)
        for one, error in failures:
            told.discard(id(one))
            error.add_note(f"{one.name} could not observe what {msg.name} said")
        return [error for _, error in failures]

    def _told_of(self, msg: Msg) -> set[int]:
        """Who has heard this message here; a new one goes into the history."""
        if msg.id not in self._told:
            self.history.append(msg)
            self._told[msg.id] = set()
            if len(self._told) > REMEMBERED:
                self._told.popitem(last=False)
        return self._told[msg.id]

    def _listen_everywhere(self) -> None:
        for one in self._members.values():
            self._listen(one)

    def _listen(self, one: Participant) -> None:
        audiences = getattr(one, "audiences", None)
        if audiences is None:
            return
        if self._open and self._auto:
            if not any(other is self for other in audiences):
                audiences.append(self)
        else:
            self._ignore(one)

    def _ignore(self, one: Participant) -> None:
        audiences = getattr(one, "audiences", None)
        if audiences is not None:
            audiences[:] = [other for other in audiences if other is not self]

    def _close(self) -> None:
        self._open = False
        for one in self._members.values():
            self._ignore(one)


def _checked(participants: object) -> list[Participant]:
    if isinstance(participants, str | Participant) or not isinstance(participants, Iterable):
        participants = [participants]
    found: list[Participant] = []
    for one in participants:
        if isinstance(one, type) or not isinstance(one, Participant):
            raise UsageError(
                f"{one!r} cannot take part in a hub:", hint="add agents, or objects with a name and `observe(msg)`."
            )
        found.append(one)
    return found


def reader_of(one: object) -> Reader:
    """As whom a participant hears: as anyone, unless it says otherwise."""
    reader = getattr(one, "reader", ANYONE)
    return reader if isinstance(reader, Reader) else ANYONE


async def _all_observe(listeners: Sequence[Participant], msg: Msg) -> list[tuple[Participant, Exception]]:
    """Let everyone hear it; who failed, and why.

    Agents of this process only put it into their memories: one after another that takes half the time of a task each.
    Whoever observes in a way of their own may wait for something, so they do it at the same time.
    """
    here = [one for one in listeners if getattr(type(one), "observe", None) is AgentBase.observe]
    others = [one for one in listeners if getattr(type(one), "observe", None) is not AgentBase.observe]
    outcomes = [await _outcome(one, msg) for one in here]
    outcomes += await asyncio.gather(*(_outcome(one, msg) for one in others))
    return [(one, error) for one, error in zip([*here, *others], outcomes, strict=True) if error is not None]


async def _outcome(one: Participant, msg: Msg) -> Exception | None:
    try:
        await settled(one.observe(msg))
    except Exception as error:
        return error
    return None
