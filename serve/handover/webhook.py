"""Tickets by webhook: a POST that its receiver can tell from a forged one, and a repeated one by its id."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit, urlunsplit

import httpx

from agents.tool.builtin.page_fetch import is_public
from serve.handover.channels import Undelivered
from serve.handover.news import HEADLINES
from serve.store.outbox import Delivery, News

SIGNATURE = "Refdesk-Signature"
TIMEOUT = 10.0


@dataclass(frozen=True, slots=True)
class WebhookChannel:
    """Posts to `url`. The name is resolved once, every address it has is checked, and that address is connected to.

    Redirects are not followed, and no proxy of the environment is used.
    """

    url: str
    secret: str = field(repr=False)
    allow_private: bool = False

    @property
    def carries(self) -> Collection[News]:
        """Everything that happens to a ticket."""
        news: tuple[News, ...] = tuple(HEADLINES)  # type: ignore[arg-type]  # its keys are the news
        return news

    def deliver(self, delivery: Delivery) -> None:
        """Post it; raises `Undelivered` unless the answer says that it was taken."""
        body = body_of(delivery)
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "refdesk",
            "Refdesk-Event": delivery.event,
            "Refdesk-Delivery": delivery.id,
            SIGNATURE: signature(self.secret, body, int(time.time())),
        }
        try:
            status = self._posted(body, headers)
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            raise Undelivered(f"The webhook could not be reached ({str(error) or type(error).__name__}).") from error
        if not 200 <= status < 300:
            raise Undelivered(f"The webhook answered {status}.")

    def _posted(self, body: bytes, headers: Mapping[str, str]) -> int:
        parts = urlsplit(self.url)
        host = parts.hostname or ""
        extensions = {"sni_hostname": host}
        with (
            httpx.Client(timeout=TIMEOUT, trust_env=False, follow_redirects=False) as client,
            client.stream(
                "POST",
                self._checked(parts, host),
                content=body,
                headers={**headers, "Host": parts.netloc},
                extensions=extensions,
            ) as response,
        ):
            # What it says besides is nobody's business, and might have no end.
            return response.status_code

    def _checked(self, parts: SplitResult, host: str) -> str:
        """The address with a number in place of the name."""
        try:
            found = [str(info[4][0]) for info in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)]
        except OSError as error:
            raise Undelivered(f"The host {host} of the webhook is not known.") from error
        if not self.allow_private and not all(map(is_public, found)):
            raise Undelivered(
                "The webhook leads into a private network:", hint="set `allow_private` where that is meant."
            )
        number = f"[{found[0]}]" if ":" in found[0] else found[0]
        port = f":{parts.port}" if parts.port else ""
        return urlunsplit((parts.scheme, f"{number}{port}", parts.path or "/", parts.query, ""))


def body_of(delivery: Delivery) -> bytes:
    """What is posted: the same for every attempt."""
    told = {"id": delivery.id, "event": delivery.event, "created": delivery.created.isoformat(), **delivery.payload}
    return json.dumps(told, ensure_ascii=False).encode("utf-8", "replace")


def signature(secret: str, body: bytes, moment: int) -> str:
    """HMAC-SHA256 over the moment and the body, as the header says it."""
    signed = hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={moment},v1={signed}"
