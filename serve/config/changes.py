"""What changes when settings are read anew: what a running service takes over, and what waits for its next start."""

from __future__ import annotations

from dataclasses import dataclass

from serve.config.settings import ServerSettings

# What connections, files and threads were opened for.
NEXT_START = ("database", "redis", "retention_days")
NEXT_START_OF_HANDOVER = ("webhook", "mail", "inbox_url")


@dataclass(frozen=True, slots=True)
class Changes:
    """The names of settings that hold from now on, and of those that hold from the next start on."""

    now: tuple[str, ...] = ()
    next_start: tuple[str, ...] = ()


def changes(old: ServerSettings, new: ServerSettings) -> Changes:
    """What differs, by the names of the section's own lines."""
    differing = [name for name in ServerSettings.model_fields if getattr(old, name) != getattr(new, name)]
    late = [name for name in differing if name in NEXT_START]
    late += [f"handover.{name}" for name in NEXT_START_OF_HANDOVER if _of(old, name) != _of(new, name)]
    taken = {name for name in differing if getattr(old, name) != getattr(taken_over(old, new), name)}
    return Changes(tuple(name for name in differing if name in taken), tuple(late))


def taken_over(old: ServerSettings, new: ServerSettings) -> ServerSettings:
    """The new settings, but for those that wait."""
    waiting = {name: getattr(old, name) for name in NEXT_START}
    ways = {name: _of(old, name) for name in NEXT_START_OF_HANDOVER}
    return new.model_copy(update={**waiting, "handover": new.handover.model_copy(update=ways)})


def _of(settings: ServerSettings, name: str) -> object:
    return getattr(settings.handover, name)
