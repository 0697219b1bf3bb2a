"""Opens the library of a command: the one place where settings meet banks and embedding models."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from knowledge.terminal.shell import Shell

if TYPE_CHECKING:
    from knowledge.card import EmbedderSpec, RerankerSpec
    from knowledge.embedding.embedder import Embedder
    from knowledge.library import Embedders, Library, Rerankers
    from knowledge.retrieval.reranking import Reranker
    from knowledge.settings import Environment


def open_library(shell: Shell, *, chroma_from: int | None = None) -> Library:
    """The library at the shell's root. Nothing is read and no model is loaded until it is asked.

    A server gives `chroma_from`, as `Library` says; other commands leave the mirror, which one process has, to it.
    Says on standard error which configuration file `--root` leaves unused: it may hold access rules.
    """
    from knowledge.library import Library  # keeps `--help` light

    if shell.unused is not None:
        click.echo(f"Note: {shell.unused} is not used, since --root names another folder.", err=True)
    embedders = installed_embedders(shell.environment, offline=shell.offline)
    rerankers = installed_rerankers(shell.environment, offline=shell.offline)
    return Library(shell.root, embedders=embedders, rerankers=rerankers, chroma_from=chroma_from)


def installed_embedders(environment: Environment | None = None, *, offline: bool = False) -> Embedders:
    """Makes the embedding models that this installation and its environment offer."""
    from knowledge.embedding.registry import open_embedder
    from knowledge.settings import process_environment

    known = environment or process_environment()

    def make(spec: EmbedderSpec) -> Embedder:
        closed = offline or (spec.kind == "sentence-transformers" and not known.hub_allowed)
        return open_embedder(spec, cache_dir=known.cache, offline=closed, api_key=known.openai_api_key)

    return make


def installed_rerankers(environment: Environment | None = None, *, offline: bool = False) -> Rerankers:
    """Makes the rerankers that this installation and its environment offer."""
    from knowledge.settings import process_environment

    known = environment or process_environment()

    def make(spec: RerankerSpec) -> Reranker:
        from knowledge.retrieval.sentence_transformers_reranker import CrossEncoderReranker

        return CrossEncoderReranker(spec, offline=offline or not known.hub_allowed)

    return make
