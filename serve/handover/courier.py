"""Takes news of tickets out of the house, again and again until they have arrived; the chat never waits for it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from knowledge.errors import RefdeskError
from serve.handover.channels import Channel, Undelivered
from serve.handover.news import payload_of
from serve.live import INBOX, Live
from serve.store.inbox import Inbox
from serve.store.outbox import Delivery, Outbox
from serve.store.schema import now
from serve.store.store import Store

logger = logging.getLogger(__name__)
# Seconds before each further attempt: for about a day and a half in all.
PAUSES = (5, 30, 120, 600, 1_800, 3_600, 3 * 3_600, 6 * 3_600, 12 * 3_600, 12 * 3_600)
LOOK = 2.0


@dataclass(frozen=True, slots=True)
class Round:
    """What the courier works with: where news stand, what is told of them, and by which channels."""

    outbox: Outbox
    inbox: Inbox
    store: Store
    channels: Mapping[str, Channel]
    inbox_url: str = ""

    def address(self) -> int:
        """Send every piece of news on its ways; how many there were."""
        news = self.outbox.news()
        for one in news:
            ticket = self.inbox.find(one.ticket)
            names = [name for name, channel in self.channels.items() if one.event in channel.carries]
            payload = payload_of(self.store, ticket, self.inbox_url) if ticket and names else {}
            self.outbox.address(one, dict.fromkeys(names, payload) if ticket else {})
        return len(news)

    def deliver(self, moment: datetime) -> Delivery | None:
        """Try one delivery that is due; the one that was tried."""
        found = self.outbox.take(moment)
        if found is None:
            return None
        channel = self.channels.get(found.channel)
        if channel is None:
            self.outbox.missed(found.id, "This channel is no longer configured.", again=None)
            return found
        try:
            channel.deliver(found)
        except Undelivered as error:
            self._missed(found, error.sentence, moment)
        except Exception as error:  # whatever it was, other deliveries go on
            logger.error("the delivery %s failed", found.id, exc_info=error)
            self._missed(found, "Something went wrong here; the log says what.", moment)
        else:
            self.outbox.arrived(found.id)
        return found

    def _missed(self, delivery: Delivery, why: str, moment: datetime) -> None:
        pause = PAUSES[delivery.attempts - 1] if delivery.attempts <= len(PAUSES) else None
        self.outbox.missed(delivery.id, why, again=moment + timedelta(seconds=pause) if pause else None)
        logger.warning("%s of a ticket has not arrived, attempt %d: %s", delivery.channel, delivery.attempts, why)


class Courier:
    """A thread that goes the round from `start` to `close`."""

    def __init__(self, round: Round, live: Live) -> None:
        self.round = round
        self._live = live
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin, with what was left before."""
        if self._thread is None:
            self._stopping.clear()
            self._thread = threading.Thread(target=self._work, name="courier", daemon=True)
            self._thread.start()

    def wake(self) -> None:
        """There is news."""
        self._wake.set()

    def close(self) -> None:
        """Stop after the delivery under way; the rest waits for the next start."""
        self._stopping.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _work(self) -> None:
        while not self._stopping.is_set():
            try:
                self.round.address()
                if self.round.deliver(now()) is not None:
                    self._live.ring(INBOX)
                    continue
            except RefdeskError as error:  # a full disk or an absent database passes
                logger.error("News of tickets could not go out: %s", error)
            self._wake.wait(LOOK)
            self._wake.clear()
