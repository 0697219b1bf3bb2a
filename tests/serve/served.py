"""A service over two small banks of real documents, for tests: opened, asked, and served on loopback."""

from __future__ import annotations

import json
import shutil
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any
from uuid import uuid4

import httpx
from fastapi import FastAPI

from agents.model.chat import ChatModel
from ingest.deployment import jobs
from knowledge.settings import process_environment
from knowledge.terminal.opening import open_library
from knowledge.terminal.shell import Shell
from serve.config.settings import parse_server_settings
from serve.http.app import make_app
from serve.service import Service, open_service
from serve.serving import listening_socket, make_server
from serve.store.store import open_store

DATA = Path(__file__).parent.parent.parent / "data"
ORIGIN = "http://127.0.0.1:8080"
# Both are answered by the banks below, the third by neither.
FAST = "How many business days does expedited shipping of a replacement card take?"
EXPEDITED = "Expedited shipping: 2–3 business days."
# The same as it is quoted, with what answers in bold.
QUOTED = "Expedited shipping: **2–3** business days."
PLANE = "Which airplane was destroyed near Boquete, Panama?"
UNKNOWN = "What is the capital of Mongolia famous for in winter?"
SECRET = "Which tool do agents use to check pending replacement orders?"
EMPTY = "empty.sqlite"
CONFIG = """\
banks:
  banking:
    title: Rho-Bank help desk
    description: Credit cards of Rho-Bank, their fees, limits, rewards and replacements.
    sources:
      - {data}/banking/credit_cards_credit_card_replacements_*.md
      - {data}/banking/credit_cards_gold_rewards_card_00*.md
    access:
      - title: "*Internal*"
        allow: [staff]
  aviation:
    title: Accident reports
    description: Reports of aircraft accidents, airplane, pilot, weather and probable cause.
    sources: ["{data}/aviation/20080108X00031.pdf"]
"""


def build(root: Path) -> Path:
    """The banks, made under `root`; gives `root`."""
    (root / "refdesk.yaml").write_text(CONFIG.format(data=DATA), encoding="utf-8")
    shell = shell_at(root)
    library = open_library(shell)
    for job in jobs(shell, (), ()):
        assert not job.run(library).failed
    open_store(root, f"sqlite:///{root / EMPTY}").close()
    return root


def shell_at(root: Path) -> Shell:
    """The shell of the banks under `root`."""
    return Shell(root, root / "refdesk.yaml", process_environment())


def opened(root: Path, database: Path, *, model: ChatModel | None = None, **settings: Any) -> Service:
    """The service over the banks under `root`, with a database of its own and these settings.

    A new database is copied with its tables, as yet without a secret: to make them step by step takes long.
    """
    if (root / EMPTY).exists() and not database.exists():
        shutil.copy(root / EMPTY, database)
    given = parse_server_settings({"database": f"sqlite:///{database}", **settings}, None)
    return open_service(shell_at(root), given, model=model)


_apps: dict[int, tuple[Service, FastAPI]] = {}


def app_of(service: Service) -> FastAPI:
    """The application of the service, made once in a test: every client calls the same, as where it is served."""
    if id(service) not in _apps:
        _apps[id(service)] = service, make_app(service)
    return _apps[id(service)][1]


def forget_apps() -> None:
    """Lets the applications of a test go with it."""
    _apps.clear()


def client_of(service: Service, *, address: str = "127.0.0.1", **headers: str) -> httpx.AsyncClient:
    """A program that calls the service within this process."""
    transport = httpx.ASGITransport(app_of(service), client=(address, 50_000))
    return httpx.AsyncClient(transport=transport, base_url=ORIGIN, headers=headers)


@dataclass(frozen=True, slots=True)
class Event:
    """One server-sent event."""

    name: str
    data: Mapping[str, Any]
    id: str = ""


def events_in(text: str) -> list[Event]:
    """The events of a whole stream."""
    return [event for block in text.split("\n\n") if (event := _event(block)) is not None]


async def events_of(response: httpx.Response) -> AsyncIterator[Event]:
    """The events of a stream, as they come."""
    block: list[str] = []
    async for line in response.aiter_lines():
        if line:
            block.append(line)
        elif (event := _event("\n".join(block))) is not None:
            block = []
            yield event
        else:
            block = []


async def begun(client: httpx.AsyncClient) -> str:
    """The id of a new conversation."""
    response = await client.post("/api/conversations", json={})
    assert response.status_code == 201, response.text
    return str(response.json()["id"])


async def asked(client: httpx.AsyncClient, conversation: str, text: str, *, id: str = "") -> list[Event]:
    """Everything that happens when `text` is asked."""
    body = {"id": id or uuid4().hex, "text": text}
    response = await client.post(f"/api/conversations/{conversation}/messages", json=body)
    assert response.status_code == 200, response.text
    return events_in(response.text)


def answer_of(events: list[Event]) -> Mapping[str, Any]:
    """The message that the answer is."""
    found: Mapping[str, Any] = next(event.data["message"] for event in events if event.name == "answer")
    return found


@contextmanager
def serving(service: Service, *, port: int = 0) -> Iterator[str]:
    """The address of the service, served on loopback by a thread, at any port that is free unless one is given."""
    with listening(make_server(make_app(service), service), port=port) as url:
        yield url


@contextmanager
def listening(server: Any, *, port: int = 0) -> Iterator[str]:
    """The address at which the server answers, in a thread of its own."""
    listener = listening_socket("127.0.0.1", port)
    thread = Thread(target=_run, args=(server, listener))
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.handle_exit(15, None)
        thread.join(30)
        assert not thread.is_alive()


def _run(server: Any, listener: socket.socket) -> None:
    import asyncio

    asyncio.run(server.serve(sockets=[listener]))


def _event(block: str) -> Event | None:
    fields = dict(line.split(": ", 1) for line in block.splitlines() if line and not line.startswith(":"))
    return Event(fields["event"], json.loads(fields["data"]), fields.get("id", "")) if "event" in fields else None
