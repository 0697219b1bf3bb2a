"""The bank card: what a bank is about and how it was made."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import PurePath
from typing import Any, Literal

from knowledge.embedding.embedder import EmbedderIdentity
from knowledge.errors import InvalidBankName
from knowledge.types import PUBLIC

FORMAT_VERSION = 2
BANK_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
RESERVED = frozenset({"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))})
SEARCH = ("dense_weight", "candidates", "link_weight", "document_weight", "whole_weight")


@dataclass(frozen=True, slots=True)
class AccessRule:
    """Who may read the places it matches: every glob that is given must match (case-sensitive)."""

    allow: frozenset[str]
    title: str | None = None
    path: str | None = None

    def matches(self, title: str, path: str) -> bool:
        """Whether a place at `path` of a document called `title` falls under this rule."""
        return all(glob is None or fnmatchcase(value, glob) for glob, value in ((self.title, title), (self.path, path)))


@dataclass(frozen=True, slots=True)
class EmbedderSpec:
    """Which embedding model to use: the built-in MiniLM, a sentence-transformers model, or a remote one.

    `model` is a folder or hub name for `sentence-transformers`, the model's name for `openai`.
    Keys are never part of it: they come from the environment.
    """

    kind: Literal["minilm", "sentence-transformers", "openai"] = "minilm"
    model: str = "all-MiniLM-L6-v2"
    base_url: str | None = None
    device: str = "auto"


@dataclass(frozen=True, slots=True)
class RerankerSpec:
    """Which cross-encoder puts the first `passages` that are found into another order.

    `model` is a folder or hub name of a sentence-transformers cross-encoder.
    """

    model: str
    passages: int = 30
    device: str = "auto"


@dataclass(frozen=True, slots=True)
class ChunkingOptions:
    """How documents are cut: at most `tokens` of the embedder's own tokens for prefix and text together."""

    tokens: int = 256


@dataclass(frozen=True, slots=True)
class SearchOptions:
    """Fusion weight of the dense side, candidates a side, share of a hit's score that its linked documents gain, share
    of a document's best score that all its chunks gain, and what they gain where its words as a whole fit best of all
    (less where documents are hardly more than one chunk, see `within`).
    """

    dense_weight: float = 0.5
    candidates: int = 200
    link_weight: float = 0.45
    document_weight: float = 0.3
    whole_weight: float = 0.4

    def within(self, documents: int, chunks: int) -> SearchOptions:
        """What counts in a bank of so many documents and chunks.

        A document that is one chunk has no other words than that chunk: as a whole it would only count its words twice
        against its meaning. So the weight of whole documents is scaled by 1 - 1/n² for n chunks a document, on average:
        over a bank rather than for each document, or short ones would lose against long ones.
        """
        share = 1 - (documents / chunks) ** 2 if 0 < documents <= chunks else 0.0
        return replace(self, whole_weight=self.whole_weight * share)


@dataclass(frozen=True, slots=True)
class Calibration:
    """What the bank's raw confidence is worth, as measured on `questions` questions that were not fitted on.

    At `threshold` and above, at most the share `tolerated` of the answers was to be wrong: of the questions that were
    kept back, `answered` was the share answered and `wrong` the share of those answers that were wrong. `curve` holds
    (tolerated, threshold, answered, wrong) for other wishes.
    """

    tolerated: float
    threshold: float
    answered: float
    wrong: float
    questions: int
    created: str = ""
    curve: tuple[tuple[float, float, float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Trial:
    """One setting that was tried: its measure `before` and `after` on questions kept back, and whether it was kept.

    `low` and `high` bound the gain with 95 % confidence; `p` is the probability of such a gain by chance.
    """

    setting: str
    before: float
    after: float
    low: float
    high: float
    p: float
    questions: int
    kept: bool
    created: str = ""


@dataclass(frozen=True, slots=True)
class BankCard:
    """What a bank records about itself; kept in its catalog.

    `adapter` is how questions are moved before they are searched with, as `QueryAdapter` packs it; empty for none.
    """

    name: str
    embedder: EmbedderIdentity
    spec: EmbedderSpec = field(default_factory=EmbedderSpec)
    title: str = ""
    description: str = ""
    chunking: ChunkingOptions = field(default_factory=ChunkingOptions)
    search: SearchOptions = field(default_factory=SearchOptions)
    access: tuple[AccessRule, ...] = ()
    language: str = "en"
    created: str = ""
    calibration: Calibration | None = None
    trials: tuple[Trial, ...] = ()
    adapter: str = ""
    reranker: RerankerSpec | None = None

    def allow(self, title: str, path: str) -> frozenset[str]:
        """The roles that may read a place: those of the first rule that matches, else `public`.

        What a title opens, the file's own name may close: a copy named "Internal ..." is meant to be internal,
        whatever the document itself is called.
        """
        by_title = self._first(title, path)
        return by_title if PUBLIC not in by_title else self._first(PurePath(path).stem, path)

    def _first(self, title: str, path: str) -> frozenset[str]:
        return next((rule.allow for rule in self.access if rule.matches(title, path)), frozenset({PUBLIC}))

    def with_access(self, access: Sequence[AccessRule]) -> BankCard:
        """The same card under other access rules."""
        return replace(self, access=tuple(access))


def check_bank_name(name: str) -> str:
    """`name` itself; raises `InvalidBankName` unless it can name a folder on every platform."""
    if BANK_NAME.fullmatch(name) and name not in RESERVED:
        return name
    raise InvalidBankName(
        f"{name!r} cannot name a bank:",
        hint="use 1 to 63 lower-case letters, digits, hyphens and underscores, and begin with a letter or digit.",
    )


def card_to_json(card: BankCard) -> dict[str, Any]:
    """The card as plain JSON values; `card_from_json` reads it back."""
    return {
        "name": card.name,
        "title": card.title,
        "description": card.description,
        "language": card.language,
        "created": card.created,
        "embedder": {name: getattr(card.embedder, name) for name in ("model", "dimension", "weights", "max_tokens")},
        "spec": {name: getattr(card.spec, name) for name in ("kind", "model", "base_url", "device")},
        "chunking": {"tokens": card.chunking.tokens},
        "search": {name: getattr(card.search, name) for name in SEARCH},
        "access": [{"allow": sorted(rule.allow), "title": rule.title, "path": rule.path} for rule in card.access],
        "calibration": asdict(card.calibration) if card.calibration else None,
        "trials": [asdict(trial) for trial in card.trials],
        "adapter": card.adapter,
        "reranker": asdict(card.reranker) if card.reranker else None,
    }


def card_from_json(data: dict[str, Any]) -> BankCard:
    """A card from what `card_to_json` made."""
    return BankCard(
        name=data["name"],
        title=data["title"],
        description=data["description"],
        language=data["language"],
        created=data["created"],
        embedder=EmbedderIdentity(**data["embedder"]),
        spec=EmbedderSpec(**data["spec"]),
        chunking=ChunkingOptions(**data["chunking"]),
        search=SearchOptions(**data["search"]),
        access=tuple(AccessRule(frozenset(r["allow"]), r["title"], r["path"]) for r in data["access"]),
        calibration=_calibration(data.get("calibration")),
        trials=tuple(Trial(**trial) for trial in data.get("trials", ())),
        adapter=data.get("adapter", ""),
        reranker=RerankerSpec(**data["reranker"]) if data.get("reranker") else None,
    )


def _calibration(data: dict[str, Any] | None) -> Calibration | None:
    if data is None:
        return None
    return Calibration(**{**data, "curve": tuple(tuple(point) for point in data["curve"])})
