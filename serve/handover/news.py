"""What is told of a ticket outside: the same by webhook and by e-mail, put down once so that retries say the same."""

from __future__ import annotations

from typing import Any

from serve.store.outbox import Delivery
from serve.store.store import Store
from serve.store.tickets import Ticket

LONGEST_QUESTION = 2_000
MEANING = {
    "request": "The customer asked for a person.",
    "confidence": "The answer was not certain enough.",
    "unanswered": "The documents do not answer.",
    "rule": "A rule calls for a person.",
    "agent": "The agent passed the case on.",
    "tool": "The agent filed a ticket.",
}
HEADLINES = {
    "ticket.opened": "New ticket",
    "ticket.waiting": "Somebody waits",
    "ticket.claimed": "Taken",
    "ticket.returned": "Returned to the assistant",
    "ticket.closed": "Closed",
}


def payload_of(store: Store, ticket: Ticket, inbox_url: str) -> dict[str, Any]:
    """What is told of a ticket as it stands now."""
    conversation = store.conversations.find(ticket.conversation)
    said = store.messages.of(ticket.conversation, limit=50)
    question = next((one.text for one in reversed(said) if one.role == "user"), "")
    return {
        "ticket": {
            "id": ticket.id,
            "number": ticket.number,
            "state": ticket.state,
            "trigger": ticket.trigger,
            "reason": ticket.reason,
            "contact": ticket.contact,
            "holder": ticket.holder_name or None,
            "opened": ticket.opened.isoformat(),
        },
        "conversation": {"id": ticket.conversation, "title": conversation.title if conversation else ""},
        "question": question[:LONGEST_QUESTION],
        "url": f"{inbox_url}#/t/{ticket.id}" if inbox_url else None,
    }


def subject_of(delivery: Delivery) -> str:
    """A message's subject, in one line."""
    ticket, title = delivery.payload["ticket"], delivery.payload["conversation"]["title"]
    line = f"{ticket['number']} {HEADLINES[delivery.event]}: {title or MEANING[ticket['trigger']]}"
    return " ".join("".join(one if one.isprintable() else " " for one in line).split())[:200]


def text_of(delivery: Delivery) -> str:
    """A message's text, for people."""
    ticket = delivery.payload["ticket"]
    parts = [
        f"{HEADLINES[delivery.event]}: {ticket['number']}. {MEANING[ticket['trigger']]}",
        f"Reason: {ticket['reason']}" if ticket["reason"] else "",
        f"Question: {delivery.payload['question']}" if delivery.payload["question"] else "",
        f"Contact: {ticket['contact']}" if ticket["contact"] else "",
        f"Answer here: {delivery.payload['url']}" if delivery.payload["url"] else "Answer in the inbox.",
    ]
    return "\n\n".join(filter(None, parts)) + "\n"
