"""How long something that cannot be reached is asked again."""

from __future__ import annotations

from threading import Lock

from knowledge.errors import RefdeskError

MOST = 5


class Patience:
    """Counts failures in a row, whatever thread they happen in; one success, and it begins anew."""

    def __init__(self, most: int = MOST) -> None:
        self.most = most
        self._lock = Lock()
        self._failures = 0
        self._last: RefdeskError | None = None

    @property
    def lost(self) -> RefdeskError | None:
        """The last failure, once there were `most` in a row; None before."""
        with self._lock:
            return self._last if self._failures >= self.most else None

    def failed(self, error: RefdeskError) -> None:
        """It could not be reached."""
        with self._lock:
            self._failures += 1
            self._last = error

    def reached(self) -> None:
        """It answered, whatever it said."""
        with self._lock:
            self._failures = 0
