"""Banks that the service searches through Chroma, beside whatever else happens to them; a few chunks are many here."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from filelock import FileLock, Timeout

from knowledge.library import CHROMA_FROM
from knowledge.retrieval.chroma_search import ChromaVectors
from knowledge.retrieval.vectors import ExactVectors, VectorIndex
from serve.backup.making import make_backup
from serve.reloading import Reloading
from serve.service import Service, open_service
from serve.serving import make_server
from tests.serve.jobs.test_ingesting import GARDEN, ended, uploaded
from tests.serve.served import FAST, PLANE, QUOTED, client_of, listening, shell_at

ROOT = Path(__file__).parent.parent.parent
ENOUGH = 60
OSLO = "When does the garden in Oslo open?"


@pytest.fixture
def home(banks: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(banks, tmp_path / "home"))


@pytest.fixture
def service(home: Path) -> Iterator[Service]:
    made = open_service(shell_at(home), chroma_from=1)
    yield made
    made.close()


async def text(client: httpx.AsyncClient, question: str) -> str:
    return str((await client.post("/api/ask", json={"question": question})).json()["text"])


def settled(service: Service, bank: str = "banking") -> type[VectorIndex]:
    """Through what the next search of the bank goes, once what was begun in the background has ended."""
    held = service.library.bank(bank)
    assert held.settle(ENOUGH)
    with held.catalog.reading():
        return type(held._indexes.current(held.catalog).vectors)


def is_free(home: Path, bank: str = "banking") -> bool:
    """Whether no process has the bank's mirror."""
    try:
        with FileLock(home / "banks" / bank / "chroma" / "owner.lock", timeout=0):
            return True
    except Timeout:
        return False


def mark(home: Path, bank: str = "banking") -> dict[str, object]:
    found: dict[str, object] = json.loads((home / "banks" / bank / "chroma" / "mark.json").read_text("utf-8"))
    return found


def refdesk(home: Path, *arguments: str) -> None:
    """Another process on the same banks."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-m", "serve", *arguments], cwd=home, env=environment, check=True)


async def test_a_served_bank_comes_to_be_searched_through_chroma_and_uploads_beside_that_are_found_at_once(
    service: Service, home: Path
) -> None:
    async with client_of(service) as client:
        assert QUOTED in await text(client, FAST)
        assert settled(service) is ChromaVectors
        assert not is_free(home)
        assert QUOTED in await text(client, FAST)
        service.jobs.start()
        job = await uploaded(client, ("garden.md", GARDEN.encode()))
        assert (await ended(client, job))["state"] == "done"
        assert "**seven** in the morning" in await text(client, OSLO)
        assert settled(service) is ChromaVectors
        listed = (await client.get("/api/banks/banking/documents")).json()["documents"]
        garden = next(one["id"] for one in listed if one["title"] == "Garden")
        assert (await client.delete(f"/api/banks/banking/documents/{garden}")).status_code == 200
        assert "seven in the morning" not in await text(client, OSLO)
        assert settled(service) is ChromaVectors
    assert not mark(home)["clean"]
    generation = service.library.bank("banking").catalog.generation()
    service.close()
    assert is_free(home)
    assert mark(home)["clean"]
    assert mark(home)["generation"] == generation
    found = service.library.bank("banking").verify()
    assert (found.faults, found.notes) == ((), ())


async def test_a_service_that_is_told_to_end_lets_go_of_the_mirrors_wherever_their_opening_stands(home: Path) -> None:
    for wait in (0.0, 0.3, ENOUGH):
        service = open_service(shell_at(home), chroma_from=1)
        app = Reloading(service)
        with listening(make_server(app, service)) as url:
            async with httpx.AsyncClient(base_url=url, timeout=ENOUGH) as client:
                assert QUOTED in await text(client, FAST)
                service.library.bank("banking").settle(wait)
                await app.reload()
                assert QUOTED in await text(client, FAST)
        service.close()
        assert is_free(home)
        assert is_free(home, "aviation")
        assert mark(home)["clean"]


async def test_of_two_services_one_has_the_mirror_and_the_other_answers_the_same(service: Service, home: Path) -> None:
    database = f"sqlite:///{home / 'other.sqlite'}"
    (home / "refdesk.yaml").write_text(
        f"{(home / 'refdesk.yaml').read_text('utf-8')}server: {{database: '{database}'}}\n", "utf-8"
    )
    other = open_service(shell_at(home), chroma_from=1)
    for one, index in ((service, ChromaVectors), (other, ExactVectors)):
        async with client_of(one) as client:
            for _ in range(2):
                assert QUOTED in await text(client, FAST)
                assert settled(one) is index
    other.close()
    assert not is_free(home)


async def test_a_bank_is_copied_removed_and_made_again_while_it_is_open(service: Service, home: Path) -> None:
    async with client_of(service) as client:
        await text(client, PLANE)
        assert settled(service, "aviation") is ChromaVectors
        made = make_backup(service.shell, home.parent / "copy.tar.gz")
        assert made.banks == ("aviation", "banking")
        assert not any("/chroma/" in entry.path for entry in made.entries)
        refdesk(home, "banks", "rm", "aviation", "--yes")
        listed = (await client.get("/api/banks")).json()["banks"]
        assert [one["name"] for one in listed] == ["banking"]
        assert QUOTED in await text(client, FAST)
        (home / "garden.md").write_text(GARDEN, "utf-8")
        refdesk(home, "ingest", "garden.md", "--bank", "aviation")
        before = mark(home, "aviation")
        assert "**seven** in the morning" in await text(client, OSLO)
        assert settled(service, "aviation") is ChromaVectors
    service.close()
    assert mark(home, "aviation") == before
    assert is_free(home, "aviation")


def test_banks_of_fewer_chunks_are_searched_exactly(home: Path) -> None:
    service = open_service(shell_at(home))
    service.library.search(FAST, k=1)
    assert service.library.bank("banking").catalog.counts()[1] < CHROMA_FROM
    assert settled(service) is ExactVectors
    assert is_free(home)
    service.close()
