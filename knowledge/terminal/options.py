"""The command-line options that several commands share."""

from __future__ import annotations

from collections.abc import Iterable

import click

from knowledge.types import MetadataValue, Reader


class Filter(click.ParamType[tuple[str, MetadataValue]]):
    """`key=value`; whole numbers, decimals and true or false are read as such."""

    name = "key=value"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, MetadataValue]:
        """The key and its typed value; wrong usage without an equals sign."""
        key, equals, text = value.partition("=")
        if not (key and equals):
            self.fail(f"{value!r} is not a filter: write key=value.", param, ctx)
        return key.strip(), typed(text.strip())


def typed(text: str) -> MetadataValue:
    """`text` as whole number, decimal or truth value where it reads as one."""
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def reader(roles: Iterable[str]) -> Reader:
    """The reader who holds `roles`."""
    return Reader(frozenset(roles))


as_option = click.option("--as", "roles", multiple=True, metavar="ROLE", help="Read with this role; repeatable.")
banks_option = click.option("--bank", "banks", multiple=True, metavar="NAME", help="Only this bank; repeatable.")
filter_option = click.option(
    "--filter", "filters", multiple=True, type=Filter(), help="Only documents with this metadata; repeatable."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
