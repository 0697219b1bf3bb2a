"""Which banks a command brings up to date, with what: the meeting of arguments, settings and library."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.pipeline import IngestOptions, Progress, expanded, ingest, planned
from ingest.plan import require_files
from ingest.report import IngestReport
from knowledge.card import check_bank_name
from knowledge.errors import UsageError
from knowledge.terminal.shell import Shell

if TYPE_CHECKING:
    from ingest.settings import BankSettings
    from knowledge.bank import KnowledgeBank
    from knowledge.card import BankCard
    from knowledge.library import Library


@dataclass(frozen=True, slots=True)
class Job:
    """One bank and what goes into it; relative sources are taken from `folder`.

    `settings` is what the configuration file says about the bank, None where it is not declared.
    """

    bank: str
    sources: tuple[str, ...]
    folder: Path
    options: IngestOptions
    settings: BankSettings | None = None
    settings_folder: Path | None = None
    stdin_name: str = "stdin"
    prune: bool = False

    def run(self, library: Library, progress: Callable[[Progress], None] | None = None) -> IngestReport:
        """Brings the bank up to date, and its card in line with the settings. Raises as `ingest` does."""
        if self.bank not in library.names():
            self._check_sources()
        bank = self.begin(library)
        return ingest(
            self.sources,
            bank,
            card=self._updated(bank.card()),
            prune=self.prune,
            options=self.options,
            folder=self.folder,
            stdin_name=self.stdin_name,
            progress=progress,
        )

    def begin(self, library: Library) -> KnowledgeBank:
        """The bank, made without documents where there is none."""
        return library.create(self.bank, spec=self.settings.spec if self.settings else None, card=self._card(library))

    @property
    def awaited(self) -> tuple[Path, ...]:
        """The folders that are its sources, where all are there and none holds a file yet."""
        folders = tuple(self.folder / source for source in self.sources)
        empty = all(one.is_dir() and not any(found.is_file() for found in one.rglob("*")) for one in folders)
        return folders if empty else ()

    def plan(self, library: Library) -> IngestReport:
        """What `run` would change; makes no bank and writes nothing."""
        exists = self.bank in library.names()
        bank = library.bank(self.bank) if exists else None
        card = self._updated(bank.card()) if bank else self._card(library) or self._bare_card(library)
        return planned(
            self.sources,
            bank,
            card,
            prune=self.prune,
            options=self.options,
            folder=self.folder,
            stdin_name=self.stdin_name,
        )

    def _check_sources(self) -> None:
        """Raises `UsageError` before a bank is made for sources that do not exist."""
        for listing in expanded(self.sources, self.options, self.folder, self.stdin_name):
            require_files(listing)

    def _card(self, library: Library) -> BankCard | None:
        """The card of a new bank; none where nothing is declared."""
        if self.settings is None:
            return None
        identity = library.embedder(self.settings.spec).identity
        return self.settings.card(self.bank, identity, self.settings_folder or self.folder)

    def _bare_card(self, library: Library) -> BankCard:
        from knowledge.card import BankCard, EmbedderSpec

        return BankCard(self.bank, library.embedder(EmbedderSpec()).identity)

    def _updated(self, card: BankCard) -> BankCard:
        """An existing bank's card as the settings want it; what they do not speak of stays."""
        if self.settings is None:
            return card
        wanted = self.settings.card(self.bank, card.embedder, self.settings_folder or self.folder)
        said = self.settings.model_fields_set & {"title", "description", "chunking", "access", "reranker"}
        return replace(card, spec=wanted.spec, **{name: getattr(wanted, name) for name in said})


def jobs(
    shell: Shell, paths: Sequence[str], banks: Sequence[str], *, stdin_name: str = "stdin", prune: bool = False
) -> tuple[Job, ...]:
    """The work that a command line asks for. Raises `UsageError` where it does not say enough."""
    from ingest.settings import Settings, read_settings

    settings = read_settings(shell.settings(), shell.config) if shell.config else Settings()
    home = shell.config.parent if shell.config else shell.root
    suffixes = settings.ingest.suffixes
    options = IngestOptions(
        settings.ingest.workers, settings.ingest.limits, None if suffixes is None else frozenset(suffixes)
    )
    for name in banks:
        check_bank_name(name)
    if paths:
        if len(banks) != 1:
            raise UsageError("Which bank do these belong to?", hint="Add --bank NAME, once.")
        declared = settings.banks.get(banks[0])
        return (Job(banks[0], tuple(paths), Path.cwd(), options, declared, home, stdin_name, prune),)
    chosen = banks or tuple(settings.banks)
    if not chosen or not settings.banks:
        raise UsageError(
            "Nothing to ingest:", hint="name files or folders and --bank NAME, or a file that declares banks: --config."
        )
    if unknown := next((name for name in chosen if name not in settings.banks), ""):
        raise UsageError(f"{shell.config} declares no bank {unknown!r}:", hint=f"it has {', '.join(settings.banks)}.")
    return tuple(
        Job(name, tuple(settings.banks[name].sources), home, options, settings.banks[name], home, prune=prune)
        for name in chosen
    )
