"""Addresses: what is fetched, and what is refused."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from ingest import ingest
from ingest.web import fetch, leads_inside
from knowledge.bank import KnowledgeBank
from knowledge.errors import LimitExceeded, ParseError

PAGE = b"<html><head><title>Fees</title></head><body><h1>Fees</h1><p>A card costs 3 euros.</p></body></html>"


class Site(BaseHTTPRequestHandler):
    """A few pages, good and bad."""

    def do_GET(self) -> None:
        if self.path.startswith("/loop"):
            return self.answer(302, b"", location="/loop")
        if self.path == "/moved":
            return self.answer(301, b"", location="/page")
        if self.path == "/file":
            return self.answer(302, b"", location="file:///etc/passwd")
        if self.path == "/huge":
            return self.answer(200, b"words " * 400_000)
        if self.path == "/notes.md":
            return self.answer(200, b"# Notes\n\nWords.\n", kind="text/plain; charset=utf-8")
        return self.answer(200, PAGE) if self.path == "/page" else self.answer(404, b"none")

    def answer(self, status: int, body: bytes, *, kind: str = "text/html", location: str = "") -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        if location:
            self.send_header("location", location)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_page_is_named_and_typed_by_what_the_server_says(site: str) -> None:
    page = fetch(f"{site}/page", max_mb=1, seconds=5)
    assert (page.data, page.name, page.suffix) == (PAGE, "page", ".html")
    assert fetch(f"{site}/notes.md", max_mb=1, seconds=5).suffix == ".md"
    assert fetch(f"{site}/moved", max_mb=1, seconds=5).data == PAGE


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/none", "answered 404 Not Found"),
        ("/loop", "redirects more than 5 times"),
        ("/file", "which is not http"),
    ],
)
def test_what_is_not_there_or_leads_elsewhere_is_refused_by_address(site: str, path: str, words: str) -> None:
    with pytest.raises(ParseError, match=words) as caught:
        fetch(site + path, max_mb=1, seconds=5)
    assert str(caught.value).startswith(site + path)


def test_a_page_beyond_the_limit_is_refused(site: str) -> None:
    with pytest.raises(LimitExceeded, match="more than the limit of 1 MB"):
        fetch(f"{site}/huge", max_mb=1, seconds=5)


def test_an_address_that_nobody_answers_is_refused_by_name() -> None:
    with pytest.raises(ParseError, match="could not be fetched"):
        fetch("http://127.0.0.1:9/", max_mb=1, seconds=5)


def test_private_addresses_are_told_from_public_ones() -> None:
    assert all(
        map(leads_inside, ("http://127.0.0.1/", "http://10.1.2.3/a", "http://[::1]/", "http://169.254.169.254/"))
    )
    assert not leads_inside("http://93.184.216.34/")


def test_an_address_goes_in_and_one_that_fails_later_keeps_what_it_held(bank: KnowledgeBank, site: str) -> None:
    assert ingest([f"{site}/page", f"{site}/none"], bank).exit_code == 1
    (only,) = bank.documents()
    assert (only.title, only.uri) == ("Fees", f"{site}/page")
    assert ingest([f"{site}/page"], bank).summary.startswith("hr: 1 unchanged")
