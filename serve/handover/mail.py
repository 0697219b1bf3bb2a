"""Tickets by e-mail."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Collection
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import format_datetime

from serve.config.handover import Mail
from serve.handover.channels import Undelivered
from serve.handover.news import subject_of, text_of
from serve.store.outbox import Delivery, News

TIMEOUT = 15.0
CARRIES: tuple[News, ...] = ("ticket.opened", "ticket.waiting")


@dataclass(frozen=True, slots=True)
class MailChannel:
    """Sends by the server of `settings`; every attempt at a message has the same Message-ID."""

    settings: Mail
    password: str = field(default="", repr=False)

    @property
    def carries(self) -> Collection[News]:
        """What somebody has to do something about."""
        return CARRIES

    def deliver(self, delivery: Delivery) -> None:
        """Send it; raises `Undelivered` unless the server took it for everybody."""
        try:
            with self._connected() as server:
                if self.settings.tls == "starttls":
                    server.starttls(context=ssl.create_default_context())
                if self.settings.user:
                    server.login(self.settings.user, self.password)
                refused = server.send_message(self._message(delivery))
        except smtplib.SMTPAuthenticationError as error:
            raise Undelivered("The mail server did not take user and password.") from error
        except (smtplib.SMTPException, OSError, ValueError) as error:
            raise Undelivered(f"The mail server did not take it ({_told(error)}).") from error
        if refused:
            raise Undelivered(f"The mail server refused {', '.join(refused)}.")

    def _connected(self) -> smtplib.SMTP:
        host, port = self.settings.host, self.settings.port
        if self.settings.tls == "implicit":
            return smtplib.SMTP_SSL(host, port, timeout=TIMEOUT, context=ssl.create_default_context())
        return smtplib.SMTP(host, port, timeout=TIMEOUT)

    def _message(self, delivery: Delivery) -> EmailMessage:
        message = EmailMessage()
        message["From"] = self.settings.sender
        message["To"] = ", ".join(self.settings.to)
        message["Subject"] = subject_of(delivery)
        message["Date"] = format_datetime(delivery.created)
        message["Message-ID"] = f"<{delivery.id}@{self.settings.sender.rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(text_of(delivery).encode("utf-8", "replace").decode())
        return message


def _told(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        said = error.smtp_error
        return f"{error.smtp_code} {said.decode('utf-8', 'replace') if isinstance(said, bytes) else said}"
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return f"refused: {', '.join(error.recipients)}"
    return str(error) or type(error).__name__
