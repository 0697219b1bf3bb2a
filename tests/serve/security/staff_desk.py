"""A service at which staff sign in, as a browser without a screen meets it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx

from serve.service import Service

AS_PAGE = {"Sec-Fetch-Site": "same-origin"}
# Opens a service at which staff sign in, by the settings of `oidc:` and others.
Desk = Callable[..., Service]


class Browser:
    """A browser without a screen: it follows where it is led, and keeps cookies, but no connection."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.client = httpx.Client(base_url=url, limits=httpx.Limits(max_keepalive_connections=0))

    def leave(self, next: str = "/inbox") -> httpx.Response:
        """Set off for the provider."""
        return self.client.get("/api/staff/sign-in", params={"next": next})

    def arrive(self, account: str, next: str = "/inbox") -> str:
        """Sign in at the provider; the address that leads back here, not yet followed."""
        led = self.leave(next)
        assert led.status_code == 303, led.text
        answer = httpx.post(led.headers["location"], data={"account": account})
        return answer.headers["location"]

    def back(self, address: str) -> str:
        """Follow the way back; where that leads, without our own address."""
        answer = self.client.get(address)
        assert answer.status_code == 303, answer.text
        place: str = answer.headers["location"]
        assert place.startswith(self.url)
        return place.removeprefix(self.url)

    def sign_in(self, account: str, next: str = "/inbox") -> str:
        """All of it; where it leads."""
        return self.back(self.arrive(account, next))

    def session(self) -> dict[str, Any]:
        """What the page is told."""
        found: dict[str, Any] = self.client.get("/api/session", headers=AS_PAGE).json()
        return found

    def post(self, path: str, **headers: str) -> httpx.Response:
        """What the page sends, with its token unless another is given."""
        own = {**AS_PAGE, "Origin": self.url, "X-Refdesk-CSRF": headers.pop("csrf", None) or self.session()["csrf"]}
        return self.client.post(path, json={}, headers={**own, **headers})

    @property
    def is_in(self) -> bool:
        """Whether the inbox opens."""
        return self.client.get("/api/inbox").status_code == 200


def audited(service: Service) -> list[str]:
    return [entry.action for entry in service.guard.audit.table.entries(action="staff")]
