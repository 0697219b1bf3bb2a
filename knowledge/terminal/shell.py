"""What every command knows about the process it runs in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from knowledge.errors import ConfigError
from knowledge.settings import CONFIG_NAME, Environment, find_config, load_config


@dataclass(frozen=True, slots=True)
class Shell:
    """The library root, the `refdesk.yaml` in force, if any, and the global options; click's context object.

    `offline` forbids every connection, whatever else is configured. `unused` is the nearest configuration file where
    `--root` keeps it from being in force.
    """

    root: Path
    config: Path | None
    environment: Environment
    offline: bool = False
    root_given: bool = False
    unused: Path | None = None

    def settings(self) -> dict[str, Any]:
        """What the configuration file says; nothing without a file. Raises `ConfigError`."""
        return load_config(self.config) if self.config else {}

    def section(self, name: str) -> dict[str, Any]:
        """One section of the configuration file; raises `ConfigError` unless it holds settings."""
        section = self.settings().get(name) or {}
        if not isinstance(section, dict):
            raise ConfigError(f"{self.config}: `{name}` must hold settings as `name: value` lines.")
        return section

    def with_config(self, config: Path) -> Shell:
        """The same shell under another configuration file, whose folder is the root unless `--root` was given."""
        config = config.resolve()
        unused = None if self.unused == config else self.unused
        return replace(self, config=config, root=self.root if self.root_given else config.parent, unused=unused)


def open_shell(environment: Environment, *, root: Path | None, folder: Path, offline: bool) -> Shell:
    """The shell for a process in `folder`.

    The root is `root`, else beside the nearest `refdesk.yaml`, else `REFDESK_ROOT`, else the user's data folder.
    """
    config = find_config(folder)
    if root is not None:
        shell = _shell_at(root.expanduser().absolute(), environment, offline=offline, root_given=True)
        in_force = shell.config is not None and config is not None and shell.config.samefile(config)
        return replace(shell, unused=None if config is None or in_force else config)
    if config is not None:
        return Shell(config.parent, config, environment, offline)
    return _shell_at(environment.root or environment.data, environment, offline=offline, root_given=False)


def _shell_at(root: Path, environment: Environment, *, offline: bool, root_given: bool) -> Shell:
    config = root / CONFIG_NAME
    return Shell(root, config if config.is_file() else None, environment, offline, root_given)
