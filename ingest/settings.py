"""The sections `banks:` and `ingest:` of refdesk.yaml."""

from __future__ import annotations

import glob
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from ingest.worker_process import ParserLimits
from knowledge.card import AccessRule, BankCard, ChunkingOptions, EmbedderSpec, RerankerSpec, check_bank_name
from knowledge.config_sections import Strict, place, read_part
from knowledge.embedding.embedder import EmbedderIdentity
from knowledge.errors import ConfigError, InvalidBankName

FEWEST_TOKENS = 32
Suffix = Annotated[str, Field(pattern=r"^\.\w+$")]


class AccessSettings(Strict):
    """Who may read the documents that the globs match; the first rule that matches decides."""

    allow: list[str] = Field(min_length=1)
    title: str | None = None
    path: str | None = None


class ChunkingSettings(Strict):
    """How documents are cut."""

    tokens: int = Field(default=256, ge=FEWEST_TOKENS)


class EmbedderSettings(Strict):
    """Which embedding model a new bank is made with."""

    kind: Literal["minilm", "sentence-transformers", "openai"] = "minilm"
    model: str = "all-MiniLM-L6-v2"
    base_url: str | None = None
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"


class RerankerSettings(Strict):
    """Which cross-encoder of sentence-transformers reads the first passages again, and how many of them."""

    model: str = Field(min_length=1)
    passages: int = Field(default=30, ge=2, le=200)
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"


class BankSettings(Strict):
    """One bank: what it is about, where its documents stand, who may read them."""

    title: str = ""
    description: str = ""
    sources: list[str] = Field(default_factory=list)
    access: list[AccessSettings] = Field(default_factory=list)
    chunking: ChunkingSettings = Field(default_factory=ChunkingSettings)
    embedder: EmbedderSettings = Field(default_factory=EmbedderSettings)
    reranker: RerankerSettings | None = None

    @property
    def spec(self) -> EmbedderSpec:
        """The embedding model as a bank card records it."""
        return EmbedderSpec(self.embedder.kind, self.embedder.model, self.embedder.base_url, self.embedder.device)

    def card(self, name: str, identity: EmbedderIdentity, folder: Path) -> BankCard:
        """The card of a new bank; path globs in the access rules are taken from `folder`.

        Raises `ConfigError` when chunks would be longer than the model reads.
        """
        if self.chunking.tokens > identity.max_tokens:
            raise ConfigError(
                f"banks.{name}.chunking.tokens is {self.chunking.tokens}, but {identity.model} reads at most"
                f" {identity.max_tokens} tokens."
            )
        return BankCard(
            name=name,
            embedder=identity,
            spec=self.spec,
            title=self.title or name,
            description=self.description,
            chunking=ChunkingOptions(self.chunking.tokens),
            access=tuple(
                AccessRule(frozenset(rule.allow), rule.title, _absolute(rule.path, folder)) for rule in self.access
            ),
            reranker=RerankerSpec(**self.reranker.model_dump()) if self.reranker else None,
        )


class IngestSettings(Strict):
    """How files are read; `suffixes` limits which files of a folder are."""

    workers: int = Field(default=0, ge=0, le=64)
    seconds: float = Field(default=60.0, gt=0)
    memory_mb: int = Field(default=1024, ge=128)
    max_file_mb: float = Field(default=50.0, gt=0)
    suffixes: list[Suffix] | None = None

    @property
    def limits(self) -> ParserLimits:
        """What one document may cost."""
        return ParserLimits(self.seconds, self.memory_mb, self.max_file_mb)


class Settings(BaseModel):
    """Both sections; other layers own the others."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)

    banks: dict[str, BankSettings] = Field(default_factory=dict)
    ingest: IngestSettings = Field(default_factory=IngestSettings)


def read_settings(content: Mapping[str, Any], path: Path | None) -> Settings:
    """The settings in `content`, the parsed file `path`; `ConfigError` names file, line and what was expected."""
    given = {name: content[name] for name in ("banks", "ingest") if content.get(name) is not None}
    settings = read_part(Settings, given, path)
    for name in settings.banks:
        try:
            check_bank_name(name)
        except InvalidBankName as error:
            raise ConfigError(f"{place(path, ('banks', name))}: {error.sentence}") from None
    return settings


def _absolute(path_glob: str | None, folder: Path) -> str | None:
    """A path glob as it stands for absolute paths; one that begins with `*` or names an address stays as it is."""
    if path_glob is None or path_glob.startswith("*") or "://" in path_glob:
        return path_glob
    wanted = str(Path(path_glob).expanduser())
    if not Path(wanted).is_absolute():
        wanted = f"{glob.escape(str(folder.absolute()))}/{wanted}"
    # As the places themselves are written: without `..`, and a folder means everything in it.
    wanted = os.path.normpath(wanted)
    return wanted if glob.has_magic(wanted.removeprefix(glob.escape(str(folder.absolute())))) else f"{wanted}*"
