"""Where settings come from: the one reader of the environment, and the finder of `refdesk.yaml`."""

from __future__ import annotations

import os
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from knowledge.errors import ConfigError

CONFIG_NAME = "refdesk.yaml"
# Each layer owns the model of its section; a name that none of them knows is refused, since a misspelt `banks`
# would drop access rules without a word.
SECTIONS = ("banks", "ingest", "model", "models", "agents", "server")

# No dependency may call home; see the invariant "No network unless configured" in docs/architecture.md.
TELEMETRY_OFF = {
    "ANONYMIZED_TELEMETRY": "False",
    "DO_NOT_TRACK": "1",
    "SCARF_NO_ANALYTICS": "true",
    "ORT_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "RAY_USAGE_STATS_ENABLED": "0",
    "TOKENIZERS_PARALLELISM": "false",
}
OFFLINE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}


# Each provider's variables for its key and for its address, the first that is set.
PROVIDERS = {
    "anthropic": (("ANTHROPIC_API_KEY",), ("ANTHROPIC_BASE_URL",)),
    "dashscope": (("DASHSCOPE_API_KEY",), ("DASHSCOPE_BASE_URL",)),
    "gemini": (("GEMINI_API_KEY", "GOOGLE_API_KEY"), ("GEMINI_BASE_URL", "GOOGLE_GEMINI_BASE_URL")),
    "ollama": (("OLLAMA_API_KEY",), ("OLLAMA_HOST",)),
    "openai": (("OPENAI_API_KEY",), ("OPENAI_BASE_URL",)),
}


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider's key, and the address it belongs to where that is not the provider's own."""

    api_key: str | None = field(default=None, repr=False)
    base_url: str | None = None
    key_name: str = ""
    url_name: str = ""


@dataclass(frozen=True, slots=True)
class Environment:
    """What the environment says; none of it enables anything by itself."""

    cache: Path
    data: Path
    model: str | None = None
    root: Path | None = None
    openai_api_key: str | None = field(default=None, repr=False)
    openai_base_url: str | None = None
    search_url: str | None = None
    hub_allowed: bool = False
    studio_token: str | None = field(default=None, repr=False)
    mcp_token: str | None = field(default=None, repr=False)
    worker_token: str | None = field(default=None, repr=False)
    webhook_secret: str | None = field(default=None, repr=False)
    smtp_password: str | None = field(default=None, repr=False)
    database_password: str | None = field(default=None, repr=False)
    redis_password: str | None = field(default=None, repr=False)
    oidc_client_secret: str | None = field(default=None, repr=False)
    tool_server_tokens: Mapping[str, str] = field(default_factory=dict, repr=False)
    programs_allowed: bool = False
    hosts: str = ""
    providers: Mapping[str, Provider] = field(default_factory=dict)

    def provider(self, name: str) -> Provider:
        """The key and the address of one of `PROVIDERS`."""
        keys, urls = PROVIDERS[name]
        return self.providers.get(name) or Provider(key_name=keys[0], url_name=urls[0])


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
        search_url=environ.get("REFDESK_SEARCH_URL") or None,
        hub_allowed=environ.get("HF_HUB_OFFLINE", "").lower() in ("0", "false", "no"),
        studio_token=environ.get("REFDESK_STUDIO_TOKEN") or None,
        mcp_token=environ.get("REFDESK_MCP_TOKEN") or None,
        worker_token=environ.get("REFDESK_WORKER_TOKEN") or None,
        webhook_secret=environ.get("REFDESK_WEBHOOK_SECRET") or None,
        smtp_password=environ.get("REFDESK_SMTP_PASSWORD") or None,
        database_password=environ.get("REFDESK_DATABASE_PASSWORD") or None,
        redis_password=environ.get("REFDESK_REDIS_PASSWORD") or None,
        oidc_client_secret=environ.get("REFDESK_OIDC_CLIENT_SECRET") or None,
        tool_server_tokens=_pairs(environ.get("REFDESK_TOOL_SERVER_TOKENS", "")),
        programs_allowed=environ.get("REFDESK_ALLOW_PROGRAMS", "").lower() in ("1", "true", "yes"),
        hosts=environ.get("REFDESK_HOSTS", ""),
        providers={name: _provider(environ, *names) for name, names in PROVIDERS.items()},
    )


def _pairs(words: str) -> dict[str, str]:
    """Each address with the token that follows it."""
    given = words.split()
    return dict(zip(given[::2], given[1::2], strict=False))


def _provider(environ: Mapping[str, str], keys: tuple[str, ...], urls: tuple[str, ...]) -> Provider:
    key = next((name for name in keys if environ.get(name)), keys[0])
    url = next((name for name in urls if environ.get(name)), urls[0])
    return Provider(environ.get(key) or None, environ.get(url) or None, key, url)


def proxy_for(address: str) -> str | None:
    """The proxy that the environment names for this address, if any."""
    from urllib.request import getproxies, proxy_bypass  # a tenth of a second: only when something is sent

    parts = urlsplit(address)
    if not parts.hostname or proxy_bypass(parts.hostname):
        return None
    proxies = getproxies()
    return proxies.get(parts.scheme) or proxies.get("all")


def process_environment() -> Environment:
    """What the environment of this process says, for library calls that are given no settings."""
    return read_environment(os.environ)


def whole_environment() -> dict[str, str]:
    """A copy of the environment of this process, for a worker that is to see the same."""
    return dict(os.environ)


def adopt_environment(values: Mapping[str, str]) -> None:
    """Make `values` the environment of this process: what a worker does for its caller."""
    for name in os.environ.keys() - values.keys():
        del os.environ[name]
    os.environ.update(values)


def quiet_dependencies(environ: MutableMapping[str, str], *, offline: bool) -> None:
    """Switch off telemetry of every dependency, and the model hub unless it was allowed by `HF_HUB_OFFLINE=0`.

    Only for the edge of a process, before any of them is imported: they read these at import.
    """
    environ.update(TELEMETRY_OFF)
    if offline or not read_environment(environ).hub_allowed:
        environ.update(OFFLINE)


def silence_onnx_runtime() -> None:
    """Keep ONNX Runtime from writing a device's id to the home folder and sending news of this process to its maker.

    It does both while it is imported, so that `disable_telemetry_events` comes too late.
    """
    os.environ["ORT_DISABLE_TELEMETRY"] = TELEMETRY_OFF["ORT_DISABLE_TELEMETRY"]


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
