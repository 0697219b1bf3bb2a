"""What logs and traces must not hold: secrets by form and by value, and personal data."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from agents.tracing.personal_data import without_personal_data

SECRET = "[secret]"
SHORTEST_SECRET = 8
# A name whose value nobody needs to read.
_NAMES = (
    r"(?:api[_-]?key|access[_-]?key|(?:access|refresh|id|session|bearer)?[_-]?token|client[_-]?secret|secret"
    r"|passw(?:or)?d|passphrase|csrf)"
)
SECRET_NAME = re.compile(rf"^(?:.*[_-])?{_NAMES}$|^(?:proxy-)?authorization$|^(?:set-)?cookie$", re.IGNORECASE)
_FORMS: tuple[tuple[re.Pattern[str], str], ...] = (
    # Whole headers: everything that follows on the line, or in the quotes.
    (
        re.compile(r"(?i)\b((?:proxy-)?authorization|(?:set-)?cookie)(['\"]?\s*[:=,]\s*(?:b?['\"])?)[^\r\n'\"]+"),
        rf"\1\2{SECRET}",
    ),
    (re.compile(r"(?i)\b(bearer|basic)(\s+)[A-Za-z0-9._~+/=-]{8,}"), rf"\1\2{SECRET}"),
    (re.compile(r"\b(rd_[0-9a-f]{8})_[0-9a-f]{16,}"), rf"\1_{SECRET}"),
    (re.compile(r"\bv_[\w-]{22}\.\d{1,15}\.[\w-]{43}"), SECRET),
    (re.compile(r"\brw_[\w-]{16,}\.[\w-]{43}"), SECRET),
    # What providers' keys look like: OpenAI, Anthropic and the like; Google; GitHub; Slack; AWS; tokens of three parts.
    (re.compile(r"\b(?:sk|pk|rk)-[A-Za-z0-9_-]{16,}"), SECRET),
    (re.compile(r"\bAIza[\w-]{30,}"), SECRET),
    (re.compile(r"\bgh[opsur]_[A-Za-z0-9]{30,}"), SECRET),
    (re.compile(r"\bxox[abprs]-[\w-]{10,}"), SECRET),
    (re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"), SECRET),
    (re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"), SECRET),
    (re.compile(r"(://[^\s/:@]{0,200}:)[^\s/@]{1,200}@"), rf"\1{SECRET}@"),
    (
        re.compile(rf"(?i)\b((?:\w{{1,40}}[_-])?{_NAMES})(['\"]?\s*[:=]\s*['\"]?)(?!\[secret\])[^\s'\"&,;]+"),
        rf"\1\2{SECRET}",
    ),
    (
        re.compile(r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]{0,30}PRIVATE KEY-----|\Z)"),
        SECRET,
    ),
)


@dataclass(frozen=True, slots=True)
class Redactor:
    """Takes secrets and personal data out of texts. `secrets` are known by value: they go in whatever form."""

    secrets: tuple[str, ...] = field(default=(), repr=False)

    @staticmethod
    def knowing(secrets: Iterable[str | None]) -> Redactor:
        """One that knows these; what is too short to be a secret is no reason to tear words apart."""
        known = {secret for secret in secrets if secret and len(secret) >= SHORTEST_SECRET}
        return Redactor(tuple(sorted(known, key=len, reverse=True)))

    def text(self, text: str) -> str:
        """The text without secrets and personal data."""
        for secret in self.secrets:
            text = text.replace(secret, SECRET)
        for form, label in _FORMS:
            text = form.sub(label, text)
        return without_personal_data(text)

    def value(self, value: Any) -> Any:
        """The same value with every text in it redacted, and what a secret's name stands before."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {
                self.value(key): SECRET if SECRET_NAME.match(str(key)) else self.value(item)
                for key, item in value.items()
            }
        if isinstance(value, list | tuple | set | frozenset):
            return [self.value(item) for item in value]
        return value if value is None or isinstance(value, bool | int | float) else self.text(str(value))
