"""What is state, what is not, and that it comes back as it was."""

from __future__ import annotations

import json
import threading
from collections import Counter, OrderedDict, defaultdict, deque
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, IntEnum
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from agents.exceptions import StateError
from agents.message import Msg
from agents.session import StateModule
from agents.session.encoding import decode, encode


class Colour(Enum):
    RED = "red"


class Level(IntEnum):
    HIGH = 3


class Point(NamedTuple):
    x: int
    y: int


@dataclass
class Plan:
    title: str
    steps: tuple[str, ...] = ()
    when: datetime | None = None


@dataclass(frozen=True, slots=True)
class Frozen:
    tags: frozenset[str] = field(default_factory=frozenset)


class Order(BaseModel):
    item: str
    parts: list[Frozen] = []


class Preferences(StateModule):
    def __init__(self) -> None:
        super().__init__()
        self.conversation_count = 0
        self.user_preferences: dict[str, Any] = {}
        self._cache = "private"


class Forgetful(StateModule):
    """Never calls the initialiser of its base."""

    def __init__(self) -> None:
        self.seen = 1
        self.inner = Preferences()


def through_json(state: dict[str, Any]) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(json.dumps(state, allow_nan=False))
    return loaded


def test_public_attributes_are_state_without_being_registered_and_private_ones_are_not() -> None:
    module = Preferences()
    module.conversation_count = 7
    module.user_preferences = {"language": "fr"}
    state = through_json(module.state_dict())
    assert (state["conversation_count"], state["user_preferences"]) == (7, {"language": "fr"})
    assert "_cache" not in state
    other = Preferences()
    other.load_state_dict(state)
    assert (other.conversation_count, other.user_preferences) == (7, {"language": "fr"})


def test_modules_inside_a_module_are_saved_with_it_even_if_it_forgets_its_base() -> None:
    module = Forgetful()
    module.inner.conversation_count = 3
    state = through_json(module.state_dict())
    assert state["inner"] == {"conversation_count": 3, "user_preferences": {}}
    other = Forgetful()
    other.load_state_dict(state)
    assert other.inner.conversation_count == 3


def test_a_module_that_holds_itself_or_its_owner_is_saved_once() -> None:
    module = Forgetful()
    module.inner.owner = module  # type: ignore[attr-defined]  # any attribute is state
    module.me = module  # type: ignore[attr-defined]  # as above
    state = through_json(module.state_dict())
    assert "me" not in state
    assert "owner" not in state["inner"]
    module.load_state_dict(state)


VALUES: list[Any] = [
    datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC),
    date(2026, 1, 2),
    time(3, 4),
    timedelta(days=-1, microseconds=5),
    Decimal("1.10"),
    uuid4(),
    Path("some/file.txt"),
    b"\x00\xff",
    {1, 2},
    frozenset({"a"}),
    (1, (2, "b")),
    deque([1, 2], maxlen=3),
    Counter("abca"),
    OrderedDict(b=1, a=2),
    defaultdict(list, {"a": [1]}),
    Point(1, 2),
    Colour.RED,
    Level.HIGH,
    Plan("title", ("one",), datetime(2026, 1, 1)),
    Frozen(frozenset({"x"})),
    Order(item="pen", parts=[Frozen()]),
    {1: "one", (2, 3): "pair"},
    {"$type": "not one of ours", "value": 1},
    float("inf"),
    "",
    [[], {}],
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_values_beyond_json_come_back_as_they_were(value: Any) -> None:
    back = decode(json.loads(json.dumps(encode(value), allow_nan=False)))
    assert back == value
    assert type(back) is type(value)


def test_a_message_comes_back_with_its_identity() -> None:
    msg = Msg("ada", [{"type": "text", "text": "hello"}], metadata={"when": (1, 2)})
    back = decode(json.loads(json.dumps(encode([msg]))))[0]
    assert (back.id, back.content, back.metadata, back.timestamp) == (msg.id, msg.content, msg.metadata, msg.timestamp)


SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary()
KEYS = st.text() | st.integers() | st.tuples(st.integers(), st.text())
ANY = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(KEYS, inner)
        | st.tuples(inner, inner)
        | st.frozensets(SCALARS)
        | st.sets(st.integers() | st.text())
    ),
    max_leaves=20,
)


@given(ANY)
def test_whatever_is_encoded_is_json_and_decodes_to_the_same(value: Any) -> None:
    assert decode(json.loads(json.dumps(encode(value), allow_nan=False))) == value


def test_objects_of_the_running_program_are_left_out_and_stay_as_they_are() -> None:
    module = Preferences()
    lock = threading.Lock()
    module.lock, module.calls, module.empty = lock, [print, len], []  # type: ignore[attr-defined]  # any attribute
    state = through_json(module.state_dict())
    assert "lock" not in state
    assert "calls" not in state
    assert state["empty"] == []
    module.load_state_dict(state)
    assert module.lock is lock  # type: ignore[attr-defined]  # as above


