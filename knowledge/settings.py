"""Where settings come from: the one reader of the environment, and the finder of `refdesk.yaml`."""

from __future__ import annotations

import os
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from knowledge.errors import ConfigError

CONFIG_NAME = "refdesk.yaml"
# Each layer owns the model of its section; a name that none of them knows is refused, since a misspelt `banks`
# would drop access rules without a word.
SECTIONS = ("banks", "ingest", "model")

# No dependency may call home; see the invariant "No network unless configured" in docs/architecture.md.
TELEMETRY_OFF = {
    "ANONYMIZED_TELEMETRY": "False",
    "DO_NOT_TRACK": "1",
    "SCARF_NO_ANALYTICS": "true",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "RAY_USAGE_STATS_ENABLED": "0",
    "TOKENIZERS_PARALLELISM": "false",
}
OFFLINE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}


@dataclass(frozen=True, slots=True)
class Environment:
    """What the environment says; none of it enables anything by itself."""

    cache: Path
    data: Path
    model: str | None = None
    root: Path | None = None
    openai_api_key: str | None = field(default=None, repr=False)
    openai_base_url: str | None = None
    hub_allowed: bool = False


def read_environment(environ: Mapping[str, str]) -> Environment:
    """The settings that `environ` holds; a variable that is empty counts as not set.

    `HF_HUB_OFFLINE=0` is the one way to allow downloads of named models from a hub.
    """
    import platformdirs

    def path(name: str) -> Path | None:
        return Path(environ[name]).expanduser() if environ.get(name) else None

    return Environment(
        cache=path("REFDESK_CACHE") or platformdirs.user_cache_path("refdesk", appauthor=False),
        data=platformdirs.user_data_path("refdesk", appauthor=False),
        model=environ.get("REFDESK_MODEL") or None,
        root=path("REFDESK_ROOT"),
        openai_api_key=environ.get("OPENAI_API_KEY") or None,
        openai_base_url=environ.get("OPENAI_BASE_URL") or None,
        hub_allowed=environ.get("HF_HUB_OFFLINE", "").lower() in ("0", "false", "no"),
    )


def process_environment() -> Environment:
    """What the environment of this process says, for library calls that are given no settings."""
    return read_environment(os.environ)


def quiet_dependencies(environ: MutableMapping[str, str], *, offline: bool) -> None:
    """Switch off telemetry of every dependency, and the model hub unless it was allowed by `HF_HUB_OFFLINE=0`.

    Only for the edge of a process, before any of them is imported: they read these at import.
    """
    environ.update(TELEMETRY_OFF)
    if offline or not read_environment(environ).hub_allowed:
        environ.update(OFFLINE)


def find_config(start: Path) -> Path | None:
    """The nearest `refdesk.yaml` in the folder `start` or above it."""
    for folder in (start, *start.parents):
        if (folder / CONFIG_NAME).is_file():
            return folder / CONFIG_NAME
    return None


def load_config(path: Path) -> dict[str, Any]:
    """The settings in the YAML file `path`; `ConfigError` names file, line and what was expected."""
    import yaml  # not needed by `--help`

    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is not UTF-8 text:", hint="save it as UTF-8.") from error
    except yaml.MarkedYAMLError as error:
        raise ConfigError(f"{path}{_position(error.problem_mark)}: {_problem(error)}.") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: is not YAML: {error}.") from error
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise ConfigError(f"{path}, line 1: expected settings as `name: value` lines, found a {_kind(content)}.")
    if unknown := [str(name) for name in content if name not in SECTIONS]:
        raise ConfigError(f"{path}: {unknown[0]} is not a section:", hint=f"write one of {', '.join(SECTIONS)}.")
    return content


def _position(mark: Any) -> str:
    return f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""


def _problem(error: Any) -> str:
    return " ".join(part for part in (error.context, error.problem) if part) or "is not YAML"


def _kind(content: object) -> str:
    return "list" if isinstance(content, list) else "single value"
