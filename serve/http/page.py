"""The page: its files as they were built, compressed where the browser takes that, and kept by it where they may be."""

from __future__ import annotations

import hashlib
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import HTMLResponse, Response

STATIC = Path(__file__).parent.parent / "static"
INDEX = "index.html"
# The page of customers, and that of the people who answer them.
PAGES = {"/": INDEX, "/inbox": "inbox.html"}
ASSETS = "assets/"
FOREVER = "public, max-age=31536000, immutable"
CHECKED = "no-cache"
ENCODINGS = {"br": ".br", "gzip": ".gz"}
# What Python's own table lacks on some systems.
TYPES = {".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm", ".woff2": "font/woff2"}
NOT_BUILT = """<!doctype html><title>Refdesk</title><p>The service runs, but its page was not built. Build it with
<code>make web</code>, or use the API: <a href="/openapi.json">/openapi.json</a>.</p>"""


@dataclass(frozen=True, slots=True)
class PageFile:
    """One file, whole and compressed; `etag` changes with its content."""

    content: bytes
    media_type: str
    etag: str
    compressed: Mapping[str, bytes] = field(default_factory=dict)


def page_routes(folder: Path = STATIC) -> APIRouter:
    """The files of the built page in `folder`, read once."""
    router = APIRouter(include_in_schema=False)
    files = read_page(folder)

    for path, name in PAGES.items():
        _add_page(router, path, name, files)
    for name, file in files.items():
        if name not in PAGES.values():
            _add(router, name, file)
    return router


# Settings that are read anew make an application of their own, and the files of the page do not change with them.
@lru_cache(maxsize=1)
def read_page(folder: Path) -> Mapping[str, PageFile]:
    """The files below `folder` by their paths; those that are compressed copies belong to the file itself."""
    if not folder.is_dir():
        return {}
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    known = set(paths)
    return {
        path.relative_to(folder).as_posix(): _read(path)
        for path in paths
        if not (path.suffix in ENCODINGS.values() and path.with_suffix("") in known)
    }


def served(file: PageFile, name: str, request: Request) -> Response:
    """The file as this browser takes it; nothing where it has it already."""
    headers = {
        "ETag": file.etag,
        "Cache-Control": FOREVER if name.startswith(ASSETS) else CHECKED,
        "Vary": "Accept-Encoding",
    }
    if request.headers.get("if-none-match") == file.etag:
        return Response(status_code=304, headers=headers)
    taken = {part.partition(";")[0].strip() for part in request.headers.get("accept-encoding", "").split(",")}
    encoding = next((name for name in ENCODINGS if name in taken and name in file.compressed), None)
    if encoding:
        headers["Content-Encoding"] = encoding
    return Response(file.compressed[encoding] if encoding else file.content, 200, headers, file.media_type)


def add_page(app: FastAPI) -> None:
    """Let `app` serve the page."""
    app.include_router(page_routes())


def _add_page(router: APIRouter, path: str, name: str, files: Mapping[str, PageFile]) -> None:
    @router.api_route(path, methods=["GET", "HEAD"])
    def page(request: Request) -> Response:
        return served(files[name], name, request) if name in files else HTMLResponse(NOT_BUILT)


def _add(router: APIRouter, name: str, file: PageFile) -> None:
    @router.api_route(f"/{name}", methods=["GET", "HEAD"])
    def asset(request: Request) -> Response:
        return served(file, name, request)


def _read(path: Path) -> PageFile:
    content = path.read_bytes()
    copies = {name: path.with_name(path.name + suffix) for name, suffix in ENCODINGS.items()}
    media_type = TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return PageFile(
        content,
        media_type,
        f'"{hashlib.sha256(content).hexdigest()[:24]}"',
        {name: copy.read_bytes() for name, copy in copies.items() if copy.is_file()},
    )
