"""Tickets by e-mail over TLS, to a real mail server with a certificate of its own."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from serve.config.handover import Mail
from serve.handover.channels import Undelivered
from serve.handover.mail import MailChannel
from serve.store.outbox import Delivery
from serve.store.schema import now
from tests.serve.handover.test_channels import PASSWORD, Letters

HOST = "127.0.0.1"
Tls = Literal["starttls", "implicit"]


def certificate(folder: Path, *, host: str = HOST, days: int = 1) -> Path:
    """A certificate that vouches for itself, and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail server of a test")])
    begins = datetime.now(UTC) - timedelta(days=2)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(datetime.now(UTC) + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(host))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / f"{host}.pem"
    told = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(made.public_bytes(Encoding.PEM) + told)
    return file


class Greeted(Controller):
    """A server that makes sure that it runs without asking whom it is to trust."""

    def _trigger_server(self) -> None:
        with socket.create_connection((self.hostname, self.port), 10) as plain:
            if self.ssl_context is None:
                plain.recv(100)
                return
            anybody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            anybody.check_hostname, anybody.verify_mode = False, ssl.CERT_NONE
            with anybody.wrap_socket(plain) as secure:
                secure.recv(100)


@contextmanager
def mail_server(file: Path | None, tls: Tls) -> Iterator[tuple[Letters, list[str], int]]:
    """A mail server that knows one user, over TLS if there is a certificate: what it got, was told, and its port."""
    box, told = Letters(), list[str]()

    def known(_server: object, session: object, _envelope: object, _mechanism: str, given: object) -> AuthResult:
        told.append(given.password.decode())  # type: ignore[attr-defined]  # aiosmtpd's LoginPassword
        return AuthResult(success=told[-1] == PASSWORD, handled=False)

    context = None
    if file is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
    with socket.create_server((HOST, 0)) as free:
        port = free.getsockname()[1]
    ways: dict[str, Any] = {"ssl_context": context} if tls == "implicit" else {"tls_context": context}
    strict = context is not None and tls == "starttls"
    controller = Greeted(
        box, hostname=HOST, port=port, authenticator=known, auth_require_tls=strict, require_starttls=strict, **ways
    )
    controller.start()
    yield box, told, port
    controller.stop()


def send(port: int, tls: Tls) -> None:
    """Send one ticket."""
    settings = Mail(host=HOST, port=port, tls=tls, user="refdesk", sender="desk@example.com", to=["a@example.com"])
    ticket = {"number": "T-1", "trigger": "request", "reason": "Lost", "contact": ""}
    payload = {"ticket": ticket, "conversation": {"title": "My card"}, "question": "Where?", "url": None}
    MailChannel(settings, PASSWORD).deliver(
        Delivery(id="d1", ticket="t1", channel="mail", event="ticket.opened", payload=payload, created=now())
    )


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_a_letter_goes_to_a_server_whose_certificate_is_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tls: Tls
) -> None:
    file = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))  # OpenSSL's own way to trust one
    with mail_server(file, tls) as (box, told, port):
        send(port, tls)
    (letter,) = box.got
    assert letter["Subject"] == "T-1 New ticket: My card"
    assert told == [PASSWORD]


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
@pytest.mark.parametrize("wrong", ["unknown", "of another", "expired"])
def test_a_wrong_certificate_gets_neither_password_nor_letter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tls: Tls, wrong: str
) -> None:
    file = certificate(
        tmp_path, host="127.0.0.2" if wrong == "of another" else HOST, days=-1 if wrong == "expired" else 1
    )
    if wrong != "unknown":
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
    with mail_server(file, tls) as (box, told, port), pytest.raises(Undelivered, match="certificate verify failed"):
        send(port, tls)
    assert (box.got, told) == ([], [])


def test_a_server_without_tls_gets_neither_password_nor_letter() -> None:
    with mail_server(None, "starttls") as (box, told, port), pytest.raises(Undelivered, match="STARTTLS"):
        send(port, "starttls")
    assert (box.got, told) == ([], [])
