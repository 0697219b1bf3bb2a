"""Opening Chroma for a bank in a thread of its own, while its searches are exact."""

from __future__ import annotations

import atexit
import logging
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from threading import Event, Thread

import numpy as np

from knowledge.heaps import give_back
from knowledge.storage.catalog import Catalog
from knowledge.storage.chroma import ChromaMirror, mark_text

# Seconds. Importing chromadb takes turns with whatever else runs in Python: the rest of an answer and the first
# searches of other banks come before it.
PAUSE = 1.0

log = logging.getLogger(__name__)

# Who opens, what was opened and the generation it holds; false where it is not wanted any more.
Switch = Callable[["ChromaOpening", ChromaMirror, int], bool]


class ChromaOpening:
    """Opens the mirror of the bank at `path`, level with the catalog, and gives it to `switch`; begins at once.

    Has a connection of its own to the catalog, so that no search waits for it. Where another process owns the mirror,
    where it is too far behind and where opening fails, nothing is given and nothing is kept open.
    """

    def __init__(self, path: Path, switch: Switch) -> None:
        self._path = path
        self._switch = switch
        # The mark of a mirror that was far behind or could not be opened.
        self._in_vain: str | None = None
        self._given_up = False
        self._hurry = Event()
        self._thread = Thread(target=self._run, name=f"chroma-{path.name}", daemon=True)
        self._thread.start()
        # A thread that is stopped within Chroma's own code while the interpreter ends may bring the process down.
        atexit.register(self.close)

    @property
    def ended(self) -> bool:
        """Whether it has given the mirror away or let go of it."""
        return not self._thread.is_alive()

    @property
    def worth_repeating(self) -> bool:
        """Whether opening anew at the same generation may end otherwise.

        Another process that owned the mirror may have let go of it; one that was far behind, or could not be opened,
        is so until a writer has brought it up, which its mark tells.
        """
        return self._in_vain is None or mark_text(self._path / "chroma") != self._in_vain

    def left_behind(self) -> None:
        """What it gave has fallen far behind since."""
        self._in_vain = mark_text(self._path / "chroma")

    def wait(self, timeout: float) -> bool:
        """Leaves the pause out and waits for the end, at most `timeout` seconds; whether it has come."""
        self._hurry.set()
        self._thread.join(timeout)
        return self.ended

    def close(self) -> None:
        """Gives it up, and waits until nothing is held any more; what was given to `switch` stays open."""
        self._given_up = True
        self._hurry.set()
        self._thread.join()

    def _run(self) -> None:
        mark = None
        try:
            self._hurry.wait(PAUSE)
            if not self._given_up:
                # As it is beforehand: a writer may bring the mirror up as soon as it is let go of.
                mark = mark_text(self._path / "chroma")
                self._in_vain = mark if self._open() else None
        except Exception as error:  # the edge of the thread: searches go on exactly
            self._in_vain = mark
            if not self._given_up:
                log.warning("Chroma cannot be opened: %s is searched exactly.", self._path, exc_info=error)
        finally:
            atexit.unregister(self.close)

    def _open(self) -> bool:
        """Whether the mirror is too far behind."""
        with closing(Catalog(self._path / "catalog.sqlite")) as catalog:
            dimension = catalog.card().embedder.dimension
            mirror = ChromaMirror(self._path / "chroma", dimension)
            given = False
            try:
                with catalog.reading() as connection:
                    generation = catalog.generation() if mirror.catch_up(connection) else None
                if generation is not None and not self._given_up:
                    # Chroma reads its index at the first question.
                    mirror.nearest(np.full(dimension, dimension**-0.5, np.float32), 1)
                    given = self._switch(self, mirror, generation)
                    # The exact vectors were let go of with all that reading them took: 110 MB at 100,000 chunks.
                    give_back()
            finally:
                if not given:
                    mirror.close()
            return mirror.far_behind
