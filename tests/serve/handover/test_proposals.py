"""What a person answers becomes an entry that a bank answers with, and a case that is evaluated."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from eval.cases import load_cases
from eval.targets.banks import BankTarget
from serve.handover.drafting import asked
from serve.service import Service
from serve.store.messages import Message, Role
from serve.store.schema import now
from tests.serve.served import answer_of, begun, client_of, opened
from tests.serve.served import asked as ask

QUESTION = "How do I get a card with a picture of my dog on it?"
ANSWER = (
    "A card with a picture of your dog is printed for 12 dollars. Write to dogs@example.com, or call +49 30 1234567."
)


async def taught(client: httpx.AsyncClient, question: str = QUESTION, answer: str = ANSWER) -> dict[str, Any]:
    """A person answers a customer; the proposal that comes of it."""
    conversation = await begun(client)
    await ask(client, conversation, question)
    await client.post(f"/api/conversations/{conversation}/handover", json={"reason": "", "contact": ""})
    (ticket,) = (await client.get("/api/inbox")).json()["tickets"]
    path = f"/api/inbox/{ticket['id']}"
    await client.post(f"{path}/claim", json={"name": "Anna"})
    assert (await client.post(f"{path}/answer", json={"id": uuid4().hex, "text": answer})).status_code == 200
    assert (await client.post(f"{path}/answer", json={"id": uuid4().hex, "text": "Bye!"})).status_code == 200
    assert (await client.post(f"{path}/return", json={})).status_code == 200
    (found,) = (await client.get("/api/proposals")).json()["proposals"]
    return dict(found)


async def test_an_accepted_answer_is_what_the_bank_answers_from_then_on(banks: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(banks, tmp_path / "root"))
    service = opened(root, root / "store.sqlite")
    try:
        async with client_of(service) as client:
            proposed = await taught(client)
            assert (proposed["question"], proposed["author"], proposed["bank"]) == (QUESTION, "Anna", "banking")
            assert proposed["answer"] == ANSWER.replace("dogs@example.com", "[e-mail]").replace(
                "+49 30 1234567", "[phone]"
            )
            entry = {
                "question": QUESTION,
                "answer": "A card with a picture of your dog costs 12 dollars.",
                "bank": "banking",
            }
            accepted = (await client.post(f"/api/proposals/{proposed['id']}/accept", json=entry)).json()
            assert accepted["state"] == "accepted"
            twice = await client.post(f"/api/proposals/{proposed['id']}/accept", json=entry)
            assert twice.json()["error"]["code"] == "decided"
            await ingested(service, accepted["job"])
            (known,) = (await client.get("/api/proposals", params={"state": "accepted"})).json()["proposals"]
            assert (known["progress"], known["problem"]) == ("done", "")
            assert (root / accepted["file"]).read_text("utf-8") == f"# {QUESTION}\n\n{entry['answer']}\n"
            answer = answer_of(await ask(client, await begun(client), QUESTION))
            assert "12 dollars" in answer["text"]
            assert QUESTION in {one["title"] for one in answer["citations"]}
        (case,) = load_cases(service.handover.entries.cases)
        assert (case.question, case.answers, case.bank) == (QUESTION, (entry["answer"],), "banking")
        assert case.gold[0].doc == accepted["file"]
        seen = BankTarget(service.library, ("banking",)).observe(case)
        assert (seen.abstained, seen.unplaced) == (False, ())
    finally:
        service.close()


async def ingested(service: Service, job: str) -> None:
    """Wait until the job is done."""
    service.jobs.start()
    while (found := service.jobs.table.find(job)) is None or not found.ended:
        await asyncio.sleep(0.1)
    assert found.state == "done", found.failure


async def test_a_rejected_answer_is_known_to_nobody(service: Service, client: httpx.AsyncClient) -> None:
    proposed = await taught(client)
    rejected = await client.post(f"/api/proposals/{proposed['id']}/reject", json={})
    assert rejected.json()["state"] == "rejected"
    assert (await client.get("/api/proposals")).json()["proposals"] == []
    assert not service.handover.entries.cases.exists()
    entry = {"question": QUESTION, "answer": ANSWER, "bank": "banking"}
    assert (await client.post(f"/api/proposals/{proposed['id']}/accept", json=entry)).status_code == 409


async def test_a_bank_that_is_not_served_takes_nothing(client: httpx.AsyncClient) -> None:
    proposed = await taught(client)
    entry = {"question": QUESTION, "answer": ANSWER, "bank": "../etc"}
    assert (await client.post(f"/api/proposals/{proposed['id']}/accept", json=entry)).status_code == 404


def said(*words: tuple[Role, str]) -> list[Message]:
    made: list[Message] = []
    for at, (role, text) in enumerate(words):
        answers = made[-1].id if role == "assistant" else None
        made.append(Message(f"m{at}", "c", role, text, "", now(), answers=answers))
    return made


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ([("user", "What is the fee?"), ("assistant", "Unknown.")], ("m0", "What is the fee?")),
        ([("user", "What is the fee?"), ("assistant", "Unknown."), ("user", "Hello?")], ("m0", "What is the fee?")),
        (
            [
                ("user", "What is the fee?"),
                ("assistant", "Unknown."),
                ("user", "Or better:"),
                ("user", "what is free?"),
            ],
            ("m3", "Or better:\nwhat is free?"),
        ),
        ([("user", "What is the fee?"), ("assistant", "?"), ("agent", "One moment")], ("m0", "What is the fee?")),
        ([("user", "Hi")], None),
        ([], None),
    ],
)
def test_what_a_person_answers_is_what_was_asked_last(
    words: list[tuple[Role, str]], found: tuple[str, str] | None
) -> None:
    assert asked(said(*words)) == found
