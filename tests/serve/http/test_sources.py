"""What a citation shows over HTTP, to whom, and what it never shows."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import Any

import httpx
import pytest

from ingest import ingest
from knowledge.library import Library
from knowledge.types import Reader
from serve.service import Service
from serve.store.messages import CitedPlace, Message
from serve.store.schema import new_id, now
from tests.serve.conftest import Open
from tests.serve.served import DATA, FAST, PLANE, UNKNOWN, answer_of, asked, begun, client_of, opened

PDF = DATA / "aviation" / "20080108X00031.pdf"


async def answer(client: httpx.AsyncClient, question: str) -> dict[str, Any]:
    return dict(answer_of(await asked(client, await begun(client), question)))


async def test_a_citation_of_a_pdf_shows_its_page_and_where_the_words_stand(client: httpx.AsyncClient) -> None:
    message = await answer(client, PLANE)
    cited = message["citations"][0]
    response = await client.get(f"/api/messages/{message['id']}/citations/1/source")
    assert response.status_code == 200, response.text
    source = response.json()
    assert (source["kind"], source["page"], source["quote"]) == ("pdf", cited["page"], cited["quote"])
    assert source["uri"] == "20080108X00031.pdf"
    begin = source["start"] - source["offset"]
    assert source["text"][begin : begin + len(source["quote"])] == source["quote"]
    assert {box["page"] for box in source["boxes"]} == {cited["page"]}
    file = await client.get(source["file"])
    assert file.headers["content-type"] == "application/pdf"
    assert file.headers["x-content-type-options"] == "nosniff"
    assert file.content == PDF.read_bytes()


async def test_a_citation_of_a_text_shows_the_text(client: httpx.AsyncClient) -> None:
    message = await answer(client, FAST)
    source = (await client.get(f"/api/messages/{message['id']}/citations/1/source")).json()
    assert (source["kind"], source["file"], source["boxes"], source["pages"]) == ("text", None, [], None)
    assert source["text"][source["start"] : source["end"]] == source["quote"]
    refused = await client.get(f"/api/messages/{message['id']}/citations/1/file")
    assert refused.status_code == 410
    assert refused.json()["error"]["code"] == "source_gone"


async def test_what_came_closest_can_be_looked_at_too(client: httpx.AsyncClient) -> None:
    message = await answer(client, UNKNOWN)
    assert message["abstained"]
    source = await client.get(f"/api/messages/{message['id']}/citations/1/source")
    assert source.json()["quote"] == message["closest"][0]["quote"]


async def test_a_part_of_the_file_is_given_where_it_is_asked_for(client: httpx.AsyncClient) -> None:
    message = await answer(client, PLANE)
    file, data = f"/api/messages/{message['id']}/citations/1/file", PDF.read_bytes()
    parts = {"bytes=0-9": data[:10], "bytes=100-": data[100:], "bytes=-20": data[-20:]}
    for header, expected in parts.items():
        response = await client.get(file, headers={"Range": header})
        assert (response.status_code, response.content) == (206, expected)
    assert response.headers["content-range"] == f"bytes {len(data) - 20}-{len(data) - 1}/{len(data)}"
    for header in ("bytes=5-2", "pages=1-2", "bytes=0-1,4-5", "bytes=-"):
        assert (await client.get(file, headers={"Range": header})).status_code == 200
    assert (await client.get(file, headers={"Range": f"bytes={len(data)}-"})).status_code == 416
    etag = f'"{hashlib.sha256(data).hexdigest()}"'
    assert (await client.get(file, headers={"If-None-Match": etag})).status_code == 304
    stale = {"Range": "bytes=0-9", "If-Range": '"other"'}
    assert (await client.get(file, headers=stale)).status_code == 200


@pytest.mark.parametrize("path", ["/api/messages/{id}/citations/99/source", "/api/messages/nobody/citations/1/source"])
async def test_there_is_nothing_where_nothing_was_cited(client: httpx.AsyncClient, path: str) -> None:
    message = await answer(client, FAST)
    assert (await client.get(path.format(id=message["id"]))).status_code == 404


async def test_another_visitor_sees_nothing(service: Service) -> None:
    service.guard.keys.make("any", scopes=frozenset({"chat"}))
    async with client_of(service) as owner, client_of(service) as other:
        owner.headers["X-Refdesk-CSRF"] = (await owner.get("/api/session")).json()["csrf"]
        await other.get("/api/session")
        message = await answer(owner, FAST)
        path = f"/api/messages/{message['id']}/citations/1/source"
        assert (await owner.get(path)).status_code == 200
        assert (await other.get(path)).status_code == 404


def stored(service: Service, owner: str, **place: Any) -> str:
    """A message with one citation, as if it had been answered; its id."""
    conversation = service.store.conversations.begin(owner)
    cited = CitedPlace(number=1, title="t", **place)
    message = Message(new_id(), conversation.id, "assistant", "It is so [1].", "x", now(), citations=(cited,))
    service.store.messages.add(message)
    return message.id


async def test_what_the_reader_may_not_read_any_more_is_not_shown(service: Service, client: httpx.AsyncClient) -> None:
    bank = service.library.bank("banking")
    secret = next(one for one in bank.documents(reader=Reader(frozenset({"staff"}))) if "staff" in one.allow)
    text = bank.document(secret.id, reader=Reader(frozenset({"staff"}))).text
    id = stored(
        service, "local", bank="banking", document_id=secret.id, uri=secret.uri, start=0, end=20, quote=text[:20]
    )
    response = await client.get(f"/api/messages/{id}/citations/1/source")
    assert response.status_code == 410
    assert text[:20] not in response.text


async def test_a_document_that_was_read_again_is_found_by_its_place(
    service: Service, client: httpx.AsyncClient
) -> None:
    document = service.library.bank("aviation").documents()[0]
    text = service.library.bank("aviation").document(document.id).text
    moved = stored(
        service, "local", bank="aviation", document_id=999, uri=document.uri, start=90, end=130, quote=text[100:140]
    )
    source = (await client.get(f"/api/messages/{moved}/citations/1/source")).json()
    assert (source["start"], source["end"], source["quote"]) == (100, 140, text[100:140])
    gone = stored(service, "local", bank="aviation", document_id=999, uri="/x", start=0, end=4, quote=text[:4])
    assert (await client.get(f"/api/messages/{gone}/citations/1/source")).status_code == 410
    no_bank = stored(service, "local", bank="none", document_id=1, uri="/x", start=0, end=4, quote=text[:4])
    assert (await client.get(f"/api/messages/{no_bank}/citations/1/source")).status_code == 410


async def test_a_file_that_was_swapped_is_not_shown(banks: Path, tmp_path: Path, open_served: Open) -> None:
    root = Path(shutil.copytree(banks, tmp_path / "own"))
    own = tmp_path / "report.pdf"
    own.write_bytes(PDF.read_bytes())
    ingest(str(own), Library(root).create("reports"))
    service = opened(root, tmp_path / "own.sqlite")
    document = service.library.bank("reports").documents()[0]
    path = f"/api/banks/reports/documents/{document.id}"
    async with client_of(service) as client:
        assert (await client.get(f"{path}/file")).content == PDF.read_bytes()
        shown = (await client.get(f"{path}/source", params={"start": 0, "end": 30})).json()
        assert shown["kind"] == "pdf"
        own.unlink()
        own.symlink_to(root / "refdesk.yaml")
        refused = await client.get(f"{path}/file")
        assert refused.status_code == 410
        assert "banking" not in refused.text
        shown = (await client.get(f"{path}/source", params={"start": 0, "end": 30})).json()
        assert (shown["kind"], shown["file"], len(shown["quote"])) == ("text", None, 30)
    service.close()
