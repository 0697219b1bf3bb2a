"""Uploads over HTTP: on disk when they are acknowledged, ingested by a process, asked about, deleted."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from serve.jobs.running import is_alive
from serve.service import Service
from serve.turns.places import unescaped
from tests.serve.served import DATA, client_of, events_in, opened

GARDEN = "# Garden\n\nThe garden of the branch in Oslo opens at seven in the morning. Dogs are welcome on a leash.\n"


@pytest.fixture(scope="module")
def root(banks: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(banks, tmp_path_factory.mktemp("own") / "root"))


@pytest.fixture
def service(root: Path, tmp_path: Path) -> Iterator[Service]:
    made = opened(root, tmp_path / "store.sqlite", limits={"upload_mb": 0.5})
    yield made
    made.close()


@pytest.fixture
async def client(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(service) as calling:
        yield calling


async def uploaded(client: httpx.AsyncClient, *files: tuple[str, bytes], bank: str = "banking") -> str:
    response = await client.post("/api/uploads", params={"bank": bank}, files=[("file", file) for file in files])
    assert response.status_code == 201, response.text
    return str(response.json()["job"])


async def ended(client: httpx.AsyncClient, job: str) -> dict[str, Any]:
    """The job, followed to its end."""
    response = await client.get(f"/api/jobs/{job}/events", timeout=120)
    events = events_in(response.text)
    assert events[-1].name == "end"
    return dict(events[-2].data)


async def test_a_document_is_uploaded_asked_about_and_deleted(client: httpx.AsyncClient, service: Service) -> None:
    job = await uploaded(client, ("garden.md", GARDEN.encode()), ("broken.pdf", b"%PDF-1.4 nothing"))
    waiting = (await client.get(f"/api/jobs/{job}")).json()
    assert (waiting["state"], waiting["total"]) == ("queued", 2)
    service.jobs.start()
    done = await ended(client, job)
    assert done["state"] == "done", done
    results = {result["name"]: result for result in done["results"]}
    assert results["garden.md"]["outcome"] == "added"
    assert results["broken.pdf"]["outcome"] == "failed"
    assert results["broken.pdf"]["reason"] in done["detail"]
    assert "1 of 2 files went in" in done["detail"]
    kept = service.shell.root / "uploads" / "banking"
    assert [path.name for path in kept.iterdir()] == ["garden.md"]

    answer = (await client.post("/api/ask", json={"question": "When does the garden in Oslo open?"})).json()
    assert "seven in the morning" in unescaped(answer["text"])
    assert answer["citations"][0]["uri"] == "uploads/banking/garden.md"

    again = await uploaded(client, ("garden.md", GARDEN.replace("seven", "eight").encode()))
    assert (await ended(client, again))["results"][0]["outcome"] == "replaced"
    listed = (await client.get("/api/banks/banking/documents")).json()["documents"]
    garden = next(one for one in listed if one["title"] == "Garden")
    removed = await client.delete(f"/api/banks/banking/documents/{garden['id']}")
    assert removed.json()["removed"]["title"] == "Garden"
    assert removed.json()["note"] == ""
    assert list(kept.iterdir()) == []
    assert (await client.get(f"/api/banks/banking/documents/{garden['id']}")).status_code == 404


async def test_a_job_that_was_running_when_the_service_died_is_taken_up_again(
    root: Path, client: httpx.AsyncClient, service: Service, tmp_path: Path
) -> None:
    job = await uploaded(client, ("oslo.md", GARDEN.replace("garden", "office").encode()))
    dead = f"{service.jobs._worker.split('/')[0]}/999999/1"
    assert not is_alive(dead)
    assert is_alive("elsewhere/1/1")
    assert service.jobs.table.claim(dead) is not None
    next_service = opened(root, tmp_path / "store.sqlite")
    try:
        next_service.jobs.start()
        async with client_of(next_service) as calling:
            done = await ended(calling, job)
        assert (done["state"], done["results"][0]["outcome"]) == ("done", "added")
    finally:
        next_service.close()


async def test_a_service_that_ends_leaves_its_job_to_the_next(
    root: Path, client: httpx.AsyncClient, service: Service
) -> None:
    job = await uploaded(client, ("rest.md", GARDEN.replace("garden", "canteen").encode()))
    service.jobs.start()
    service.jobs.close()
    found = service.jobs.table.find(job)
    assert found is not None
    assert found.state in ("queued", "done")
    service.jobs.start()
    assert (await ended(client, job))["state"] == "done"


async def test_what_cannot_be_taken_is_refused_and_leaves_nothing_behind(
    client: httpx.AsyncClient, service: Service
) -> None:
    where = "/api/uploads?bank=banking"
    cases: list[tuple[int, dict[str, Any]]] = [
        (422, {"files": [("file", ("..", b"x"))]}),
        (422, {"files": [("file", ("a.md", b"x")), ("file", ("A.md", b"y"))]}),
        (422, {"data": {"file": "no file"}}),
        (413, {"files": [("file", ("a.md", b"x" * 700_000))]}),
        (422, {"content": b"--x\r\nnonsense", "headers": {"Content-Type": "multipart/form-data; boundary=x"}}),
        (400, {"content": b"--x\r\nnonsense", "headers": {"Content-Type": "multipart/form-data"}}),
        (422, {"json": {}}),
    ]
    for status, sent in cases:
        response = await client.post(where, **sent)
        assert response.status_code == status, (sent, response.text)
        assert response.json()["error"]["message"]
    assert (await client.post("/api/uploads?bank=none", files={"file": ("a.md", b"x")})).status_code == 404
    incoming = service.shell.root / "uploads" / ".incoming"
    assert not incoming.exists() or list(incoming.iterdir()) == []
    assert (await client.get("/api/jobs")).json() == {"jobs": []}


async def test_only_a_key_that_may_write_uploads_and_deletes(service: Service) -> None:
    reading, _ = service.guard.keys.make("reading", scopes=["documents:read", "search"])
    async with client_of(service, Authorization=f"Bearer {reading}") as client:
        files = {"file": ("a.md", b"x")}
        assert (await client.post("/api/banks/banking/documents", files=files)).status_code == 403
        assert (await client.get("/api/jobs/x")).status_code == 403
        listed = (await client.get("/api/banks/banking/documents")).json()
        assert listed["total"] == len(listed["documents"])
        assert all(one["allow"] == ["public"] for one in listed["documents"])
        id = listed["documents"][0]["id"]
        assert (await client.delete(f"/api/banks/banking/documents/{id}")).status_code == 403
    assert DATA.exists()


async def test_a_document_of_a_folder_comes_back_and_that_is_said(client: httpx.AsyncClient) -> None:
    listed = (await client.get("/api/banks/aviation/documents")).json()["documents"]
    removed = (await client.delete(f"/api/banks/aviation/documents/{listed[0]['id']}")).json()
    assert "brings the document back" in removed["note"]
