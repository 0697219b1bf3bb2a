"""What a run would change: the files of its sources compared with what the bank has recorded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ingest.chunking import VERSION as CHUNKING_VERSION
from ingest.content import Content, ContentReader, shown_name
from ingest.parsers.registry import HEAD_BYTES, Registry
from ingest.report import FileResult, Outcome
from ingest.sources import Candidate, Listing, Source, SourceKind
from knowledge.card import ChunkingOptions
from knowledge.errors import ParseError, PruneRequired, UsageError
from knowledge.terminal.presentation import counted
from knowledge.types import PUBLIC, Place

if TYPE_CHECKING:
    from knowledge.card import BankCard
    from knowledge.storage.places import Standing

MOST_REMOVED = 0.2
REMOVED_UNASKED = 3


@dataclass(frozen=True, slots=True)
class Step:
    """What has to be done for one file.

    `previous` is the place as recorded, `content` None where nothing was read, `moved` the place that it left.
    """

    source: Source
    candidate: Candidate
    outcome: Outcome
    key: str = ""
    content: Content | None = None
    previous: Place | None = None
    reason: str = ""
    moved: Place | None = None

    @property
    def result(self) -> FileResult:
        """The step as a line of a report."""
        before = self.previous or self.moved
        title = before.title if before else ""
        return FileResult(self.candidate.uri, self.outcome, title, reason=self.reason, was=self.was)

    @property
    def was(self) -> str:
        """Where a renamed file stood before."""
        return self.moved.uri if self.moved else ""


class Fingerprints:
    """Names the way in which bytes become chunks; a document's key is its hash and this."""

    def __init__(self, registry: Registry, chunking: ChunkingOptions) -> None:
        self._registry = registry
        self._chunking = f"chunks/{CHUNKING_VERSION}/{chunking.tokens}"
        parsers = registry.parsers.values()
        self._current = {f"{parser.name}/{parser.version}+{self._chunking}" for parser in parsers}

    def key(self, content: Content) -> str:
        """The key of the document that these bytes make."""
        reader = self._registry.fingerprint(content.data[:HEAD_BYTES], content.suffix)
        return f"{content.digest}:{reader}+{self._chunking}"

    def is_current(self, key: str) -> bool:
        """Whether a recorded document would still be read the same way."""
        return key.partition(":")[2] in self._current


