"""Signing out at the provider ends the sessions here: OpenID Connect Back-Channel Logout 1.0, section 2.6."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from serve.config.oidc import Oidc
from serve.security.oidc_provider import LEEWAY, Untrusted
from serve.security.sign_in import subject_of
from serve.store.sessions import EndedElsewhere

EVENT = "http://schemas.openid.net/event/backchannel-logout"
TYPE = "logout+jwt"
# A token that is older than this, in seconds, was kept by somebody.
OLDEST = 600
# No moment lies so far ahead.
LAST = 2**36


def ended_elsewhere(header: Mapping[str, Any], claims: Mapping[str, Any], settings: Oidc) -> EndedElsewhere:
    """What a token whose signature was checked says that the provider has ended. Raises `Untrusted`."""
    wrong = next((said for said, fails in _faults(header, claims, settings) if fails), "")
    if wrong:
        raise Untrusted(f"This is no logout token for us: {wrong}.")
    subject, session = claims.get("sub"), claims.get("sid")
    return EndedElsewhere(
        settings.issuer,
        claims["jti"],
        datetime.fromtimestamp(claims["exp"] + LEEWAY, UTC),
        subject=subject_of(settings.issuer, subject) if subject else "",
        session=session or "",
    )


def _faults(header: Mapping[str, Any], claims: Mapping[str, Any], settings: Oidc) -> list[tuple[str, bool]]:
    moment, issued, ends = time.time(), _moment(claims.get("iat")), _moment(claims.get("exp"))
    events, audience = claims.get("events"), claims.get("aud")
    named = [claims.get(name) for name in ("sub", "sid") if name in claims]
    return [
        (
            "it is of another kind",
            str(header.get("typ", TYPE)).lower().removeprefix("application/") not in (TYPE, "jwt"),
        ),
        ("another has issued it", claims.get("iss") != settings.issuer),
        ("it is for somebody else", settings.client_id not in (audience if isinstance(audience, list) else [audience])),
        ("it is of another time", not -OLDEST <= issued - moment <= LEEWAY),
        ("it is over", ends + LEEWAY < moment),
        ("it tells of no logout", not isinstance(events, dict) or not isinstance(events.get(EVENT), dict)),
        ("it has a nonce", "nonce" in claims),
        ("it has no name of its own", not _is_name(claims.get("jti"))),
        ("it names nobody", not named or not all(map(_is_name, named))),
    ]


def _moment(value: object) -> float:
    """Seconds since 1970; long ago for what is none."""
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < LAST:
        return value
    return 0.0


def _is_name(value: object) -> bool:
    return isinstance(value, str) and bool(value)
