"""Both clients against a real service."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from serve.client import (
    Answer,
    AsyncClient,
    Client,
    Delta,
    Message,
    Progress,
    ServiceRefused,
    ServiceUnreachable,
)
from tests.serve.served import FAST, PLANE, QUOTED, opened, serving

GARDEN = ("garden.md", b"# Garden\n\nThe garden of the branch in Oslo opens at seven in the morning.\n")


@pytest.fixture(scope="module")
def url(banks: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    root = Path(shutil.copytree(banks, tmp_path_factory.mktemp("client") / "root"))
    service = opened(root, root / "store.sqlite")
    with serving(service) as address:
        yield address
    service.close()


def test_a_program_asks_searches_and_reads(url: str) -> None:
    with Client(url) as service:
        assert [bank.name for bank in service.banks()] == ["aviation", "banking"]
        answer = service.ask(FAST, banks=["banking"])
        assert QUOTED in answer.text
        citation = answer.citations[0]
        document = service.document(citation.bank, citation.document)
        assert document.text[citation.start : citation.end] == citation.quote
        told = list(service.ask_stream(PLANE))
        assert isinstance(told[-1], Answer)
        assert any(isinstance(one, Progress) for one in told)
        assert "".join(one.text for one in told if isinstance(one, Delta)) == told[-1].text
        cited = told[-1].citations[0]
        source = service.source(cited.bank, cited.document, cited.start, cited.end)
        assert (source.kind, source.quote) == ("pdf", cited.quote)
        assert source.boxes[0].page == cited.page
        passages = service.search("replacement card", k=2, explain=True)
        assert passages[0].scores is not None
        assert passages[0].scores["total"] == passages[0].score


def test_a_program_holds_a_conversation(url: str) -> None:
    with Client(url) as service:
        conversation = service.begin()
        message = service.say(conversation.id, FAST)
        assert QUOTED in message.text
        told = list(service.say_stream(conversation.id, "And by standard shipping?"))
        assert isinstance(told[-1], Message)
        service.rate(message.id, "up", "just so")
        assert service.cited(message.id, 1).quote == message.citations[0].quote
        service.stop(conversation.id)
        read = service.conversation(conversation.id)
        assert [one.role for one in read.messages] == ["user", "assistant"] * 2
        assert conversation.id in [one.id for one in service.conversations()]
        service.remove_conversation(conversation.id)
        with pytest.raises(ServiceRefused, match="no such conversation") as error:
            service.conversation(conversation.id)
        assert (error.value.status, error.value.code) == (404, "conversation_not_found")


async def test_the_same_awaited(url: str) -> None:
    async with AsyncClient(url) as service:
        assert QUOTED in (await service.ask(FAST)).text
        assert isinstance([told async for told in service.ask_stream(FAST)][-1], Answer)
        conversation = await service.begin()
        assert QUOTED in (await service.say(conversation.id, FAST)).text
        job = await service.upload("banking", GARDEN)
        states = [job async for job in service.follow(job)]
        assert states[-1].state == "done"
        assert states[-1].results[0].outcome == "added"
        assert (await service.job(job)).ended
        assert [one.id for one in await service.jobs(bank="banking")] == [job]
        garden = [one async for one in service.documents("banking") if one.title == "Garden"]
        assert (await service.remove_document("banking", garden[0].id)).title == "Garden"
        with pytest.raises(ServiceRefused) as error:
            await service.ask("")
        assert error.value.status == 422


def test_failures_say_what_to_do(url: str, tmp_path: Path) -> None:
    with Client(url) as service:
        with pytest.raises(ServiceRefused, match="no bank 'none'"):
            service.upload("none", GARDEN)
        with pytest.raises(ServiceRefused, match="no such job"):
            list(service.follow("nobody"))
    with Client("http://127.0.0.1:9") as nobody, pytest.raises(ServiceUnreachable, match="check that the service runs"):
        nobody.banks()
    page = httpx.Client(
        transport=httpx.MockTransport(lambda _: httpx.Response(200, text="<html>")), base_url="http://x"
    )
    with Client(http=page) as other, pytest.raises(ServiceUnreachable, match="check the address"):
        other.banks()
    busy = httpx.MockTransport(lambda _: httpx.Response(503, text="busy", headers={"Retry-After": "5"}))
    with Client(http=httpx.Client(transport=busy, base_url="http://x"), key="rd_x") as full:
        with pytest.raises(ServiceRefused) as error:
            full.banks()
        assert error.value.retry_after == 5.0
