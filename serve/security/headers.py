"""What every response tells the browser: what its page may load, who may hold it, and what may be kept."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.datastructures import MutableHeaders

# Everything comes from this service; nothing stands in the page itself that runs; nobody puts the page into another.
CONTENT_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "font-src 'self'",
        "connect-src 'self'",
        "worker-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
HEADERS: Mapping[str, str] = {
    "content-security-policy": CONTENT_POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
}
YEAR = 31_536_000
UNKEPT = ("/api/", "/v1/", "/mcp")


def add_headers(headers: MutableHeaders, *, path: str, secure: bool) -> None:
    """Add them to a response's; what a route has said itself stands."""
    framed = "frame-ancestors" in headers.get("content-security-policy", "")
    for name, value in HEADERS.items():
        # A page that says itself whose pages may hold it is not held by nobody.
        if not (framed and name == "x-frame-options"):
            headers.setdefault(name, value)
    headers.setdefault("cache-control", "no-store" if path.startswith(UNKEPT) else "no-cache")
    if secure:
        headers.setdefault("strict-transport-security", f"max-age={YEAR}")
