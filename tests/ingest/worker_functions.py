"""What the worker tests let workers do: well-behaved and hostile stand-ins for reading a document."""

from __future__ import annotations

import os
import signal
import socket
import time
from typing import Any

from knowledge.errors import NeedsPassword

Payload = dict[str, Any]


def echo(data: bytes, name: str, options: dict[str, Any]) -> Payload:
    return {"size": len(data), "name": name, "suffix": options["suffix"], "pid": os.getpid()}


def obey(data: bytes, name: str, options: dict[str, Any]) -> Payload:
    """Does what the document says."""
    order = data.decode()
    orders[order]() if order in orders else None
    return {"order": order, "pid": os.getpid()}


def environment(data: bytes, name: str, options: dict[str, Any]) -> Payload:
    return {"names": sorted(os.environ), "nice": os.nice(0), "ppid": os.getppid()}


def large(data: bytes, name: str, options: dict[str, Any]) -> Payload:
    return {"text": "é" * int(data)}


def _hang() -> None:
    time.sleep(600)


def _spin() -> None:
    while True:
        pass


def _swell() -> None:
    hoard = []
    while True:
        hoard.append(bytearray(b"x") * (4 << 20))
        time.sleep(0.002)


def _grab() -> None:
    bytearray(8 << 30)


def _crash() -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def _leave() -> None:
    os._exit(3)


def _recurse() -> None:
    _recurse()


def _refuse() -> None:
    raise NeedsPassword("it is encrypted:", hint="decrypt it.")


def _fail() -> None:
    raise KeyError("no such thing")


def _connect() -> None:
    socket.create_connection(("127.0.0.1", 9))


def _print() -> None:
    print("noise that must not reach the parent" * 1000)


orders = {
    "hang": _hang,
    "spin": _spin,
    "swell": _swell,
    "grab": _grab,
    "crash": _crash,
    "leave": _leave,
    "recurse": _recurse,
    "refuse": _refuse,
    "fail": _fail,
    "connect": _connect,
    "print": _print,
}
