"""Staff who signed in: what their groups and addresses let them do, by the settings in force at each request."""

from __future__ import annotations

from dataclasses import dataclass

from serve.config.oidc import Oidc, Team
from serve.security.identity import VISITOR_SCOPES, Caller
from serve.store.schema import now
from serve.store.sessions import Person, Sessions, StaffSession

PLAIN_COOKIE = "refdesk_staff"
# A browser takes this name only over TLS, for the whole host and from the host itself: no neighbour can plant it.
SECURE_COOKIE = "__Host-refdesk_staff"


@dataclass(frozen=True, slots=True)
class Access:
    """What somebody may do, and as whom they read."""

    scopes: frozenset[str]
    roles: frozenset[str]


@dataclass(frozen=True, slots=True)
class Staff:
    """Knows whose session it is, and what they may do: a team that changes in refdesk.yaml changes for everybody."""

    sessions: Sessions
    settings: Oidc

    def session(self, token: str) -> StaffSession | None:
        """The session that a browser's token opens; none of another provider's. Blocks."""
        found = self.sessions.check(token) if token else None
        return found if found and found.person.issuer == self.settings.issuer else None

    def holds(self, session: str) -> bool:
        """Whether the session of this id still opens anything. Blocks."""
        found = self.sessions.find(session)
        return found is not None and found.holds_at(now()) and self.access(found.person) is not None

    def access(self, person: Person) -> Access | None:
        """What all teams of this person may do together; nothing where they are of none."""
        teams = [team for team in self.settings.teams if belongs(person, team)]
        if not teams:
            return None
        scopes = frozenset(scope for team in teams for scope in team.scopes)
        return Access(scopes | VISITOR_SCOPES, frozenset(role for team in teams for role in team.roles))

    def caller(self, session: StaffSession, address: str) -> Caller | None:
        """Whoever holds the session, as a caller; nobody once no team has them any more."""
        found = self.access(session.person)
        if found is None:
            return None
        person = session.person
        return Caller("staff", person.subject, found.roles, found.scopes, address, session.id, person.name)


def belongs(person: Person, team: Team) -> bool:
    """Whether the person is of this team, by a group or by their address."""
    email = person.email.casefold()
    domain = f"*@{email.rpartition('@')[2]}"
    addresses = {one.casefold() for one in team.emails}
    return bool(person.groups.intersection(team.groups)) or (bool(email) and bool(addresses & {email, domain}))
