"""What a run would change: the files of its sources compared with what the bank has recorded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ingest.chunking import VERSION as CHUNKING_VERSION
from ingest.content import Content, ContentReader, shown_name
from ingest.parsers.registry import HEAD_BYTES, Registry
from ingest.report import FileResult, Outcome
from ingest.sources import Candidate, Listing, Source, SourceKind
from knowledge.card import ChunkingOptions
from knowledge.errors import ParseError, PruneRequired, UsageError
from knowledge.types import Place

if TYPE_CHECKING:
    from knowledge.storage.places import Standing

MOST_REMOVED = 0.2
REMOVED_UNASKED = 3


@dataclass(frozen=True, slots=True)
class Step:
    """What has to be done for one file. `previous` is the place as recorded, `content` None where nothing was read."""

    source: Source
    candidate: Candidate
    outcome: Outcome
    key: str = ""
    content: Content | None = None
    previous: Place | None = None
    reason: str = ""

    @property
    def result(self) -> FileResult:
        """The step as a line of a report."""
        return FileResult(
            self.candidate.uri, self.outcome, self.previous.title if self.previous else "", reason=self.reason
        )


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
        self._known = set(standing.titles)

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
        return [place for listing in self.listings for place in self._gone_from(listing)]

    def check(self, *, prune: bool) -> None:
        """Raises `UsageError` for a source without files and `PruneRequired` before much is removed."""
        for listing in self.listings:
            recorded = self._recorded(listing.source)
            if not recorded:
                require_files(listing)
            elif listing.missing and not prune:
                raise PruneRequired(
                    f"{listing.source.spec} is gone, and {len(recorded)} documents came from it.",
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
        gone = self.gone()
        doomed = self._standing.homeless_without(gone)
        total = len(self._standing.titles)
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
