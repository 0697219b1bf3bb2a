"""A worker process: `python -m agents.worker --host H --port P` lets agents of other machines work on this one."""

from __future__ import annotations

import argparse
import asyncio
import atexit
import json
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from agents.distribution.blobs import BlobStore
from agents.distribution.secrets import loopback_secret, token_secret
from agents.distribution.service import WorkerService
from agents.exceptions import DistributionError
from agents.tracing import flush_tracing
from knowledge.errors import RefdeskError
from knowledge.settings import process_environment

DEFAULT_PORT = 7331
PARENT_CHECK_SECONDS = 1.0
LAST_SECONDS = 2.0


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until interrupted; exit code 2 with one sentence where that cannot be."""
    parser = argparse.ArgumentParser(prog="python -m agents.worker", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen at; beyond this machine needs a token")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="port to listen at (%(default)s)")
    chosen = parser.parse_args(argv)
    folder = Path(tempfile.mkdtemp(prefix="refdesk-worker-"))
    try:
        asyncio.run(_stand(chosen.host, chosen.port, folder))
    except KeyboardInterrupt:
        return 0
    except RefdeskError as error:
        print(error.sentence, file=sys.stderr)
        return 2
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


async def _stand(host: str, port: int, folder: Path) -> None:
    token = process_environment().worker_token
    if not token and not _is_loopback(host):
        raise DistributionError(
            f"A worker at {host} could be reached from other machines:",
            hint="set REFDESK_WORKER_TOKEN to the same secret here and there.",
        )
    secret = token_secret(token) if token else loopback_secret(port, make=True)
    service = WorkerService(secret, BlobStore(folder), asyncio.get_running_loop(), shares=False)
    port = await asyncio.to_thread(service.listen, host, port)
    print(f"Refdesk worker at {host}:{port}", flush=True)
    stopped = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stopped.set)
    await stopped.wait()


def child() -> None:
    """A worker that belongs to the process which started it, and ends with it whatever way that ends."""
    orders: dict[str, Any] = json.loads(sys.stdin.buffer.readline())
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what tools print belongs to the terminal, not into the conversation with the parent
    asyncio.run(_serve_parent(orders, answers))
    # Messages and spans that wait to be sent are sent; then nothing that tools started is left.
    flush_tracing(LAST_SECONDS / 2)
    atexit._run_exitfuncs()
    os.killpg(os.getpgid(0), signal.SIGKILL)


async def _serve_parent(orders: dict[str, Any], answers: Any) -> None:
    loop, parent_left = asyncio.get_running_loop(), asyncio.Event()

    def leave() -> None:
        loop.call_soon_threadsafe(parent_left.set)

    threading.Thread(target=_follow, args=[orders, leave], name="refdesk-parent", daemon=True).start()
    store = BlobStore(Path(orders["folder"]))
    service = WorkerService(bytes.fromhex(orders["secret"]), store, loop, shares=True)
    try:
        said: dict[str, Any] = {"port": await asyncio.to_thread(service.listen, "127.0.0.1", orders["port"])}
    except DistributionError as error:
        said = {"error": error.message}
    print(json.dumps(said), file=answers, flush=True)
    answers.close()
    await parent_left.wait()


def _follow(orders: dict[str, Any], leave: Callable[[], None]) -> None:
    """Wait until the parent is gone, which closes the pipe or changes the parent; then nothing lives on for long."""
    closed = threading.Event()
    last_words: list[bytes] = []

    def read() -> None:
        last_words.append(sys.stdin.buffer.read())
        closed.set()

    threading.Thread(target=read, daemon=True).start()
    while not closed.wait(PARENT_CHECK_SECONDS) and os.getppid() == orders["parent"]:
        pass
    if not last_words or not last_words[0]:
        shutil.rmtree(orders["folder"], ignore_errors=True)  # the parent had no time to do it
    leave()
    time.sleep(LAST_SECONDS)
    os.killpg(os.getpgid(0), signal.SIGKILL)


def _is_loopback(host: str) -> bool:
    import ipaddress

    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


if __name__ == "__main__":
    sys.exit(main())
