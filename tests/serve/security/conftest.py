"""A guard over a database of its own, and an application with a route for every kind of caller."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import Depends, FastAPI, Response

from serve.config.settings import ServerSettings, parse_server_settings
from serve.http.failures import add_failure_handlers
from serve.security.caller import Caller, Visit, asking, require, visit
from serve.security.edge import add_edge
from serve.security.guard import Guard
from serve.security.opening import open_guard
from serve.service import Service, open_service
from serve.store.database import Database
from serve.store.store import open_store
from tests.serve.security.staff_desk import Desk
from tests.serve.served import serving, shell_at
from tests.serve.staff_provider import SECRET, Provider, provider_at_work

HERE, ELSEWHERE = "127.0.0.1", "203.0.113.7"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A database with every table."""
    store = open_store(tmp_path)
    yield store.database
    store.close()


@dataclass(frozen=True, slots=True)
class Guarded:
    """A guard, and an application that asks it."""

    guard: Guard
    app: FastAPI

    def client(self, url: str = "http://localhost:8080", *, address: str = HERE) -> httpx.AsyncClient:
        """A program or a browser at `address` that asks for `url`; it keeps cookies."""
        return httpx.AsyncClient(transport=httpx.ASGITransport(self.app, client=(address, 40000)), base_url=url)

    async def page(self, url: str = "http://localhost:8080", *, address: str = HERE) -> Page:
        """A page that a visitor has opened."""
        client = self.client(url, address=address)
        answer = await client.get("/api/session", headers={"Sec-Fetch-Site": "same-origin"})
        assert answer.status_code == 200
        return Page(client, answer.json()["csrf"], answer.json()["id"], url)


@dataclass(frozen=True, slots=True)
class Page:
    """A visitor's page: its client with the cookie, and the token that it was told."""

    client: httpx.AsyncClient
    csrf: str
    visitor: str
    url: str

    async def ask(self, **headers: str) -> httpx.Response:
        """What the page gets when it asks something; `headers` come in place of those that it sends itself."""
        own = {"X-Refdesk-CSRF": self.csrf, "Origin": self.url, "Sec-Fetch-Site": "same-origin"}
        given = own | {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.client.post("/api/ask", headers={name: value for name, value in given.items() if value})


MakeGuarded = Callable[..., Guarded]


@pytest.fixture
def guarded(database: Database) -> MakeGuarded:
    """Makes an application under settings of the section `server:`."""

    def make(*, loopback: bool = True, **settings: object) -> Guarded:
        guard = open_guard(database, ServerSettings.model_validate(settings), loopback=loopback)
        return Guarded(guard, _application(guard))

    return make


@dataclass(frozen=True, slots=True)
class _Service:
    guard: Guard


def _application(guard: Guard) -> FastAPI:
    app = FastAPI()
    service = _Service(guard)
    add_failure_handlers(app, ["en"])
    add_edge(app, guard, upload_mb=2, languages=["en"])

    @app.get("/api/session")
    async def session(visit: Visit = Depends(visit(service))) -> dict[str, str]:  # noqa: B008  # FastAPI's own way
        return {"csrf": visit.csrf, "id": visit.caller.id, "kind": visit.caller.kind}

    @app.post("/api/ask")
    async def ask(caller: Caller = Depends(asking(service, "chat"))) -> dict[str, object]:  # noqa: B008  # as above
        return told(caller)

    @app.get("/api/who")
    async def who(caller: Caller = Depends(require(service))) -> dict[str, object]:  # noqa: B008  # as above
        return told(caller)

    @app.get("/api/admin")
    async def admin(caller: Caller = Depends(require(service, "admin"))) -> dict[str, object]:  # noqa: B008  # as above
        return told(caller)

    @app.post("/api/echo")
    async def echo(given: dict[str, object]) -> int:
        return len(given)

    @app.post("/api/uploads")
    async def upload() -> str:
        return "taken"

    @app.get("/widget")
    async def widget() -> Response:
        return Response("", headers={"Content-Security-Policy": "frame-ancestors *"})

    return app


def told(caller: Caller) -> dict[str, object]:
    """The caller as JSON."""
    return {"kind": caller.kind, "id": caller.id, "roles": sorted(caller.roles), "address": caller.address}


@pytest.fixture(scope="module")
def shared_provider() -> Iterator[Provider]:
    """A provider, started once."""
    with provider_at_work() as provider:
        yield provider


@pytest.fixture
def provider(shared_provider: Provider) -> Iterator[Provider]:
    """The provider, which does right unless it is told otherwise."""
    kept = {name: getattr(shared_provider, name) for name in ("key", "signs", "algorithm", "down")}
    accounts = {name: dict(claims) for name, claims in shared_provider.accounts.items()}
    yield shared_provider
    shared_provider.accounts = accounts
    for changed in (shared_provider.claims, shared_provider.told, shared_provider.metadata):
        changed.clear()
    for name, value in kept.items():
        setattr(shared_provider, name, value)


@pytest.fixture
def opened_desk(banks: Path, tmp_path: Path) -> Iterator[Desk]:
    """Opens services at which staff sign in."""
    made: list[Service] = []

    def open_desk(oidc: dict[str, Any], **settings: Any) -> Service:
        given = {"database": f"sqlite:///{tmp_path / 'store.sqlite'}", "oidc": oidc, **settings}
        shell = shell_at(banks)
        shell = replace(shell, environment=replace(shell.environment, oidc_client_secret=SECRET))
        made.append(open_service(shell, parse_server_settings(given, None)))
        return made[-1]

    yield open_desk
    for service in made:
        service.close()


@pytest.fixture
def desk(opened_desk: Desk, provider: Provider) -> Iterator[tuple[Service, str]]:
    """A service at which staff sign in, and its address."""
    service = opened_desk(provider.settings())
    with serving(service) as url:
        yield service, url
