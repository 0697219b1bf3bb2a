"""Sessions: the state of several objects, saved together under one name."""

from __future__ import annotations

import asyncio
import inspect
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from agents.exceptions import MissingState, StateError
from agents.session.files import json_bytes
from agents.session.state import StateModule
from knowledge.errors import UsageError


class SessionBase(ABC):
    """Keeps sessions, each written whole or not at all. Session ids are any text that is not empty."""

    async def save_session_state(
        self, session_id: str, user_id: str = "", **state_modules_mapping: StateModule
    ) -> None:
        """Save the state of the given objects in place of what the session held.

        Raises `StateError` for a state that cannot be saved, `StorageError` where the disk refuses; the session then
        holds what it held before.
        """
        _check(session_id, state_modules_mapping)
        states = {name: await _state_of(module) for name, module in state_modules_mapping.items()}
        await asyncio.to_thread(self._store, session_id, user_id, json_bytes(states))

    async def load_session_state(
        self,
        session_id: str,
        user_id: str = "",
        allow_not_exist: bool = True,
        **state_modules_mapping: StateModule,
    ) -> None:
        """Load the given objects from a session; an error changes none of them.

        A session that is not there leaves them as they are, or raises `MissingState` (a `KeyError`) without
        `allow_not_exist`; so does an object that the session was saved without. Raises `StateError` for what is no
        session.
        """
        _check(session_id, state_modules_mapping)
        content = await asyncio.to_thread(self._fetch, session_id, user_id)
        if content is None:
            if allow_not_exist:
                return
            raise MissingState(f"There is no session {session_id!r}.")
        states = _parsed(session_id, content)
        if missing := [name for name in state_modules_mapping if name not in states]:
            raise MissingState(f"The session {session_id!r} lacks {missing[0]!r}:", hint=f"it has {', '.join(states)}.")
        await _load_all(states, state_modules_mapping)

    @abstractmethod
    def session_ids(self, user_id: str = "") -> list[str]:
        """The sessions that are kept, in order."""

    @abstractmethod
    def delete_session(self, session_id: str, user_id: str = "") -> None:
        """Forget a session; one that is not there is forgotten already."""

    @abstractmethod
    def _store(self, session_id: str, user_id: str, content: bytes) -> None:
        """Keep `content` in place of what there was, in one step."""

    @abstractmethod
    def _fetch(self, session_id: str, user_id: str) -> bytes | None:
        """What is kept; None where there is nothing."""


async def _state_of(module: StateModule) -> dict[str, Any]:
    state: Any = module.state_dict()
    found: dict[str, Any] = await state if inspect.isawaitable(state) else state
    return found


async def _load_all(states: Mapping[str, Any], modules: Mapping[str, StateModule]) -> None:
    before = {name: await _state_of(module) for name, module in modules.items()}
    try:
        for name, module in modules.items():
            await _load(module, states[name])
    except Exception:
        for name, module in modules.items():
            await _load(module, before[name])
        raise


async def _load(module: StateModule, state: Mapping[str, Any]) -> None:
    # A module of another process gives something to wait for.
    load: Any = module.load_state_dict
    loading = load(state)
    if inspect.isawaitable(loading):
        await loading


def _check(session_id: object, modules: Mapping[str, object]) -> None:
    if not isinstance(session_id, str) or not session_id:
        raise UsageError("A session is named by a text that is not empty.")
    if session_id.encode(errors="ignore").decode() != session_id:
        raise UsageError("The name of a session holds half a character, which cannot be written.")
    for name, module in modules.items():
        if not hasattr(module, "state_dict"):
            raise UsageError(f"{name!r} is a {type(module).__name__}, which has no state:", hint="give a StateModule.")


def _parsed(session_id: str, content: bytes) -> dict[str, Any]:
    try:
        states = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise StateError(f"The session {session_id!r} is not JSON: {error}:", hint="restore it from a copy.") from error
    if not isinstance(states, dict):
        raise StateError(f"The session {session_id!r} holds a {type(states).__name__}, not the states of objects.")
    return states
