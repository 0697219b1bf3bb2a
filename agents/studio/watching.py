"""Where agents and hubs let a studio watch, when `agents.init` named one."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from agents.message.msg import Msg

if TYPE_CHECKING:
    from agents.runtime import Runtime
    from agents.studio.client import StudioClient

log = logging.getLogger(__name__)


def show(said: Msg | Sequence[Msg] | None, *, listener: str = "") -> None:
    """Let the studio, where there is one, know of messages; `listener` is the one agent to whom they were said."""
    from agents.runtime import current  # which imports this module

    studio = current().studio
    if studio is None or said is None:
        return
    for msg in [said] if isinstance(said, Msg) else said:
        studio.tell(msg, listener=listener)


def open_client(url: str, runtime: Runtime) -> StudioClient | None:
    """A client of the studio at `url`; None where it is elsewhere and the network may not be used.

    Raises `ConfigError` for an address that is none.
    """
    from agents.model.addresses import host_of, is_this_machine
    from agents.studio.client import StudioClient
    from knowledge.settings import process_environment

    token = process_environment().studio_token
    client = StudioClient(url, project=runtime.project_name, run=runtime.name, run_id=runtime.run_id, token=token)
    if runtime.offline and not is_this_machine(url):
        log.warning("Offline: nothing is told to the studio at %s.", host_of(url))
        return None
    return client
