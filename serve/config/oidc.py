"""The part `oidc:` of the section `server:`: how staff sign in with the accounts that they have anyway."""

from __future__ import annotations

from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from agents.studio.admission import is_loopback
from knowledge.config_sections import Strict
from serve.security.identity import SCOPES

Line = Annotated[str, Field(min_length=1, max_length=300)]
Email = Annotated[str, Field(pattern=r"^(\*|[^@\s*]+)@[^@\s*]+$", max_length=300)]


def _known_scope(scope: str) -> str:
    if scope not in SCOPES:
        raise ValueError(f"is no scope: write one of {', '.join(SCOPES)}")
    return scope


def is_confidential(address: object) -> bool:
    """Whether what is sent there stays between the two: over TLS, or within this machine."""
    try:
        parts = urlsplit(address if isinstance(address, str) else "")
    except ValueError:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))


def _confidential(url: str) -> str:
    if not is_confidential(url):
        raise ValueError("tokens travel over TLS only: write https://")
    return url


Scope = Annotated[str, AfterValidator(_known_scope)]
Issuer = Annotated[str, Field(pattern=r"^https?://[^\s/@?#]+(/[^\s?#]*)?$", max_length=2_000)]


class Team(Strict):
    """What those of any of these groups, or with one of these e-mail addresses, may do, and as whom they read.

    `*@example.com` stands for every address there. An address counts once the provider has verified it.
    """

    groups: list[Line] = Field(default_factory=list, max_length=200)
    emails: list[Email] = Field(default_factory=list, max_length=1_000)
    scopes: list[Scope] = Field(min_length=1)
    roles: list[Line] = Field(default_factory=list, max_length=100)

    @model_validator(mode="after")
    def _says_who(self) -> Self:
        if not (self.groups or self.emails):
            raise ValueError("says neither `groups` nor `emails`")
        return self


class Oidc(Strict):
    """An OpenID Connect provider at which staff sign in, and what each team may do here.

    The client's secret comes from REFDESK_OIDC_CLIENT_SECRET; a client without one proves itself by PKCE alone. `url`
    is the address of this service as others see it, where that is not what their requests ask for. A session ends after
    `session_hours`; with `sign_out_everywhere`, signing out here signs out at the provider as well.
    """

    name: Line
    issuer: Annotated[Issuer, AfterValidator(_confidential)]
    client_id: Line
    request: list[Line] = Field(default_factory=lambda: ["openid", "profile", "email"], max_length=50)
    groups_claim: Line = "groups"
    url: str = Field(default="", pattern=r"^(https?://[^\s/@?#]+(/[^\s?#]*)?)?$", max_length=2_000)
    session_hours: float = Field(default=8.0, gt=0, le=24 * 30)
    sign_out_everywhere: bool = False
    teams: list[Team] = Field(min_length=1, max_length=200)

    @model_validator(mode="after")
    def _asks_who_they_are(self) -> Self:
        if "openid" not in self.request:
            raise ValueError("`request` lacks `openid`, without which nobody says who signs in")
        return self
