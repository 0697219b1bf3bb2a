"""Whose conversation it is: others do not learn that it exists."""

import asyncio

from serve.http.failures import Refused
from serve.security.caller import Caller
from serve.service import Service
from serve.store.conversations import Conversation
from serve.store.messages import Message


async def own_conversation(service: Service, caller: Caller, id: str) -> Conversation:
    """The caller's conversation `id`; raises `Refused` for another's."""
    found = await asyncio.to_thread(service.store.conversations.find, id)
    if found is None or found.owner != caller.id:
        raise _unknown()
    return found


async def readable_conversation(service: Service, caller: Caller, id: str) -> Conversation:
    """The conversation `id`, where it is the caller's or they may read everybody's; raises `Refused`."""
    found = await asyncio.to_thread(service.store.conversations.find, id)
    if found is None or not (found.owner == caller.id or caller.may("conversations:read")):
        raise _unknown()
    return found


async def own_message(service: Service, caller: Caller, id: str) -> Message:
    """The message `id` in a conversation of the caller; raises `Refused` otherwise."""
    message = await asyncio.to_thread(service.store.messages.find, id)
    if message is not None:
        conversation = await asyncio.to_thread(service.store.conversations.find, message.conversation)
        if conversation is not None and conversation.owner == caller.id:
            return message
    raise Refused(404, "message_not_found", "There is no such message.")


def _unknown() -> Refused:
    return Refused(404, "conversation_not_found", "There is no such conversation.", hint="Begin a new one.")