class Plan:
    """The comparison of some sources with a bank. Files are read only where their stat has changed."""

    def __init__(
        self, listings: Sequence[Listing], standing: Standing, fingerprints: Fingerprints, reader: ContentReader
    ) -> None:
        self.listings = listings
        self._standing = standing
        self._fingerprints = fingerprints
        self._reader = reader
        self._known = set(standing.keys)
        self._gone = [place for listing in listings for place in self._gone_from(listing)]
        self._left: dict[str, list[Place]] = {}
        for place in reversed(self._gone):
            self._left.setdefault(place.content_key, []).append(place)
        self._moved: set[int] = set()

    @property
    def total(self) -> int:
        """How many files there are."""
        return sum(len(listing.files) + len(listing.refused) for listing in self.listings)

    @property
    def skipped(self) -> Counter[str]:
        """Files of folders that are not read, by their ending."""
        return sum((listing.skipped for listing in self.listings), Counter[str]())

    def gone(self) -> list[Place]:
        """The places whose files are gone from the sources."""
        return self._gone

    def lost(self) -> list[Place]:
        """Those of them that no step has found again under another name."""
        return [place for place in self._gone if place.id not in self._moved]

    def access_changes(self, card: BankCard) -> Iterator[tuple[Place, frozenset[str]]]:
        """The recorded places, of all sources, that the rules of `card` open to other roles than before."""
        for place in self._standing.places:
            allow = card.allow(place.title, place.uri)
            if allow != place.allow:
                yield place, allow

    def check(self, *, prune: bool) -> None:
        """Raises `UsageError` for a source without files and `PruneRequired` before much is removed."""
        for listing in self.listings:
            recorded = self._recorded(listing.source)
            if not recorded:
                require_files(listing)
            elif listing.missing and not prune:
                raise PruneRequired(
                    f"{listing.source.spec} is gone, and {counted(len(recorded), 'document')} came from it.",
                    hint="Bring it back, or add --prune to remove them.",
                )
        if not prune:
            self._check_share()

    def steps(self) -> Iterator[Step]:
        """One step for every file that is there, in order."""
        for listing in self.listings:
            recorded = self._recorded(listing.source)
            for uri, problem in {**listing.unlisted, **listing.refused}.items():
                name = shown_name(listing.source, uri) or uri
                reason = f"{name} cannot be read ({problem}): check it and its permissions."
                yield Step(listing.source, Candidate(uri), Outcome.FAILED, reason=reason)
            for candidate in listing.files:
                if not is_encodable(candidate.uri):
                    reason = f"{candidate.uri!a} cannot be recorded: its name is not valid UTF-8; rename it."
                    yield Step(listing.source, Candidate(ascii(candidate.uri)), Outcome.FAILED, reason=reason)
                    continue
                yield self._step(listing.source, candidate, recorded.get(candidate.uri))

    def _step(self, source: Source, candidate: Candidate, place: Place | None) -> Step:
        if place and _same_stat(place, candidate) and self._fingerprints.is_current(place.content_key):
            return Step(source, candidate, Outcome.UNCHANGED, place.content_key, previous=place)
        try:
            content = self._reader.read(source, candidate)
        except ParseError as error:
            return Step(source, candidate, Outcome.FAILED, previous=place, reason=error.sentence)
        key = self._fingerprints.key(content)
        outcome = self._outcome(key, place)
        self._known.add(key)
        if outcome is Outcome.PLACED and (left := self._left.get(key)):
            moved = left.pop()
            self._moved.add(moved.id)
            return Step(source, candidate, Outcome.RENAMED, key, content, moved=moved)
        return Step(source, candidate, outcome, key, content, place)

    def _outcome(self, key: str, place: Place | None) -> Outcome:
        if place:
            return Outcome.UNCHANGED if place.content_key == key else Outcome.REPLACED
        return Outcome.PLACED if key in self._known else Outcome.ADDED

    def _recorded(self, source: Source) -> dict[str, Place]:
        return self._standing.of(source.kind, source.spec)

    def _gone_from(self, listing: Listing) -> Iterator[Place]:
        there = {candidate.uri for candidate in listing.files}
        for uri, place in self._recorded(listing.source).items():
            if uri not in there and not listing.may_hold(uri):
                yield place

    def _check_share(self) -> None:
        gone = self._gone
        doomed = self._standing.homeless_without(gone)
        total = len(self._standing.keys)
        if not self._is_much(len(doomed), total):
            return
        moved = self._keys_of_new_files()
        lost = {place.document_id for place in gone if place.document_id in doomed and place.content_key not in moved}
        if self._is_much(len(lost), total):
            raise PruneRequired(
                f"This would remove {len(lost)} of {total} documents, whose files are gone.",
                hint="Add --prune if that is meant.",
            )

    def _is_much(self, removed: int, total: int) -> bool:
        return removed > REMOVED_UNASKED and removed > MOST_REMOVED * total

    def _keys_of_new_files(self) -> set[str]:
        """What stands in files that are not recorded: a folder that was renamed is not a loss."""
        keys = set()
        for listing in self.listings:
            recorded = self._recorded(listing.source)
            for candidate in listing.files:
                if candidate.uri not in recorded and listing.source.is_local:
                    try:
                        keys.add(self._fingerprints.key(self._reader.read(listing.source, candidate)))
                    except ParseError:
                        # Reported when its turn comes.
                        continue
        return keys


def opened_and_closed(changes: Iterable[tuple[Place, frozenset[str]]]) -> tuple[int, int]:
    """How many places are opened to roles that could not read them, and how many closed to some that could."""
    opened = closed = 0
    for place, allow in changes:
        opened += PUBLIC not in place.allow and (PUBLIC in allow or not allow <= place.allow)
        closed += PUBLIC not in allow and (PUBLIC in place.allow or not place.allow <= allow)
    return opened, closed


def _same_stat(place: Place, candidate: Candidate) -> bool:
    return place.mtime_ns != 0 and (place.size, place.mtime_ns) == (candidate.size, candidate.mtime_ns)


def require_files(listing: Listing) -> None:
    """Raises `UsageError` where a source does not exist or holds nothing that can be read."""
    spec = listing.source.spec
    if listing.missing:
        what = "matches no file" if listing.source.kind is SourceKind.GLOB else "does not exist"
        raise UsageError(f"{spec} {what}:", hint="check the path.")
    if not (listing.files or listing.refused or listing.unlisted):
        endings = ", ".join(sorted(listing.skipped)) or "none at all"
        raise UsageError(f"{spec} holds no file that can be read (found: {endings}).", hint="Name another folder.")


def is_encodable(uri: str) -> bool:
    """Whether a name can be written as UTF-8; a file system may hold any bytes."""
    try:
        uri.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
