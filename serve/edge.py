"""The edge of the process: every failure ends in one sentence on standard error and an exit code."""

from __future__ import annotations

import errno
import io
import os
import sys
import traceback
import warnings
from collections.abc import Callable

import click

from knowledge.errors import RefdeskError

INTERRUPTED = 130
BROKEN_PIPE = 141
UNEXPECTED = 70


def prepare_process(*, debug: bool) -> None:
    """Replace what the terminal's encoding lacks, and keep dependencies' warnings for `debug`."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    if not (debug or sys.warnoptions):
        warnings.simplefilter("ignore")


def exit_code(command: Callable[[], object], *, debug: bool) -> int:
    """Run `command`; its exit code, with the one sentence of a failure printed. `debug` adds the traceback."""
    try:
        outcome = command()
        sys.stdout.flush()
    except BrokenPipeError:
        return _reader_left()
    except Exception as error:  # the process edge
        if debug:
            traceback.print_exc()
        return _report(error)
    except KeyboardInterrupt as interrupt:
        return _say(str(interrupt) or "Interrupted.", INTERRUPTED)
    return outcome if isinstance(outcome, int) else 0


def _report(error: Exception) -> int:
    match error:
        case RefdeskError():
            return _say(error.sentence, error.exit_code)
        case click.ClickException():
            error.show()
            return error.exit_code
        case click.Abort():
            # click raises this from the KeyboardInterrupt, which may say what was done until then
            return _say(str(error.__cause__ or "") or "Interrupted.", INTERRUPTED)
        case OSError(errno=errno.ENOSPC):
            return _say("The disk is full: free some space and run the command again.", RefdeskError.exit_code)
        case OSError(filename=str() as name, strerror=str() as reason):
            return _say(f"{name}: {reason}.", RefdeskError.exit_code)
    return _say(f"{type(error).__name__}: {error} (unexpected; `refdesk --debug` shows where).", UNEXPECTED)


def _say(sentence: str, code: int) -> int:
    click.echo(f"Error: {sentence}" if code != INTERRUPTED else sentence, err=True)
    return code


def _reader_left() -> int:
    """Leave quietly when the reader of our output has gone, as `head` does; the final flush must not fail either."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return BROKEN_PIPE
