"""The command `doctor`: what is installed, found and configured, and what is wrong with it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import click

from knowledge.embedding.processor import processors
from knowledge.errors import RefdeskError
from knowledge.terminal.json_output import json_text
from knowledge.terminal.opening import installed_embedders, open_library
from knowledge.terminal.options import json_option
from knowledge.terminal.presentation import counted, printable
from knowledge.terminal.shell import Shell
from serve import machine

if TYPE_CHECKING:
    from knowledge.embedding.minilm import MiniLM

LITTLE_SPACE = 2**30


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; `problem` says what is wrong with it and what to do."""

    topic: str
    name: str
    value: str
    problem: str = ""


@click.command()
@json_option
@click.pass_context
def doctor(ctx: click.Context, *, as_json: bool) -> None:
    """Show versions, models, settings and what is missing."""
    findings = list(examine(ctx.obj))
    if as_json:
        click.echo(json_text([asdict(finding) for finding in findings]))
    else:
        print_findings(findings)
    ctx.exit(1 if any(finding.problem for finding in findings) else 0)


def examine(shell: Shell) -> Iterator[Finding]:
    """Everything there is to say, by topic."""
    yield from software()
    yield from hardware()
    yield from models(shell)
    yield from network(shell)
    yield from library(shell)


def software() -> Iterator[Finding]:
    """Refdesk, Python and the packages that matter."""
    yield Finding("Software", "refdesk", machine.package_version("refdesk") or "not installed, run from its sources")
    yield Finding("Software", "python", machine.python())
    for name, version in machine.package_versions().items():
        missing = "" if version else "is missing: install Refdesk again (make install)."
        yield Finding("Software", name, version or "missing", missing)


def hardware() -> Iterator[Finding]:
    """The machine, as far as it decides speed."""
    yield Finding("Machine", "system", machine.system())
    yield Finding("Machine", "processors", str(processors()))
    yield Finding("Machine", "memory", f"{machine.memory_gib():.1f} GiB")
    native = {True: "native", False: "not native", None: "unknown"}[machine.bf16()]
    yield Finding("Machine", "bfloat16", native)


def models(shell: Shell) -> Iterator[Finding]:
    """The built-in embedding model: its weights are checked and it embeds a question."""
    from knowledge.card import EmbedderSpec
    from knowledge.embedding.minilm import MiniLM

    embedder = installed_embedders(shell.environment, offline=shell.offline)(EmbedderSpec())
    name = embedder.identity.model
    try:
        begin = perf_counter()
        embedder.embed_query("Does it work?")
        loaded = perf_counter()
        embedder.embed_query("And how fast is it?")
    except RefdeskError as error:
        yield Finding("Models", name, "does not work", error.sentence)
    else:
        speed = f"loads in {loaded - begin:.2f} s, embeds a question in {1000 * (perf_counter() - loaded):.0f} ms"
        yield Finding("Models", name, f"weights as published; {speed}")
        if isinstance(embedder, MiniLM):
            yield Finding("Models", "questions", question_precision(embedder))
    yield Finding("Models", "weights (SHA-256)", embedder.identity.weights)
    yield Finding("Models", "cache", str(shell.environment.cache))


def question_precision(embedder: MiniLM) -> str:
    """What questions are embedded in, and why not in 8 bits."""
    why = embedder.why_full_precision
    return f"embedded in full precision, not in 8 bits: {why}" if why else "embedded in 8 bits"


def network(shell: Shell) -> Iterator[Finding]:
    """What may leave this machine."""
    environment = shell.environment
    if shell.offline:
        yield Finding("Network", "connections", "none: --offline")
    else:
        yield Finding("Network", "connections", "none, unless a remote model or an address to ingest is named")
    allowed = environment.hub_allowed and not shell.offline
    yield Finding("Network", "model hub", "allowed by HF_HUB_OFFLINE=0" if allowed else "off")
    yield Finding("Network", "telemetry", "off")
    yield Finding("Network", "REFDESK_MODEL", environment.model or "not set")
    yield Finding(
        "Network", "OPENAI_API_KEY", "set; used only with a named model" if environment.openai_api_key else "not set"
    )
    yield Finding("Network", "OPENAI_BASE_URL", environment.openai_base_url or "not set")


def library(shell: Shell) -> Iterator[Finding]:
    """The root, its configuration and its banks."""
    yield Finding("Library", "root", str(shell.root), root_problem(shell.root))
    yield configuration(shell)
    banks = open_library(shell)
    for name in banks.names():
        try:
            count = len(banks.bank(name).documents())
        except RefdeskError as error:
            yield Finding("Library", f"bank {name}", "cannot be read", error.sentence)
        else:
            yield Finding("Library", f"bank {name}", f"{counted(count, 'document')} that everyone may read")
    if not banks.names():
        yield Finding("Library", "banks", "none yet: refdesk ingest FOLDER --bank NAME")


def configuration(shell: Shell) -> Finding:
    """The `refdesk.yaml` in force, and whether it can be read."""
    if shell.config is None:
        return Finding("Library", "configuration", "none: no refdesk.yaml at the root")
    try:
        shell.settings()
    except RefdeskError as error:
        return Finding("Library", "configuration", str(shell.config), error.sentence)
    return Finding("Library", "configuration", str(shell.config))


def root_problem(root: Path) -> str:
    """Why banks cannot be written under `root`, or nothing."""
    nearest = next(folder for folder in (root, *root.parents) if folder.exists())
    if not os.access(nearest, os.W_OK):
        return f"{nearest} may not be written: choose another --root."
    if shutil.disk_usage(nearest).free < LITTLE_SPACE:
        return "less than 1 GiB is free: make room before you ingest."
    return ""


def print_findings(findings: list[Finding]) -> None:
    """By topic, problems marked and repeated at the end."""
    width = max(len(finding.name) for finding in findings)
    for topic, group in groupby(findings, key=lambda finding: finding.topic):
        click.secho(topic, bold=True)
        for finding in group:
            mark = "!" if finding.problem else " "
            click.echo(f"{mark} {finding.name:<{width}}  {printable(finding.value)}")
    problems = [finding for finding in findings if finding.problem]
    click.echo("")
    for finding in problems:
        click.secho(f"! {finding.name}: {printable(finding.problem)}", fg="red")
    click.echo(f"{len(problems)} to look at." if problems else "Nothing to complain about.")
