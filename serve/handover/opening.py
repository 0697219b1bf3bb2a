"""Everything of handing over, made once from the settings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from agents.studio.admission import is_loopback
from knowledge.config_sections import place
from knowledge.errors import ConfigError
from knowledge.library import Library
from knowledge.terminal.shell import Shell
from serve.config.handover import Handover as Settings
from serve.config.settings import SECTION
from serve.handover.channels import Channel
from serve.handover.courier import Courier, Round
from serve.handover.desk import HandoverDesk
from serve.handover.drafting import Drafting
from serve.handover.entries import Entries
from serve.handover.mail import MailChannel
from serve.handover.webhook import WebhookChannel
from serve.jobs.running import IngestJobs
from serve.live import Live
from serve.security.logs import redactor_for
from serve.store.inbox import Inbox
from serve.store.outbox import Outbox
from serve.store.proposals import Proposals
from serve.store.store import Store


@dataclass(frozen=True, slots=True)
class Handover:
    """What the routes of handing over work with."""

    desk: HandoverDesk
    inbox: Inbox
    outbox: Outbox
    proposals: Proposals
    entries: Entries
    courier: Courier
    offline: bool = False

    def over(self, banks: Callable[[], Sequence[str]]) -> Handover:
        """The same, now that other banks are served."""
        return replace(self, desk=self.desk.over(banks))

    def start(self) -> None:
        """Let news go out; offline they wait."""
        if not self.offline:
            self.courier.start()

    def close(self) -> None:
        """Stop letting news go out; what has not arrived waits for the next start."""
        self.courier.close()


def open_handover(
    shell: Shell,
    settings: Settings,
    library: Library,
    *,
    store: Store,
    live: Live,
    jobs: IngestJobs,
    banks: Callable[[], Sequence[str]],
) -> Handover:
    """All of it; `banks` are those that are served. Raises `ConfigError` where a secret is missing."""
    inbox, outbox = Inbox(store.database), Outbox(store.database)
    proposals = Proposals(store.database)
    courier = Courier(Round(outbox, inbox, store, channels(shell, settings), settings.inbox_url), live)
    drafting = Drafting(library, banks, redactor_for(shell.environment))
    desk = HandoverDesk(store, inbox, drafting, live, wake=courier.wake)
    entries = Entries(shell.root, proposals, jobs)
    return Handover(desk, inbox, outbox, proposals, entries, courier, shell.offline)


def channels(shell: Shell, settings: Settings) -> dict[str, Channel]:
    """The ways out that are configured, by name. Raises `ConfigError` where a secret is missing."""
    found: dict[str, Channel] = {}
    if settings.webhook is not None:
        secret = shell.environment.webhook_secret
        if not secret:
            raise _wrong(shell, "webhook", "REFDESK_WEBHOOK_SECRET is not set", "set it to what the receiver checks.")
        found["webhook"] = WebhookChannel(settings.webhook.url, secret, settings.webhook.allow_private)
    if (mail := settings.mail) is not None:
        password = shell.environment.smtp_password or ""
        if mail.user and not password:
            raise _wrong(shell, "mail", "REFDESK_SMTP_PASSWORD is not set", "set it, or leave `user` out.")
        if mail.user and mail.tls == "none" and not is_loopback(mail.host):
            raise _wrong(shell, "mail", "the password would be sent in the clear", "use `tls: starttls`.")
        found["mail"] = MailChannel(mail, password)
    return found


def _wrong(shell: Shell, part: str, what: str, hint: str) -> ConfigError:
    return ConfigError(f"{place(shell.config, (SECTION, 'handover', part))}: {what}:", hint=hint)
