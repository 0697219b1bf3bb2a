"""The YAML that may stand before a Markdown document."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass, field

from knowledge.types import MetadataValue

FENCED = re.compile(r"---[ \t]*(?:\r\n?|\n)(.*?)(?:\r\n?|\n)(?:---|\.\.\.)[ \t]*(?=\r|\n|$)", re.DOTALL)
# What begins like this was meant as YAML, sound or not; anything else between two thematic breaks is prose.
KEY = re.compile(r"\s*[\w-]+[ \t]*:")
LONGEST = 64 * 1024


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """What was declared, and where the document itself begins."""

    end: int = 0
    metadata: dict[str, MetadataValue] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def read_front_matter(text: str) -> FrontMatter:
    """The front matter of `text`; nothing where it has none, a note where it is not sound YAML."""
    found = FENCED.match(text, 0, LONGEST)
    if not found:
        return FrontMatter()
    import yaml

    try:
        data = yaml.safe_load(found[1])
    except (yaml.YAMLError, ValueError, RecursionError):
        if not KEY.match(found[1]):
            return FrontMatter()
        return FrontMatter(found.end(), notes=("The front matter is not valid YAML and was left out.",))
    if not isinstance(data, dict):
        # Two thematic breaks with prose between them.
        return FrontMatter()
    values = {str(key): _plain(value) for key, value in data.items()}
    return FrontMatter(found.end(), {key: value for key, value in values.items() if value is not None})


def _plain(value: object) -> MetadataValue | None:
    """A value that can be filtered by: scalars as they are, dates in ISO form, flat lists as words; else None."""
    if isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, list) and value and all(isinstance(item, str | int | float) for item in value):
        return ", ".join(map(str, value))
    return None
