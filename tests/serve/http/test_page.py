"""The page's files: compressed where that is taken, kept where they may be."""

from __future__ import annotations

import gzip
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from serve.http.page import page_routes, read_page


@pytest.fixture
def site(tmp_path: Path) -> httpx.AsyncClient:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html>hello", "utf-8")
    script = tmp_path / "assets" / "main-abc123.js"
    script.write_text("let one = 1;", "utf-8")
    script.with_name("main-abc123.js.gz").write_bytes(gzip.compress(b"let one = 1;"))
    app = FastAPI()
    app.include_router(page_routes(tmp_path))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1")


async def test_the_page_is_asked_for_again_and_its_parts_are_kept(site: httpx.AsyncClient) -> None:
    page = await site.get("/")
    assert page.text == "<!doctype html>hello"
    assert page.headers["cache-control"] == "no-cache"
    assert page.headers["content-type"].startswith("text/html")
    part = await site.get("/assets/main-abc123.js", headers={"accept-encoding": "identity"})
    assert "immutable" in part.headers["cache-control"]
    assert part.headers["content-type"].startswith("text/javascript")
    assert "content-encoding" not in part.headers


async def test_what_is_compressed_is_sent_so_where_it_is_taken(site: httpx.AsyncClient) -> None:
    part = await site.get("/assets/main-abc123.js", headers={"accept-encoding": "gzip;q=1.0, br"})
    assert part.headers["content-encoding"] == "gzip"
    assert part.text == "let one = 1;"
    assert part.headers["vary"] == "Accept-Encoding"


async def test_what_the_browser_has_is_not_sent_again(site: httpx.AsyncClient) -> None:
    etag = (await site.get("/")).headers["etag"]
    again = await site.get("/", headers={"if-none-match": etag})
    assert (again.status_code, again.content) == (304, b"")


async def test_nothing_but_the_page_is_served(site: httpx.AsyncClient) -> None:
    for path in ("/assets/../index.html", "/assets/%2e%2e/%2e%2e/etc/passwd", "/assets/main-abc123.js.gz", "/x"):
        assert (await site.get(path)).status_code == 404 or path.endswith("index.html")
    assert (await site.head("/")).status_code == 200


async def test_a_page_that_was_not_built_says_so(tmp_path: Path) -> None:
    app = FastAPI()
    app.include_router(page_routes(tmp_path / "nothing"))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
        assert "not built" in (await client.get("/")).text


def test_applications_share_the_files(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("x", "utf-8")
    assert read_page(tmp_path) is read_page(tmp_path)
