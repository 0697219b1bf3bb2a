"""Messages between the ingesting process and its workers: a length, then JSON, then raw bytes.

Never pickle: what comes back from a worker was shaped by a stranger's document.
"""

from __future__ import annotations

import json
import struct
from typing import Any, BinaryIO

HEADER = struct.Struct(">QQ")
LONGEST_JSON = 1 << 29


def write_frame(stream: BinaryIO, message: dict[str, Any], body: bytes = b"") -> None:
    """Send `message` and, after it, `body`."""
    # ASCII keeps file names that are not valid Unicode; they come back as they were.
    encoded = json.dumps(message, ensure_ascii=True, allow_nan=False).encode("ascii")
    stream.write(HEADER.pack(len(encoded), len(body)))
    stream.write(encoded)
    stream.write(body)
    stream.flush()


def read_frame(stream: BinaryIO) -> tuple[dict[str, Any], bytes]:
    """The next message and its body; raises `EOFError` at the end of the stream, `ValueError` for nonsense."""
    json_length, body_length = HEADER.unpack(_exactly(stream, HEADER.size))
    if json_length > LONGEST_JSON or body_length > LONGEST_JSON:
        raise ValueError("the message is too long")
    message = json.loads(_exactly(stream, json_length))
    if not isinstance(message, dict):
        raise ValueError("the message is not an object")
    return message, _exactly(stream, body_length)


def _exactly(stream: BinaryIO, count: int) -> bytes:
    data = stream.read(count)
    if len(data) < count:
        raise EOFError
    return data
