"""A file in memory over HTTP: whole, or the range that is asked for."""

from __future__ import annotations

import re
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from serve.http.failures import Refused
from serve.sources.originals import Original

RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
PDF = "application/pdf"


def file_response(request: Request, original: Original) -> Response:
    """The file as the request asks for it; nothing but a PDF is ever said to be one, and none runs anything."""
    etag = f'"{original.digest}"'
    headers = {
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-cache",
        "Content-Disposition": f"inline; filename*=UTF-8''{quote(original.name.encode('utf-8', 'replace'))}",
        "ETag": etag,
    }
    if etag in [tag.strip() for tag in request.headers.get("if-none-match", "").split(",")]:
        return Response(status_code=304, headers=headers)
    wanted = request.headers.get("range", "") if request.headers.get("if-range", etag) == etag else ""
    span = byte_range(wanted, len(original.data))
    if span is None:
        return Response(original.data, headers=headers, media_type=PDF)
    headers["Content-Range"] = f"bytes {span.start}-{span.stop - 1}/{len(original.data)}"
    return Response(original.data[span.start : span.stop], 206, headers, PDF)


def byte_range(header: str, size: int) -> range | None:
    """The range of a file of `size` bytes that a header asks for; None where it asks for none, or for several.

    Raises `Refused` for one that begins behind the end.
    """
    found = RANGE.fullmatch(header.strip())
    if found is None or not (found[1] or found[2]):
        return None
    if found[1]:
        start, end = int(found[1]), min(size, int(found[2]) + 1 if found[2] else size)
        if found[2] and int(found[2]) < start:
            return None
    else:
        start, end = max(0, size - int(found[2])), size
    if start >= size or start >= end:
        raise Refused(416, "range_not_satisfiable", f"The file has {size} bytes.", hint="Ask for a range within.")
    return range(start, end)
