"""Tells a studio what agents say, behind their backs: nobody waits for it, and nothing fails because of it."""

from __future__ import annotations

import atexit
import json
import logging
import os
import time
from collections import OrderedDict, deque
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from threading import Condition, Thread
from typing import Any
from urllib.parse import urlsplit

from agents.address import web_address
from agents.message.msg import Msg
from agents.message.storable import storable_data

log = logging.getLogger(__name__)
PATH = "/api/messages"
EXAMPLE = "http://localhost:8000"
TIMEOUT = 3.0
# How long a studio that does not answer is left alone, in seconds, and what the end of a process waits for.
PAUSE = 2.0
AT_EXIT = 1.0
# Longer texts are cut for the page; the conversation itself is not.
LONGEST_TEXT = 100_000
REMEMBERED = 4096


class StudioClient:
    """Posts each message once to the studio at `url`, in the order in which they were said.

    Of more than `most` that wait, the oldest are dropped. `token` lets a studio on another machine know its own. Raises
    `ConfigError` for an address that is none; nothing is connected to before the first message.
    """

    def __init__(
        self, url: str, *, project: str, run: str, run_id: str, token: str | None = None, most: int = 2000
    ) -> None:
        parts = urlsplit(web_address(url, example=EXAMPLE))
        self.url = url
        self._about = {"project": project, "run": run, "run_id": run_id}
        self._token = token
        self._address = (parts.scheme, parts.hostname or "", parts.port)
        self._path = parts.path.rstrip("/") + PATH
        self._events: deque[bytes] = deque(maxlen=most)
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._changed = Condition()
        self._worker: Thread | None = None
        self._process = os.getpid()
        self._closing = False
        self._answers = True
        self._sending = False

    def tell(self, msg: Msg, *, listener: str = "") -> None:
        """Let the studio know of a message, and to whom it was said where that was one agent; does not wait."""
        with self._changed:
            if self._closing or msg.id in self._seen:
                return
            self._seen[msg.id] = None
            if len(self._seen) > REMEMBERED:
                self._seen.popitem(last=False)
            self._events.append(
                json.dumps(
                    storable_data({**self._about, **event(msg, listener)}), ensure_ascii=False, default=str
                ).encode()
            )
            self._work()
            self._changed.notify_all()

    def close(self, timeout: float = AT_EXIT) -> None:
        """Take no more messages; waits for those that wait, at most `timeout` seconds, and not where nobody answers."""
        atexit.unregister(self.close)
        end = time.monotonic() + timeout
        with self._changed:
            self._closing = True
            self._changed.notify_all()
            while (self._events or self._sending) and self._answers and self._alive():
                if not self._changed.wait(end - time.monotonic()) and time.monotonic() >= end:
                    break
            self._events.clear()

    def _alive(self) -> bool:
        return self._worker is not None and self._worker.is_alive()

    def _work(self) -> None:
        """Have a thread of this process that sends; one of the process that this was forked from is none."""
        if self._worker is None or self._process != os.getpid():
            self._process = os.getpid()
            self._worker = Thread(target=self._send_all, name="refdesk-studio", daemon=True)
            self._worker.start()
            atexit.register(self.close)

    def _send_all(self) -> None:
        connection = self._connect()
        while (body := self._next()) is not None:
            try:
                status = self._post(connection, body)
            except (OSError, HTTPException, ValueError) as error:
                connection.close()
                self._failed(body, error)
            else:
                self._sent(status)
        connection.close()

    def _next(self) -> bytes | None:
        """The oldest message that waits, as soon as there is one; None when there will be no more."""
        with self._changed:
            self._sending = False
            self._changed.notify_all()
            while not self._events:
                if self._closing:
                    return None
                self._changed.wait()
            self._sending = True
            return self._events.popleft()

    def _post(self, connection: HTTPConnection, body: bytes) -> int:
        try:
            return self._post_once(connection, body)
        except (ConnectionError, HTTPException):
            # The studio closes connections that were silent for long; another one opens by itself.
            connection.close()
            return self._post_once(connection, body)

    def _post_once(self, connection: HTTPConnection, body: bytes) -> int:
        headers = {"Content-Type": "application/json"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        connection.request("POST", self._path, body, headers)
        response = connection.getresponse()
        response.read()
        return response.status

    def _sent(self, status: int) -> None:
        if status >= 400 and self._answers:
            log.warning("The studio at %s takes no messages (HTTP %d).", self.url, status)
        self._answers = status < 400

    def _failed(self, body: bytes, error: Exception) -> None:
        """Keep the message for later: the studio may be started any time."""
        if self._answers:
            log.info("The studio at %s does not answer (%s); messages wait for it.", self.url, error)
        with self._changed:
            self._answers = False
            if len(self._events) < (self._events.maxlen or 0):
                self._events.appendleft(body)
            self._sending = False
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._closing, timeout=PAUSE)
            if self._closing:
                self._events.clear()

    def _connect(self) -> HTTPConnection:
        scheme, host, port = self._address
        kind = HTTPSConnection if scheme == "https" else HTTPConnection
        return kind(host, port, timeout=TIMEOUT)


def event(msg: Msg, listener: str) -> Mapping[str, Any]:
    """A message as the studio shows it: who said what to whom, and what it took. Media stay where they are."""
    return {
        "id": msg.id,
        "speaker": msg.name,
        "role": msg.role,
        "listener": listener,
        "text": msg.text[:LONGEST_TEXT],
        "blocks": [block["type"] for block in msg.get_content_blocks() if block["type"] != "text"],
        "time": msg.timestamp,
        "usage": msg.metadata.get("usage") or {},
    }
