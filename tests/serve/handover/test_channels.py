"""News of tickets goes out by webhook and mail, until it has arrived, to servers that really listen."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from knowledge.errors import ConfigError
from serve.config.settings import parse_server_settings
from serve.handover.courier import PAUSES, Round
from serve.handover.opening import channels
from serve.service import Service, open_service
from serve.store.schema import now
from serve.store.tickets import Call
from tests.serve.conftest import Open
from tests.serve.served import shell_at

SECRET = "a secret of thirty-two characters"
PASSWORD = "the mail server's password"


@dataclass
class Receiver:
    """A webhook's receiver, which answers as it is told to."""

    statuses: list[int]
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""


@contextmanager
def receiving(*statuses: int) -> Iterator[Receiver]:
    """A receiver on loopback."""
    receiver = Receiver(list(statuses))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.got.append((dict(self.headers), body))
            self.send_response(receiver.statuses.pop(0) if receiver.statuses else 204)
            self.send_header("Location", "http://127.0.0.1:9/")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        receiver.url = f"http://127.0.0.1:{server.server_port}/hook?team=1"
        yield receiver
        server.shutdown()
        thread.join()


class Letters:
    """What a mail server was given."""

    def __init__(self) -> None:
        self.got: list[Any] = []
        self.to: list[str] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        self.to = envelope.rcpt_tos
        self.got.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"


@pytest.fixture
def letters() -> Iterator[tuple[Letters, int]]:
    """A real mail server on loopback, which knows one user."""

    def known(_server: Any, _session: Any, _envelope: Any, _mechanism: str, given: Any) -> AuthResult:
        return AuthResult(success=given.password == PASSWORD.encode(), handled=False)

    box = Letters()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=port, authenticator=known, auth_require_tls=False)
    controller.start()
    yield box, port
    controller.stop()


def opened(banks: Path, database: Path, **handover: Any) -> Service:
    """A service whose environment holds the secrets."""
    shell = shell_at(banks)
    environment = replace(shell.environment, webhook_secret=SECRET, smtp_password=PASSWORD)
    settings = parse_server_settings({"database": f"sqlite:///{database}", "handover": handover}, None)
    return open_service(replace(shell, environment=environment), settings)


def called(service: Service) -> str:
    """A ticket that was just opened."""
    talk = service.store.conversations.begin("v_1", title="Where is my card?\r\nBcc: all@example.com")
    service.store.events.call_person(talk.id, Call("request", "Lost", "a@example.com"))
    return service.handover.inbox.of(talk.id)[0].id


def rounds(service: Service) -> Round:
    return service.handover.courier.round