def test_settings_and_keys_of_models_never_reach_a_state() -> None:
    from agents.model.spec import ModelSpec

    module = Preferences()
    module.spec = ModelSpec("gpt", api_key="sk-secret")  # type: ignore[attr-defined]  # any attribute is state
    assert "sk-secret" not in json.dumps(module.state_dict())


def test_data_beside_what_cannot_be_saved_is_an_error_that_names_the_attribute() -> None:
    module = Preferences()
    module.user_preferences = {"name": "ada", "callback": print}
    with pytest.raises(StateError, match="'user_preferences' cannot be saved"):
        module.state_dict()


def test_a_collection_that_contains_itself_is_a_clear_error() -> None:
    module = Preferences()
    module.user_preferences["self"] = module.user_preferences
    with pytest.raises(StateError, match="contains itself"):
        module.state_dict()


def test_a_registered_attribute_is_written_and_read_by_its_functions() -> None:
    class Connected(StateModule):
        def __init__(self) -> None:
            super().__init__()
            self._socket = complex(1, 2)
            self.register_state("_socket", lambda value: [value.real, value.imag], lambda pair: complex(*pair))

    module = Connected()
    module._socket = complex(3, 4)
    state = through_json(module.state_dict())
    assert state["_socket"] == [3.0, 4.0]
    other = Connected()
    other.load_state_dict(state)
    assert other._socket == complex(3, 4)
    with pytest.raises(KeyError, match="lacks '_socket'"):
        other.load_state_dict({})
    other.load_state_dict({}, strict=False)
    assert other._socket == complex(3, 4)


def test_what_cannot_be_saved_cannot_be_registered_without_functions() -> None:
    module = Preferences()
    module.lock = threading.Lock()  # type: ignore[attr-defined]  # any attribute is state
    with pytest.raises(StateError, match="'lock' is lock"):
        module.register_state("lock")
    with pytest.raises(StateError, match="both functions"):
        module.register_state("conversation_count", custom_to_json=str)


def test_a_missing_nested_module_is_a_key_error_when_strict() -> None:
    with pytest.raises(KeyError, match="lacks 'inner'"):
        Forgetful().load_state_dict({"seen": 1})


def test_a_state_of_a_later_version_is_refused() -> None:
    with pytest.raises(StateError, match="version 2"):
        Preferences().load_state_dict({"$version": 2})


def test_what_fails_to_load_changes_nothing() -> None:
    module = Forgetful()
    with pytest.raises(StateError):
        module.load_state_dict({"seen": 9, "inner": {"conversation_count": {"$type": "date", "value": "never"}}})
    assert (module.seen, module.inner.conversation_count) == (1, 0)


@pytest.mark.parametrize("state", [None, [], "{}", 3])
def test_what_is_no_state_is_a_clear_error(state: Any) -> None:
    with pytest.raises(StateError, match="A state is a dict"):
        Preferences().load_state_dict(state)


@pytest.mark.parametrize("name", ["state_dict", "_cache", "__class__", "__dict__"])
def test_a_state_cannot_shadow_methods_or_reach_private_attributes(name: str) -> None:
    module = Preferences()
    with pytest.raises(StateError, match="cannot take"):
        module.load_state_dict({name: "hostile"})
    module.load_state_dict({name: "hostile"}, strict=False)
    assert callable(module.state_dict)
    assert module._cache == "private"


@pytest.mark.parametrize("name", ["os:environ", "subprocess:Popen", "no.such.module:Thing", "pathlib:Path"])
def test_a_state_names_no_class_but_those_that_hold_data(name: str) -> None:
    with pytest.raises(StateError, match="cannot be read"):
        Preferences().load_state_dict({"user_preferences": {"$type": "fields", "class": name, "value": {}}})


def test_an_attribute_that_begins_as_a_default_of_the_class_is_state_once_it_is_set() -> None:
    class Counting(StateModule):
        count = 0

        @property
        def twice(self) -> int:
            return 2 * self.count

    module = Counting()
    module.count += 5
    other = Counting()
    other.load_state_dict(through_json(module.state_dict()))
    assert (other.count, other.twice, Counting.count) == (5, 10, 0)
    with pytest.raises(StateError, match="'twice'"):
        other.load_state_dict({"twice": 3})


def test_saving_shares_nothing_with_the_module() -> None:
    module = Preferences()
    module.user_preferences["list"] = [1]
    state = module.state_dict()
    module.user_preferences["list"].append(2)
    assert state["user_preferences"] == {"list": [1]}
