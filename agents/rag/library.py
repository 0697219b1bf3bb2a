"""Where banks stand for code that names none, and which embedding models open them."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from knowledge.embedding.registry import open_embedder
from knowledge.library import Library
from knowledge.settings import Environment, process_environment
from knowledge.terminal.opening import installed_rerankers
from knowledge.terminal.shell import Shell, open_shell

if TYPE_CHECKING:
    from knowledge.card import EmbedderSpec
    from knowledge.embedding.embedder import Embedder


def open_default_library(root: Path | str | None = None) -> Library:
    """The library at `root`, else where `agents.init(root=...)` says.

    Else it stands beside the nearest refdesk.yaml, at REFDESK_ROOT, or in the user's data folder. Nothing is loaded.
    """
    shell = default_shell(root)
    rerankers = installed_rerankers(shell.environment, offline=shell.offline)
    return Library(shell.root, embedders=lambda spec: embedder_for(spec, shell), rerankers=rerankers)


def default_shell(root: Path | str | None = None) -> Shell:
    """Root, configuration and environment as this process has them now."""
    from agents.runtime import current

    runtime = current()
    chosen = root or runtime.root
    return open_shell(
        process_environment(),
        root=Path(chosen) if chosen else None,
        folder=Path.cwd(),
        offline=bool(runtime.offline),
    )


def embedder_for(spec: EmbedderSpec, shell: Shell) -> Embedder:
    """The model that a bank's card names; the local one is loaded once for all banks."""
    known = shell.environment
    if spec.kind == "minilm":
        return local_embedder(known.cache, spec.device)
    closed = shell.offline or (spec.kind == "sentence-transformers" and not known.hub_allowed)
    return open_embedder(spec, cache_dir=known.cache, offline=closed, api_key=key_for(spec, known))


@lru_cache(maxsize=4)
def local_embedder(cache: Path, device: str = "auto") -> Embedder:
    """The built-in model. It holds nothing but weights, so that everybody may share one."""
    from knowledge.card import EmbedderSpec

    return open_embedder(EmbedderSpec(device=device), cache_dir=cache)


def key_for(spec: EmbedderSpec, environment: Environment) -> str | None:
    """The key of a remote model: that of the configuration for its address, never one meant for another address."""
    from agents.model.embedding import embedding_key

    return embedding_key(spec, environment)