def test_a_ticket_is_posted_with_a_signature_until_it_is_taken(banks: Path, tmp_path: Path) -> None:
    with receiving(500, 302) as receiver:
        webhook = {"url": receiver.url, "allow_private": True}
        service = opened(banks, tmp_path / "s.sqlite", webhook=webhook, inbox_url="https://help.example.com/inbox")
        ticket = called(service)
        moment = now() + timedelta(seconds=1)
        rounds(service).address()
        for attempt, why in enumerate(("answered 500", "answered 302", ""), 1):
            tried = rounds(service).deliver(moment)
            assert tried is not None
            assert tried.attempts == attempt
            assert rounds(service).deliver(moment) is None
            (kept,) = service.handover.outbox.of([ticket])
            assert why in kept.error
            moment += timedelta(seconds=PAUSES[attempt - 1] + 1)
        assert kept.state == "delivered"
        service.close()
    bodies = {body for _, body in receiver.got}
    ids = {headers["Refdesk-Delivery"] for headers, _ in receiver.got}
    assert (len(receiver.got), len(bodies), len(ids)) == (3, 1, 1)
    headers, body = receiver.got[-1]
    stamp, signed = (part.split("=", 1)[1] for part in headers["Refdesk-Signature"].split(","))
    assert signed == hmac.new(SECRET.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    told = json.loads(body)
    assert (told["id"], told["event"]) == (ids.pop(), "ticket.opened")
    assert told["ticket"]["contact"] == "a@example.com"
    assert told["url"] == f"https://help.example.com/inbox#/t/{ticket}"


def test_a_webhook_never_leads_into_a_private_network_unless_allowed(banks: Path, tmp_path: Path) -> None:
    with receiving() as receiver:
        service = opened(banks, tmp_path / "s.sqlite", webhook={"url": receiver.url.replace("127.0.0.1", "localhost")})
        ticket = called(service)
        rounds(service).address()
        rounds(service).deliver(now())
        (kept,) = service.handover.outbox.of([ticket])
        assert "private network" in kept.error
        assert kept.state == "pending"
        service.close()
    assert receiver.got == []


def test_a_ticket_goes_out_by_mail(banks: Path, tmp_path: Path, letters: tuple[Letters, int]) -> None:
    box, port = letters
    mail = {"host": "127.0.0.1", "port": port, "tls": "none", "user": "refdesk", "sender": "desk@example.com"}
    service = opened(banks, tmp_path / "s.sqlite", mail={**mail, "to": ["a@example.com", "b@example.com"]})
    ticket = called(service)
    service.handover.inbox.give_back(ticket)
    rounds(service).address()
    while rounds(service).deliver(now()):
        continue
    (kept,) = service.handover.outbox.of([ticket])
    assert (kept.state, kept.error) == ("delivered", "")
    (letter,) = box.got
    assert box.to == ["a@example.com", "b@example.com"]
    assert letter["Subject"] == "T-1 New ticket: Where is my card? Bcc: all@example.com"
    assert letter["Bcc"] is None
    assert letter["Message-ID"] == f"<{kept.id}@example.com>"
    assert "Reason: Lost" in letter.get_content()
    service.close()


def test_a_wrong_password_is_said_without_it_and_tried_again_on_request(
    banks: Path, tmp_path: Path, letters: tuple[Letters, int]
) -> None:
    box, port = letters
    mail = {"host": "127.0.0.1", "port": port, "tls": "none", "user": "refdesk", "sender": "desk@example.com"}
    service = opened(banks, tmp_path / "s.sqlite", mail={**mail, "to": ["a@example.com"]})
    channel = service.handover.courier.round.channels["mail"]
    wrong = replace(rounds(service), channels={"mail": replace(channel, password="not the password")})  # type: ignore[type-var]  # it is a dataclass
    ticket = called(service)
    wrong.address()
    wrong.deliver(now())
    (kept,) = service.handover.outbox.of([ticket])
    assert kept.error == "The mail server did not take user and password."
    service.handover.outbox.send_again(ticket)
    rounds(service).deliver(now())
    assert len(box.got) == 1
    service.close()


def test_what_never_arrives_is_given_up_and_shown(open_served: Open) -> None:
    service = open_served()
    ticket = called(service)
    closed = {"webhook": _Closed()}
    goes = replace(rounds(service), channels=closed)  # type: ignore[arg-type]  # all that a channel needs
    goes.address()
    moment = now()
    for _ in range(len(PAUSES) + 1):
        assert goes.deliver(moment) is not None
        moment += timedelta(days=1)
    assert goes.deliver(moment) is None
    (kept,) = service.handover.outbox.of([ticket])
    assert (kept.state, kept.error) == ("failed", "Something went wrong here; the log says what.")


class _Closed:
    carries = ("ticket.opened",)

    def deliver(self, _: Any) -> None:
        raise RuntimeError("closed")


def test_without_channels_news_is_not_kept(service: Service) -> None:
    ticket = called(service)
    assert rounds(service).address() == 1
    assert rounds(service).address() == 0
    assert service.handover.outbox.of([ticket]) == ()


def test_the_courier_delivers_what_was_left_before(banks: Path, tmp_path: Path) -> None:
    with receiving() as receiver:
        webhook = {"url": receiver.url, "allow_private": True}
        first = opened(banks, tmp_path / "s.sqlite", webhook=webhook)
        ticket = called(first)
        first.close()
        second = opened(banks, tmp_path / "s.sqlite", webhook=webhook)
        second.handover.start()
        while not all(one.delivered for one in second.handover.outbox.of([ticket])) or not receiver.got:
            continue
        second.close()
    assert len(receiver.got) == 1


def test_missing_secrets_are_said_with_their_place(banks: Path) -> None:
    shell = shell_at(banks)
    webhook = parse_server_settings({"handover": {"webhook": {"url": "https://example.com"}}}, None).handover
    with pytest.raises(ConfigError, match="REFDESK_WEBHOOK_SECRET is not set"):
        channels(shell, webhook)
    mail = {"host": "mail.example.com", "sender": "a@example.com", "to": ["b@example.com"], "user": "x"}
    with pytest.raises(ConfigError, match="REFDESK_SMTP_PASSWORD is not set"):
        channels(shell, parse_server_settings({"handover": {"mail": mail}}, None).handover)
    told = replace(shell, environment=replace(shell.environment, smtp_password=PASSWORD))
    with pytest.raises(ConfigError, match="in the clear"):
        channels(told, parse_server_settings({"handover": {"mail": {**mail, "tls": "none"}}}, None).handover)
