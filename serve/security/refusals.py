"""Why a caller is refused, each with the status that says so over HTTP.

Refused
├── Unauthenticated   401  nobody known calls
├── Forbidden         403  known, but may not
├── Forged            403  may, but the request seems to come from a page of another site
├── WrongHost         400  asked for under a name that is not ours
├── TooLarge          413  more bytes or characters than are taken
└── TooMany           429  too fast, or too much at once: `Retry-After` says when to come back
"""

from __future__ import annotations

import math

from serve.http.failures import Refused


class Unauthenticated(Refused):
    """Nobody known calls: send a key, or open a session first."""

    def __init__(self, message: str, *, hint: str) -> None:
        super().__init__(401, "unauthenticated", message, hint=hint)


class Forbidden(Refused):
    """The caller is known and may not do this."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(403, "forbidden", message, hint=hint)


class Forged(Refused):
    """The request may come from a page of another site: read the token anew from `GET /api/session`."""

    def __init__(self, message: str, *, hint: str) -> None:
        super().__init__(403, "forged", message, hint=hint)


class WrongHost(Refused):
    """The request asks for a host that this service does not answer for."""

    def __init__(self, message: str, *, hint: str) -> None:
        super().__init__(400, "wrong_host", message, hint=hint)


class TooLarge(Refused):
    """The request holds more than is taken; send less."""

    def __init__(self, message: str, *, hint: str) -> None:
        super().__init__(413, "too_large", message, hint=hint)


class TooMany(Refused):
    """Too fast, or too much at once; `seconds` says when it is worth trying again."""

    def __init__(self, message: str, *, hint: str, seconds: float = 1.0) -> None:
        super().__init__(429, "too_many", message, hint=hint, retry_after=max(1, math.ceil(seconds)))
