"""Reads what a docstring says about a function and its parameters, in the styles of Google, NumPy and Sphinx."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from inspect import cleandoc
from types import MappingProxyType

PARAMETER_SECTIONS = frozenset(
    {"args", "arguments", "parameters", "params", "keyword args", "keyword arguments", "other parameters"}
)
SECTIONS = PARAMETER_SECTIONS | {
    "attributes", "example", "examples", "note", "notes", "raises", "references", "return", "returns", "see also",
    "todo", "warning", "warnings", "warns", "yield", "yields",
}  # fmt: skip
GOOGLE_HEADING = re.compile(r"^([A-Z][A-Za-z ]+):\s*$")
GOOGLE_PARAMETER = re.compile(r"^\*{0,2}(\w+)\s*(?:\((?P<type>.*?)\))?\s*:\s*(?P<text>.*)$")
NUMPY_UNDERLINE = re.compile(r"^-{3,}\s*$")
NUMPY_PARAMETER = re.compile(r"^(?P<names>\*{0,2}\w+(?:\s*,\s*\*{0,2}\w+)*)\s*(?::\s*(?P<type>.*))?$")
SPHINX_FIELD = re.compile(r"^:(?P<field>\w+)(?:\s+(?P<argument>[^:]*?))?:\s*(?P<text>.*)$")
SPHINX_PARAMETER = frozenset({"param", "parameter", "arg", "argument", "key", "keyword"})


@dataclass(frozen=True, slots=True)
class Docstring:
    """What the docstring says: the first paragraph, the others up to the first section, and each parameter's words."""

    summary: str = ""
    details: str = ""
    parameters: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def whole(self) -> str:
        """Summary and details."""
        return "\n\n".join(part for part in (self.summary, self.details) if part)


def read_docstring(text: str | None) -> Docstring:
    """What `text` says; a docstring in no known style is all summary and details."""
    lines = cleandoc(text or "").splitlines()
    parameters: dict[str, str] = {}
    prose: list[str] = []
    for heading, body in _sections(lines):
        if heading is None:
            prose += body
        elif heading in PARAMETER_SECTIONS:
            parameters |= _described(body)
    parameters |= _sphinx(lines)
    paragraphs = re.split(r"\n\s*\n", "\n".join(_without_fields(prose)).strip(), maxsplit=1)
    details = paragraphs[1].strip() if len(paragraphs) > 1 else ""
    return Docstring(" ".join(paragraphs[0].split()), details, MappingProxyType(parameters))


def _sections(lines: list[str]) -> Iterator[tuple[str | None, list[str]]]:
    """The lines by section, with its heading in lower case; None heads what stands before the first."""
    heading: str | None = None
    body: list[str] = []
    rest = iter(range(len(lines)))
    for at in rest:
        found = _heading(lines, at)
        if found is None:
            body.append(lines[at])
            continue
        yield heading, body
        heading, body = found, []
        if GOOGLE_HEADING.match(lines[at]) is None:
            next(rest, None)  # the underline
    yield heading, body


def _heading(lines: list[str], at: int) -> str | None:
    line = lines[at]
    if (google := GOOGLE_HEADING.match(line)) and google.group(1).lower() in SECTIONS:
        return google.group(1).lower()
    underlined = at + 1 < len(lines) and NUMPY_UNDERLINE.match(lines[at + 1])
    name = line.strip().lower()
    return name if underlined and line[:1].isalpha() and name in SECTIONS else None


def _described(body: list[str]) -> dict[str, str]:
    """The parameters of one section: each begins at the section's own indent, its words go on deeper."""
    filled = [line for line in body if line.strip()]
    if not filled:
        return {}
    indent = min(len(line) - len(line.lstrip()) for line in filled)
    numpy = indent == 0
    found: dict[str, list[str]] = {}
    names: list[str] = []
    for line in filled:
        deeper = len(line) - len(line.lstrip()) > indent
        if not deeper and (begun := _begun(line.strip(), numpy=numpy)):
            names, words = begun
            found |= {name: [words] if words else [] for name in names}
        else:
            for name in names:
                found[name].append(line.strip())
    return {name: " ".join(words) for name, words in found.items()}


def _begun(line: str, *, numpy: bool) -> tuple[list[str], str] | None:
    if numpy and (match := NUMPY_PARAMETER.match(line)):
        return [name.strip(" *") for name in match.group("names").split(",")], ""
    if match := GOOGLE_PARAMETER.match(line):
        return [match.group(1)], match.group("text").strip()
    return None


def _sphinx(lines: list[str]) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    current: list[str] | None = None
    for line in lines:
        match = SPHINX_FIELD.match(line.strip())
        if match is None:
            if current is not None and line.strip():
                current.append(line.strip())
            continue
        current = None
        if match.group("field") in SPHINX_PARAMETER and match.group("argument"):
            name = match.group("argument").split()[-1].lstrip("*")
            current = found[name] = [match.group("text").strip()]
    return {name: " ".join(word for word in words if word) for name, words in found.items()}


def _without_fields(prose: list[str]) -> list[str]:
    """The prose up to the first Sphinx field."""
    for at, line in enumerate(prose):
        match = SPHINX_FIELD.match(line.strip())
        if match and match.group("field") in SPHINX_PARAMETER | {
            "return",
            "returns",
            "rtype",
            "raises",
            "type",
            "raise",
        }:
            return prose[:at]
    return prose
