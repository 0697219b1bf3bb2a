"""A message: who says what, when, under an identity that survives every hop."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import Any, Literal, Self, cast
from uuid import uuid4

from agents.message.blocks import ContentBlock, TextBlock
from knowledge.errors import UsageError

Role = Literal["system", "user", "assistant"]
ROLES: tuple[Role, ...] = ("system", "user", "assistant")
Content = str | list[ContentBlock]
USERS = frozenset({"user", "human"})


def new_id() -> str:
    """An identity that no other message has."""
    return uuid4().hex


def now() -> str:
    """The time as ISO 8601 in UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


@dataclass(slots=True, eq=False)
class Msg:
    """One message. Two messages are the same when their `id` is.

    `content` is text or a list of blocks. Without a `role`, the name tells it: `system`, `user` for a person, else
    `assistant`. `url` refers to content that stands elsewhere and is read when needed. `metadata` is JSON-able.
    Raises `UsageError` for content or a role that is none.
    """

    name: str
    content: Content
    role: Role | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    url: str | list[str] | None = None
    timestamp: str = field(default_factory=now)
    id: str = field(default_factory=new_id)

    def __post_init__(self) -> None:
        if not isinstance(self.name, str):
            raise UsageError(f"The name of a message is text, found {type(self.name).__name__}.")
        self.content = _checked(self.content)
        self.role = self.role or _role_of(self.name)
        if self.role not in ROLES:
            raise UsageError(f"{self.role!r} is not a role:", hint=f"write one of {', '.join(ROLES)}.")
        self.metadata = dict(self.metadata or {})

    @property
    def text(self) -> str:
        """All text of the content, blocks joined by newlines; thinking is left out."""
        return self.get_text_content() or ""

    def get_text_content(self, separator: str = "\n") -> str | None:
        """The text of the content; None where there is none."""
        if isinstance(self.content, str):
            return self.content
        texts = [block["text"] for block in self.content if block["type"] == "text"]
        return separator.join(texts) if texts else None

    def get_content_blocks(self, block_type: str | Sequence[str] | None = None) -> list[ContentBlock]:
        """The content as blocks, those of the given type or types where one is given."""
        if isinstance(self.content, str):
            blocks: list[ContentBlock] = [TextBlock(type="text", text=self.content)] if self.content else []
        else:
            blocks = list(self.content)
        wanted = (block_type,) if isinstance(block_type, str) else block_type
        return blocks if wanted is None else [block for block in blocks if block["type"] in wanted]

    def has_content_blocks(self, block_type: str | Sequence[str] | None = None) -> bool:
        """Whether there is a block, of the given type or types where one is given."""
        return bool(self.get_content_blocks(block_type))

    def to_dict(self) -> dict[str, Any]:
        """The message as JSON-able data; `from_dict` gives it back with the same identity."""
        return {name: self[name] for name in self.keys()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The message that `to_dict` gave; raises `UsageError` where `name` or `content` is missing."""
        if missing := [name for name in ("name", "content") if name not in data]:
            raise UsageError(f"A message needs {' and '.join(missing)}.")
        known = {item.name for item in fields(cls)}
        return cls(**{name: value for name, value in data.items() if name in known})

    def keys(self) -> tuple[str, ...]:
        """The names of the fields: `dict(msg)` works."""
        return tuple(item.name for item in fields(self))

    def get(self, name: str, default: Any = None) -> Any:
        """A field by name, `default` where there is no such field."""
        return self[name] if name in self.keys() else default

    def __getitem__(self, name: str) -> Any:
        if name not in self.keys():
            raise KeyError(name)
        return getattr(self, name)

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __contains__(self, name: object) -> bool:
        return name in self.keys()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Msg) and other.id == self.id

    def __hash__(self) -> int:
        return hash(self.id)

    def __str__(self) -> str:
        return self.text


def as_msg(value: Msg | str | Mapping[str, Any], *, name: str = "user") -> Msg:
    """A message as it stands, a text as what `name` says, a dict as `Msg.from_dict` reads it."""
    if isinstance(value, Msg):
        return value
    if isinstance(value, str):
        return Msg(name, value)
    if isinstance(value, Mapping):
        return Msg.from_dict({"name": name, **value})
    raise UsageError(f"Expected a message or a text, found {type(value).__name__}.")


def _role_of(name: str) -> Role:
    if name == "system":
        return "system"
    return "user" if name.lower() in USERS else "assistant"


def _checked(content: object) -> Content:
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if isinstance(content, Mapping):
        content = [content]
    if isinstance(content, Sequence) and all(isinstance(block, Mapping) and "type" in block for block in content):
        return cast(list[ContentBlock], [dict(block) for block in content])
    raise UsageError(
        f"The content of a message is text or a list of blocks, found {type(content).__name__}:",
        hint="turn other values into text first.",
    )
