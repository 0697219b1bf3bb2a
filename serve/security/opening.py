"""The guard that a service's settings ask for."""

from __future__ import annotations

from knowledge.terminal.shell import Shell
from serve.config.settings import ServerSettings
from serve.security.audit_log import AuditLog
from serve.security.guard import Allowance, Guard
from serve.security.oidc_provider import open_provider
from serve.security.passes import Passes
from serve.security.peers import networks
from serve.security.policy import EdgePolicy
from serve.security.rates import Buckets, LocalBuckets, Rate
from serve.security.sign_in import SignIn
from serve.security.staff import Staff
from serve.security.streams import Streams
from serve.security.visitors import Visitors
from serve.store.audit import AuditTable
from serve.store.database import Database
from serve.store.keys import Keys
from serve.store.secrets import Secrets
from serve.store.sessions import Sessions


def open_guard(
    database: Database,
    settings: ServerSettings,
    *,
    loopback: bool,
    buckets: Buckets | None = None,
    former: Guard | None = None,
) -> Guard:
    """The guard over the keys and secrets in `database`; `loopback` says that only this machine reaches the service.

    `buckets` count for several processes at once; without them each counts for itself.
    Whoever a `former` guard knows and counts is known and counted on.
    """
    limits = settings.limits
    visitors = former.visitors if former else Visitors(Secrets(database).current())
    return Guard(
        policy=EdgePolicy(
            loopback=loopback,
            hosts=frozenset(host.lower() for host in settings.allowed_hosts),
            origins=frozenset(origin.rstrip("/").lower() for origin in settings.allowed_origins),
            proxies=networks(settings.trusted_proxies),
        ),
        keys=Keys(database),
        visitors=visitors,
        buckets=former.buckets if former else buckets or LocalBuckets(),
        streams=former.streams if former else Streams(),
        audit=AuditLog(AuditTable(database)),
        allowance=Allowance(
            visitor=_rate(limits.visitor_per_minute),
            key=_rate(limits.key_per_minute),
            address=_rate(limits.address_per_minute),
            question_chars=limits.question_chars,
        ),
        passes=Passes(visitors, frozenset(origin.rstrip("/").lower() for origin in settings.widget.origins)),
        staff=Staff(Sessions(database), settings.oidc) if settings.oidc else None,
    )


def open_sign_in(shell: Shell, guard: Guard) -> SignIn | None:
    """How the staff that the guard knows sign in, where an account is asked for. Raises `ConfigError`."""
    if guard.staff is None:
        return None
    settings = guard.staff.settings
    provider = open_provider(settings, secret=shell.environment.oidc_client_secret, offline=shell.offline)
    return SignIn(settings, provider, guard.staff, guard.visitors)


def _rate(per_minute: int) -> Rate:
    return Rate(per_minute, per_minute)
