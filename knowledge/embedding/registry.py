"""The kinds of embedding models, by the name that a bank card or a settings file gives them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from knowledge.errors import ConfigError

if TYPE_CHECKING:
    from knowledge.card import EmbedderSpec
    from knowledge.embedding.embedder import Embedder


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an embedder gets besides its spec: where it may keep files, whether it may use the network, a key."""

    cache_dir: Path
    offline: bool = True
    api_key: str | None = None


def _minilm(spec: EmbedderSpec, around: Surroundings) -> Embedder:
    from knowledge.embedding.minilm import MiniLM

    return MiniLM(around.cache_dir, device=spec.device)


def _sentence_transformers(spec: EmbedderSpec, around: Surroundings) -> Embedder:
    from knowledge.embedding.sentence_transformers_embedder import SentenceTransformerEmbedder

    return SentenceTransformerEmbedder(
        spec.model, cache_dir=around.cache_dir, offline=around.offline, device=spec.device
    )


def _openai(spec: EmbedderSpec, around: Surroundings) -> Embedder:
    from knowledge.embedding.openai import OpenAIEmbedder

    return OpenAIEmbedder(
        spec.model,
        cache_dir=around.cache_dir,
        base_url=spec.base_url,
        api_key=around.api_key,
        offline=around.offline,
    )


KINDS: dict[str, Callable[[EmbedderSpec, Surroundings], Embedder]] = {
    "minilm": _minilm,
    "sentence-transformers": _sentence_transformers,
    "openai": _openai,
}


def open_embedder(
    spec: EmbedderSpec, *, cache_dir: Path | None = None, offline: bool = True, api_key: str | None = None
) -> Embedder:
    """The embedder that `spec` describes; nothing is loaded yet.

    `cache_dir` keeps what is derived from weights and may be shared by processes; the user's own by default.
    `offline` refuses downloads and remote hosts. Raises `ConfigError` for a kind that does not exist.
    """
    try:
        make = KINDS[spec.kind]
    except KeyError:
        raise ConfigError(
            f"There is no embedder of the kind {spec.kind!r}:", hint=f"write one of {', '.join(KINDS)}."
        ) from None
    return make(spec, Surroundings(cache_dir or _user_cache(), offline, api_key))


def _user_cache() -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("refdesk", appauthor=False)
