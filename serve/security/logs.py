"""The service's logs: one line for each thing that happened, to read or for programs, and no secret in any."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TextIO

from agents.tracing.redaction import Redactor
from knowledge.settings import Environment

# What every record has; whatever else it carries was given as `extra`.
_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}


class PlainLines(logging.Formatter):
    """Lines to read. Whatever is logged passes through the redactor last, tracebacks included."""

    def __init__(self, redactor: Redactor) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")
        self._redactor = redactor

    def format(self, record: logging.LogRecord) -> str:
        """The line; a line break in a message cannot begin a line that looks like another one's."""
        more = "".join(f" {name}={value}" for name, value in extras(record).items())
        record = logging.makeLogRecord({**vars(record), "msg": one_line(record.getMessage()) + more, "args": None})
        return self._redactor.text(super().format(record))


class JsonLines(logging.Formatter):
    """One JSON object a line: `at`, `level`, `logger`, `message`, what else was given, and `error` with a traceback."""

    def __init__(self, redactor: Redactor) -> None:
        super().__init__()
        self._redactor = redactor

    def format(self, record: logging.LogRecord) -> str:
        """The object."""
        fields: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
        }
        said = {"message": record.getMessage(), **extras(record)}
        if record.exc_info:
            said["error"] = self.formatException(record.exc_info)
        fields |= self._redactor.value(said)
        return json.dumps(fields, ensure_ascii=False)


def extras(record: logging.LogRecord) -> Mapping[str, Any]:
    """What was given beside the message."""
    return {name: value for name, value in vars(record).items() if name not in _OWN}


def one_line(text: str) -> str:
    """The text with what would break the line, or move a terminal's cursor, written out."""
    return "".join(character if character.isprintable() else f"\\x{ord(character):02x}" for character in text)


def log_to(stream: TextIO, redactor: Redactor, *, as_json: bool, level: int = logging.INFO) -> logging.Handler:
    """From now on, everything that this process logs goes to `stream`, redacted; gives back what does that.

    For the edge of the process: it takes the place of every handler that the root logger has.
    """
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines(redactor) if as_json else PlainLines(redactor))
    root = logging.getLogger()
    for former in list(root.handlers):
        root.removeHandler(former)
    root.addHandler(handler)
    root.setLevel(level)
    return handler


def redactor_for(environment: Environment) -> Redactor:
    """One that knows every secret that the environment holds."""
    held = (
        environment.openai_api_key,
        environment.studio_token,
        environment.mcp_token,
        environment.worker_token,
        environment.webhook_secret,
        environment.smtp_password,
        environment.database_password,
        environment.redis_password,
        environment.oidc_client_secret,
        *(provider.api_key for provider in environment.providers.values()),
    )
    return Redactor.knowing(held)
