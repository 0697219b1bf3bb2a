"""The command init."""

from __future__ import annotations

from pathlib import Path

import click

from knowledge.errors import StorageError, UsageError
from knowledge.settings import CONFIG_NAME
from knowledge.terminal.json_output import json_text
from knowledge.terminal.options import json_option

NEXT = """Next:
  put documents into {documents}, or change `sources` in {file}
  refdesk ingest
  refdesk serve"""


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=".")
@json_option
def init(folder: Path, *, as_json: bool) -> None:
    """Write a refdesk.yaml into FOLDER, with everything that can be set and what it means, and make its documents/.

    It is valid as it is written. One that is there already stays as it is, and nothing is written.
    """
    from serve.config.template import DOCUMENTS, template

    file = folder / CONFIG_NAME
    write_new(file, template())
    documents = folder / DOCUMENTS
    documents.mkdir(exist_ok=True)
    if as_json:
        click.echo(json_text({"file": str(file)}))
    else:
        click.echo(f"Wrote {file}.\n{NEXT.format(documents=documents, file=file)}")


def write_new(file: Path, text: str) -> None:
    """Write a file that is not there yet; raises `UsageError` where it is, `StorageError` where it cannot be."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8") as opened:
            opened.write(text)
    except FileExistsError:
        raise UsageError(f"{file} is there already:", hint="change it, or choose another folder.") from None
    except OSError as error:
        raise StorageError(f"{file} cannot be written: {error.strerror}.", hint="Choose another folder.") from error
