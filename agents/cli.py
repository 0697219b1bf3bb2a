"""Commands that answer: ask and chat."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import TYPE_CHECKING, TypeVar

import click

from agents.answers.conversation import Conversation
from agents.answers.scope import Scope, named_banks
from agents.model.settings import choose_model, without_network
from agents.model.spec import open_model
from knowledge.errors import RefdeskError
from knowledge.terminal.json_output import answer_to_json, json_text
from knowledge.terminal.opening import open_library
from knowledge.terminal.options import as_option, banks_option, filter_option, json_option, reader
from knowledge.terminal.presentation import console, print_answer, print_passages, printable
from knowledge.terminal.shell import Shell
from knowledge.types import Answer, MetadataValue

if TYPE_CHECKING:
    from rich.console import Console

ABSTAINED = 3
STDIN = "-"
PROMPT = "? "
HELP = """\
Ask a question, and go on from its answer ("And abroad?").
/sources  the passages nearest to the last question, with their scores
/help     this list
/quit     leave; so does Ctrl-D"""

Command = TypeVar("Command", bound=Callable[..., None])


def model_options(command: Command) -> Command:
    """`--model` and `--offline`, for commands that may ask a language model."""
    named = click.option("--model", "model_name", metavar="NAME", help="Let this language model write the answer.")
    offline = click.option("--offline", is_flag=True, help="Ask no model beyond this machine.")
    return named(offline(command))


@click.command()
@click.argument("question", nargs=-1, required=True)
@banks_option
@as_option
@filter_option
@model_options
@click.option("-k", "--k", type=click.IntRange(1, 1000), default=5, show_default=True, help="Passages to explain.")
@click.option("--explain", is_flag=True, help="Show the nearest passages, and where each score comes from.")
@json_option
@click.pass_context
def ask(
    ctx: click.Context,
    *,
    question: tuple[str, ...],
    banks: tuple[str, ...],
    roles: tuple[str, ...],
    filters: tuple[tuple[str, MetadataValue], ...],
    model_name: str | None,
    offline: bool,
    k: int,
    explain: bool,
    as_json: bool,
) -> None:
    """Answer QUESTION with citations, or say that the documents don't.

    `-` reads the question from standard input. The exit code is 3 when the documents do not answer.
    """
    scope = Scope(reader(roles), banks or None, dict(filters))
    talk, note = opened(without_network(ctx.obj, offline=offline), scope, model_name)
    with waiting(talk):
        answer = talk.ask(asked(question))
    if as_json:
        click.echo(json_text(answer_to_json(answer) | ({"note": note} if note else {})))
    else:
        print_answer(answer, console())
        tell(note)
        if explain:
            print_passages(answer.closest[:k], console(), explain=True)
    ctx.exit(ABSTAINED if answer.abstained else 0)


@click.command()
@banks_option
@as_option
@filter_option
@model_options
@json_option
@click.pass_context
def chat(
    ctx: click.Context,
    *,
    banks: tuple[str, ...],
    roles: tuple[str, ...],
    filters: tuple[tuple[str, MetadataValue], ...],
    model_name: str | None,
    offline: bool,
    as_json: bool,
) -> None:
    """Ask one question after another; each may refer to the one before.

    Without a terminal, every line of standard input is a question. With --json, every answer is one line.
    """
    scope = Scope(reader(roles), banks or None, dict(filters))
    talk, note = opened(without_network(ctx.obj, offline=offline), scope, model_name)
    tell(note)
    if sys.stdin.isatty():
        click.echo("Ask about your documents. /help lists what else you can do.", err=True)
    failed = False
    for line in lines():
        if line == "/quit":
            break
        failed |= not answered(talk, line, as_json=as_json)
    ctx.exit(1 if failed else 0)


def opened(shell: Shell, scope: Scope, model_name: str | None) -> tuple[Conversation, str]:
    """A conversation with the library, and a note where the model that was named may not be asked."""
    choice = choose_model(shell, model_name)
    library = open_library(shell)
    named_banks(library, scope.banks)
    return Conversation(library, scope, open_model(choice.spec) if choice.spec else None), choice.note


def asked(words: tuple[str, ...]) -> str:
    """The question: the words of the command line, or what standard input holds."""
    return decoded(sys.stdin.buffer.read()) if words == (STDIN,) else " ".join(words)


def decoded(raw: bytes) -> str:
    """Standard input as text, whatever the terminal's own encoding."""
    return raw.decode("utf-8", "replace").strip()


def lines() -> Iterator[str]:
    """What is typed or piped, line by line without blank ones; ends with Ctrl-D or Ctrl-C at the prompt."""
    if not sys.stdin.isatty():
        yield from filter(None, map(decoded, sys.stdin.buffer))
        return
    with suppress(ImportError):  # Windows has none, and edits lines by itself
        import readline  # noqa: F401  # gives `input` its line editing and history

    while True:
        try:
            line = input(PROMPT).strip()
        except (EOFError, KeyboardInterrupt):
            click.echo(err=True)
            return
        if line:
            yield line


def answered(talk: Conversation, line: str, *, as_json: bool) -> bool:
    """Do what a line of a chat says; whether it went well. Ctrl-C gives up one answer, not the chat."""
    if line.startswith("/"):
        return obeyed(talk, line)
    try:
        with waiting(talk):
            answer = talk.ask(line)
    except RefdeskError as error:
        tell(f"Error: {error.sentence}")
        return False
    except KeyboardInterrupt:
        tell("Given up.")
        return False
    present(talk, answer, as_json=as_json)
    return True


def present(talk: Conversation, answer: Answer, *, as_json: bool) -> None:
    """One answer of a chat, with what a follow-up was taken to mean."""
    if as_json:
        understood = {"understood": talk.understood} if talk.understood else {}
        click.echo(json.dumps(answer_to_json(answer) | understood, ensure_ascii=False))
        return
    out = console()
    if talk.understood:
        out.print(f"Understood as: {printable(talk.understood)}", style="dim")
    print_answer(answer, out)
    out.print()


def obeyed(talk: Conversation, line: str) -> bool:
    """Carry out a command of the chat."""
    match line:
        case "/help":
            click.echo(HELP)
        case "/sources":
            print_passages(talk.last.closest if talk.last else (), console(), explain=True)
        case _:
            tell(f"There is no command {printable(line)}; /help lists them.")
            return False
    return True


def waiting(talk: Conversation) -> AbstractContextManager[object]:
    """Shows on a terminal that a model is at work."""
    out: Console = console(stderr=True)
    return out.status("Thinking …") if talk.llm and out.is_terminal else nullcontext()


def tell(note: str) -> None:
    """A sentence beside the answer, on standard error."""
    if note:
        click.echo(printable(note), err=True)
