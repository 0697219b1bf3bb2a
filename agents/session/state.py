"""State that can be saved: an object's public attributes, with the objects inside it, as one JSON-able dict."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, ClassVar

from agents.exceptions import MissingState, StateError
from agents.session.encoding import NotData, decode, encode

VERSION = "$version"
MODULES = "$modules"
# Context-local by design: which objects the state of the outermost one is just being written or read for.
_OPEN: ContextVar[tuple[int, ...]] = ContextVar("open", default=())


@dataclass(frozen=True, slots=True)
class Registered:
    """How one attribute is written and read where that differs from the rule."""

    to_json: Callable[[Any], Any] | None = None
    from_json: Callable[[Any], Any] | None = None


class StateModule:
    """An object whose state can be saved and loaded.

    Public attributes are state without being registered, private ones are not unless they are. Attributes that are
    state modules themselves are nested; a module that is met again inside itself is left out there. What is no JSON
    is encoded (`agents.session.encoding` lists the types). Objects that hold no data, such as a model, are left out:
    who loads a state has made them anew. So are the attributes that a class names in `TRANSIENT`.

    A subclass whose state changes its shape raises `STATE_VERSION`; a state of a later version is refused.
    """

    STATE_VERSION: ClassVar[int] = 1
    TRANSIENT: ClassVar[frozenset[str]] = frozenset()

    def register_state(
        self,
        attr_name: str,
        custom_to_json: Callable[[Any], Any] | None = None,
        custom_from_json: Callable[[Any], Any] | None = None,
    ) -> None:
        """Make an attribute part of the state, a private one too, by way of two functions where they are given.

        Raises `StateError` for an attribute that cannot be saved without them, and for one function alone.
        """
        if (custom_to_json is None) != (custom_from_json is None):
            raise StateError(f"{attr_name!r} needs both functions, the one that writes and the one that reads.")
        if custom_to_json is None and attr_name in self.__dict__:
            _write({}, attr_name, self.__dict__[attr_name], required=True)
        self._state_registrations()[attr_name] = Registered(custom_to_json, custom_from_json)

    def state_dict(self) -> dict[str, Any]:
        """The state, nested modules included, as JSON-able data that shares nothing with the object.

        Raises `StateError` where an attribute mixes data with objects that cannot be saved.
        """
        with _opened(self) as outermost:
            modules = self._state_modules()
            nested = {name: module.state_dict() for name, module in modules.items() if id(module) not in _OPEN.get()}
            state: dict[str, Any] = {**nested, **self._state_attributes()}
            if outermost or self.STATE_VERSION > 1:
                state[VERSION] = self.STATE_VERSION
            if nested:
                state[MODULES] = sorted(nested)
            return state

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True) -> None:
        """Replace the state by a saved one; what fails changes nothing.

        When `strict`, a registered attribute or a nested module that `state_dict` lacks raises `MissingState` (a
        `KeyError`), and one that the object lacks raises `StateError`; else both are left as they are. Raises
        `StateError` for what is no state and for a state of a later version.
        """
        self._state_check(state_dict)
        with _opened(self) as outermost:
            before = self.state_dict() if outermost else {}
            try:
                self._state_load(state_dict, strict=strict)
            except Exception:
                if outermost:
                    self.load_state_dict(before, strict=False)
                raise

    def _state_load(self, state: Mapping[str, Any], *, strict: bool) -> None:
        values = self._state_read(state, strict=strict)
        for name, module in self._state_modules().items():
            if name in state:
                module.load_state_dict(state[name], strict)
            elif strict and id(module) not in _OPEN.get():
                raise MissingState(f"The state of {type(self).__name__} lacks {name!r}:", hint=NOT_STRICT)
        for name, value in values.items():
            setattr(self, name, value)

    def _state_read(self, state: Mapping[str, Any], *, strict: bool) -> dict[str, Any]:
        modules, registered = self._state_modules(), self._state_registrations()
        missing = [name for name in registered if name not in state and name not in modules]
        if strict and missing:
            raise MissingState(f"The state of {type(self).__name__} lacks {missing[0]!r}:", hint=NOT_STRICT)
        values: dict[str, Any] = {}
        for name in state.keys() - modules.keys() - {VERSION, MODULES}:
            if self._state_takes(name, nested=name in state.get(MODULES, ())):
                read = registered[name].from_json if name in registered else None
                values[name] = (read or decode)(state[name])
            elif strict:
                raise StateError(
                    f"The state holds {name!r}, which this {type(self).__name__} cannot take:",
                    hint="give it what the saved one had first, or load with strict=False.",
                )
        return values

    def _state_takes(self, name: str, *, nested: bool) -> bool:
        """Whether the state may set an attribute: one that holds data, or a new one that shadows nothing."""
        if name in self._state_registrations():
            return True
        if nested or name.startswith("_") or name in self.TRANSIENT:
            return False
        if name in self.__dict__:
            return not _is_service(self.__dict__[name])
        default = inspect.getattr_static(type(self), name, None)
        return default is None or not (hasattr(default, "__get__") or _is_service(default))

    def _state_check(self, state: object) -> None:
        if not isinstance(state, Mapping):
            raise StateError(f"A state is a dict, found {type(state).__name__}:", hint="give what state_dict() gave.")
        version = state.get(VERSION, 1)
        if not isinstance(version, int) or version > self.STATE_VERSION:
            raise StateError(
                f"The state of {type(self).__name__} has version {version!r}, later than {self.STATE_VERSION}:",
                hint="upgrade Refdesk.",
            )

    def _state_modules(self) -> dict[str, StateModule]:
        return {name: value for name, value in self._state_items() if isinstance(value, StateModule)}

    def _state_attributes(self) -> dict[str, Any]:
        registered = self._state_registrations()
        written: dict[str, Any] = {}
        for name, value in self._state_items():
            if name in registered and (write := registered[name].to_json):
                written[name] = write(value)
            elif not isinstance(value, StateModule):
                _write(written, name, value, required=name in registered)
        return written

    def _state_items(self) -> Iterator[tuple[str, Any]]:
        registered = self._state_registrations()
        for name, value in list(self.__dict__.items()):
            if name in registered or not (name.startswith("_") or name in self.TRANSIENT):
                yield name, value
        for name in registered.keys() - self.__dict__.keys():
            if not hasattr(self, name):
                raise StateError(f"{type(self).__name__} registered {name!r} and has no such attribute.")
            yield name, getattr(self, name)

    def _state_registrations(self) -> dict[str, Registered]:
        # Made at first use, so that a subclass which forgets `super().__init__()` has its state saved all the same.
        found: dict[str, Registered] = self.__dict__.setdefault("_state_registered", {})
        return found


NOT_STRICT = "load it with strict=False to keep what the object has."


@contextmanager
def _opened(module: StateModule) -> Iterator[bool]:
    """Within, `module` is known to be at work; tells whether it is the outermost."""
    open_before = _OPEN.get()
    token = _OPEN.set((*open_before, id(module)))
    try:
        yield not open_before
    finally:
        _OPEN.reset(token)


def _write(into: dict[str, Any], name: str, value: Any, *, required: bool) -> None:
    """Encode one attribute into a state; what holds no data is left out unless it is required."""
    try:
        into[name] = encode(value)
    except NotData as error:
        if required:
            raise StateError(
                f"The attribute {name!r} is {error}, which holds no data:",
                hint="register it with functions that write and read it.",
            ) from error
    except StateError as error:
        raise StateError(f"The attribute {name!r} cannot be saved: {error.message}", hint=error.hint) from error


def _is_service(value: Any) -> bool:
    try:
        encode(value)
    except NotData:
        return True
    except StateError:
        return False
    return False
