"""Closing within bounded time: an endpoint that does not answer must hold up no exit."""

from __future__ import annotations

import atexit
import os
from collections.abc import Callable
from threading import Event, Thread

# What a process waits for at its end, in seconds.
AT_EXIT = 3.0


class Closer:
    """Calls `shutdown` once, at the latest when the process ends, and waits for it no longer than it is told to."""

    def __init__(self, shutdown: Callable[[], None]) -> None:
        self._shutdown = shutdown
        self._asked = Event()
        self._done = Event()
        self._process = os.getpid()
        # Begun now, since none can be begun while the interpreter ends.
        Thread(target=self._wait, name="refdesk-tracing-closer", daemon=True).start()
        atexit.register(self.close, AT_EXIT)

    def close(self, timeout: float) -> None:
        """Close; afterwards it goes on by itself where `timeout` seconds were not enough."""
        atexit.unregister(self.close)
        self._asked.set()
        if os.getpid() == self._process:  # a forked process has no such thread to wait for
            self._done.wait(timeout)

    def _wait(self) -> None:
        self._asked.wait()
        self._shutdown()
        self._done.set()
