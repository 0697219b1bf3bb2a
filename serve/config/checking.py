"""Whether the names in the section `server:` stand for something."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from knowledge.config_sections import place
from knowledge.errors import ConfigError
from serve.config.settings import SECTION, ServerSettings


def check_banks(settings: ServerSettings, known: Collection[str], config: Path | None) -> None:
    """Raises `ConfigError`, with its line, for a bank that is to be served and that there is none of."""
    for location, name in _named(settings):
        if name not in known:
            raise ConfigError(
                f"{place(config, location)}: there is no bank {name!r}:",
                hint=f"write one of {', '.join(sorted(known)) or 'those that you ingest'}.",
            )


def _named(settings: ServerSettings) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Every name of a bank, and where it stands."""
    tiers = (("tier1", settings.flow.tier1), ("tier2", settings.flow.tier2))
    lists: list[tuple[tuple[str, ...], list[str] | None]] = [((SECTION, "banks"), settings.banks)]
    lists += [((SECTION, "flow", key, "banks"), tier.banks) for key, tier in tiers if tier is not None]
    for location, names in lists:
        for number, name in enumerate(names or ()):
            yield (*location, number), name
