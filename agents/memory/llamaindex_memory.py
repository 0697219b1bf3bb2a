"""A conversation kept in a memory of LlamaIndex."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

from agents.memory.memory import MemoryBase
from agents.memory.records import from_record, to_record
from agents.message.msg import Msg

if TYPE_CHECKING:
    from llama_index.core.llms import ChatMessage
    from llama_index.core.memory import BaseMemory

RECORD = "refdesk"


class LlamaIndexMemory(MemoryBase):
    """Messages in a memory of LlamaIndex, such as a `ChatMemoryBuffer` over the chat store of your choice.

    What LlamaIndex puts there is read as messages of `user` and `assistant`; what is put there from here comes back
    as it was, tool calls and results included, and LlamaIndex sees its text.
    """

    def __init__(self, memory: BaseMemory) -> None:
        super().__init__()
        self._memory = memory

    def _read(self) -> list[Msg]:
        with self._lock:
            return [_as_msg(message, at) for at, message in enumerate(self._memory.get_all())]

    def _append(self, messages: list[Msg], *, duplicates: bool) -> None:
        with self._lock:
            known = set() if duplicates else {msg.id for msg in self._read()}
            for msg in messages:
                if msg.id not in known:
                    self._memory.put(_as_chat_message(msg))
                    known |= set() if duplicates else {msg.id}

    def _replace(self, messages: list[Msg]) -> None:
        with self._lock:
            self._memory.set([_as_chat_message(msg) for msg in messages])


def _as_chat_message(msg: Msg) -> ChatMessage:
    from llama_index.core.llms import ChatMessage

    return ChatMessage(msg.text, role=str(msg.role), additional_kwargs={RECORD: to_record(msg)})


def _as_msg(message: ChatMessage, at: int) -> Msg:
    record: Any = message.additional_kwargs.get(RECORD)
    if record is not None:
        return from_record(record)
    role, text = message.role.value, message.content or ""
    name = role if role in ("user", "system") else "assistant"
    # The same message has the same identity whenever it is read.
    identity = sha256(f"{at} {role} {text}".encode()).hexdigest()[:32]
    return Msg(name, text, id=identity)
