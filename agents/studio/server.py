"""A studio behind HTTP: one thread a connection, nothing but the standard library."""

from __future__ import annotations

import logging
import socket
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from agents.studio.admission import COOKIE, Admission, is_loopback
from agents.studio.service import Response, Service, answered, failure
from knowledge.errors import RefdeskError, UsageError

log = logging.getLogger(__name__)
PORT = 8000
LARGEST_BODY = 8 * 2**20
# A connection that says nothing for so many seconds is closed.
SILENCE = 60
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class StudioServer:
    """Serves a studio at `host` and `port` (0: any that is free), in a thread of its own within `with`.

    Raises `UsageError` where the port is taken, and for a host beyond this machine without a token.
    """

    def __init__(
        self, service: Service, *, host: str = "127.0.0.1", port: int = PORT, token: str | None = None
    ) -> None:
        if not is_loopback(host) and not token:
            raise UsageError(
                f"A studio at {host} can be reached from other machines:",
                hint="set REFDESK_STUDIO_TOKEN, which they must then know.",
            )
        try:
            self._server = _server(service, Admission(token), host, port)
        except OSError as error:
            raise UsageError(
                f"The studio cannot listen at {host}, port {port}: {error.strerror}.", hint="Choose another `--port`."
            ) from error
        self._host = host

    @property
    def url(self) -> str:
        """Where a browser finds it."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._server.server_address[1]}"

    def serve(self) -> None:
        """Serve until `KeyboardInterrupt`."""
        with self._server:
            self._server.serve_forever()

    def __enter__(self) -> Self:
        Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    service: Service
    admission: Admission

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever hangs up in the middle is no news."""
        log.debug("A request from %s failed.", client_address, exc_info=True)


class _Server6(_Server):
    address_family = socket.AF_INET6


def _server(service: Service, admission: Admission, host: str, port: int) -> _Server:
    server = (_Server6 if ":" in host else _Server)((host, port), _Handler)
    server.service = service
    server.admission = admission
    return server


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    server_version = "refdesk-studio"
    sys_version = ""
    timeout = SILENCE

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are no news."""

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        query = dict(parse_qsl(address.query))
        if self.server.admission.is_token(query.get("token", "")):
            self._let_in()
        elif self._admitted():
            self._answer(lambda: self.server.service.get(address.path, query))

    def do_POST(self) -> None:
        if self._admitted() and (body := self._body()) is not None:
            kind = self.headers.get_content_type()
            self._answer(lambda: self.server.service.post(urlsplit(self.path).path, kind, body))

    def _admitted(self) -> bool:
        headers = {name.lower(): value for name, value in self.headers.items()}
        admitted = self.server.admission.admits(self.client_address[0], headers)
        if not admitted:
            self.close_connection = True
            self._send(
                failure(403, "Send the studio's token: REFDESK_STUDIO_TOKEN as a bearer, or ?token= in a browser.")
            )
        return admitted

    def _body(self) -> bytes | None:
        """The body of the request; None where it was refused."""
        try:
            length = int(self.headers.get("content-length", ""))
        except ValueError:
            length = -1
        if not 0 <= length <= LARGEST_BODY:
            self.close_connection = True
            self._send(failure(411 if length < 0 else 413, f"A request has a length, of {LARGEST_BODY} bytes at most."))
            return None
        body = self.rfile.read(length)
        if self.headers.get("content-encoding") != "gzip":
            return body
        try:
            return _inflated(body)
        except (OSError, EOFError, zlib.error):
            self._send(failure(400, "The body is not in the encoding that its header names, or too large."))
            return None

    def _answer(self, make: Any) -> None:
        try:
            response = make()
        except RefdeskError as error:
            log.error("%s", error)
            response = answered(error)
        self._send(response)

    def _let_in(self) -> None:
        """Let the browser keep a cookie, and take the token out of the address."""
        self.send_response(303)
        self.send_header("Location", "/")
        self.send_header("Set-Cookie", f"{COOKIE}={self.server.admission.cookie}; Path=/; HttpOnly; SameSite=Strict")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _send(self, response: Response) -> None:
        self.send_response(response.status)
        self.send_header("Content-Type", response.kind)
        self.send_header("Content-Length", str(len(response.body)))
        for name, value in HEADERS.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(response.body)


def _inflated(body: bytes) -> bytes:
    """The body without its compression; raises `OSError` for one that would be too large."""
    inflater = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    whole = inflater.decompress(body, LARGEST_BODY)
    if inflater.unconsumed_tail:
        raise OSError("too large")
    return whole
