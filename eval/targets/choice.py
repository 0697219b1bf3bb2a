"""Which system a command evaluates: banks, an agent, or an endpoint."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from agents.model.spec import OPENAI, ModelSpec
from eval.cases import Case
from eval.targets.target import Target
from knowledge.card import EmbedderSpec
from knowledge.errors import BankNotFound, UsageError

if TYPE_CHECKING:
    from eval.targets.price import Price
    from knowledge.embedding.embedder import Embedder
    from knowledge.library import Library
    from knowledge.settings import Environment


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked for. Without agent and address it is the banks, all of them where none is named."""

    banks: tuple[str, ...] = ()
    agent: str | None = None
    url: str | None = None
    model: str | None = None
    price: Price | None = None
    retrieval_only: bool = False
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Chosen:
    """A system, the cases that concern it, and what measures nearness in meaning."""

    target: Target
    cases: tuple[Case, ...]
    embedder: Embedder
    tells_hits: bool


def choose(
    wanted: Wanted, cases: Sequence[Case], library: Library, environment: Environment, *, offline: bool, folder: Path
) -> Chosen:
    """The system; with banks named, only the cases that belong to them or to none.

    Raises `UsageError` where the wishes would leave this machine offline.
    """
    kept = tuple(case for case in cases if not wanted.banks or case.bank is None or case.bank in wanted.banks)
    if wanted.agent or wanted.url:
        return _foreign(wanted, kept, library, environment, offline=offline, folder=folder)
    from eval.targets.banks import BankTarget  # the answer path is not needed for `--help`

    names = wanted.banks or library.names()
    if not names:
        raise BankNotFound(
            f"There are no banks under {library.root}.", hint="Make one: refdesk ingest FOLDER --bank NAME."
        )
    target = BankTarget(library, names, answering=not wanted.retrieval_only)
    return Chosen(target, kept, library.bank(names[0]).embedder, tells_hits=True)


def _foreign(
    wanted: Wanted,
    cases: tuple[Case, ...],
    library: Library,
    environment: Environment,
    *,
    offline: bool,
    folder: Path,
) -> Chosen:
    """An agent or an endpoint; its citations are compared in the banks of the library, where it has any."""
    from eval.targets.placed import PlacedTarget
    from eval.targets.placing import Placer

    target = _agent(wanted, folder) if wanted.agent else _endpoint(wanted, environment, offline=offline)
    banks = [library.bank(name) for name in wanted.banks or library.names()]
    placed = PlacedTarget(target, Placer(banks)) if banks else target
    embedder = banks[0].embedder if banks else library.embedder(EmbedderSpec())
    return Chosen(placed, cases, embedder, tells_hits=False)


def _agent(wanted: Wanted, folder: Path) -> Target:
    from eval.targets.agent import AgentTarget

    return AgentTarget(wanted.agent or "", folder=folder)


def _endpoint(wanted: Wanted, environment: Environment, *, offline: bool) -> Target:
    """The key of the environment goes only to the address that the environment names, by default OpenAI's."""
    from eval.targets.openai_endpoint import EndpointTarget

    model, url = wanted.model or environment.model, wanted.url or ""
    if not model:
        raise UsageError("An endpoint is asked for a model:", hint="name it with --model.")
    spec = ModelSpec(model, base_url=url)
    if offline and not spec.is_local:
        raise UsageError(f"Offline: {spec.host} is not asked.", hint="Leave --offline out, or name a local address.")
    trusted = (environment.openai_base_url or OPENAI).rstrip("/")
    key = environment.openai_api_key if url.rstrip("/") == trusted else None
    return EndpointTarget(url, model, api_key=key, price=wanted.price, seed=wanted.seed, local=spec.is_local)
