"""Pictures of the chat page for the README, taken of the sample banks in Debian's Chromium.

    .venv/bin/python -m bench.screenshots [--out docs/images]

The sample banks are ingested once into bench/results/page. It also prints when the page was first painted and how much
was fetched for it.
"""

from __future__ import annotations

import argparse
import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from bench.processes import refdesk

ROOT = Path("bench/results/page")
CHROMIUM = "/usr/bin/chromium"
PLANE = "Which airplane was destroyed near Boquete, Panama?"
REWARDS = "How long can I still use the rewards on my card after I close it?"
ANSWER = "li.assistant:not(.working)"
COLOURS = 256
PAINTED = """() => ({
  paint: performance.getEntriesByName('first-contentful-paint')[0].startTime,
  bytes: [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
    .filter(one => !one.name.includes('/api/')).reduce((sum, one) => sum + one.transferSize, 0),
})"""


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture: on which device, in which appearance, of which answer, with its source opened or not."""

    name: str
    phone: bool = False
    scheme: Literal["light", "dark"] = "light"
    question: str | None = None
    source: bool = False


SHOTS = (
    Shot("chat-light", question=PLANE, source=True),
    Shot("chat-dark", scheme="dark", question=REWARDS, source=True),
    Shot("welcome-light"),
    Shot("phone-light", phone=True, question=REWARDS),
    Shot("phone-dark", phone=True, scheme="dark", question=PLANE, source=True),
)


@contextmanager
def service() -> Iterator[str]:
    """The address of `refdesk serve` over the sample banks, where nobody has asked anything yet."""
    for kept in ROOT.glob("refdesk.sqlite*"):
        kept.unlink()
    command = refdesk("--root", str(ROOT.absolute()), "serve", "--port", "0", "--json")
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd="data") as process:
        assert process.stdout
        yield json.loads(next(line for line in process.stdout if line.startswith('{"url"')))["url"]
        process.terminate()


def taken(browser: Browser, url: str, shot: Shot) -> bytes:
    """The picture as PNG."""
    context = browser.new_context(
        viewport={"width": 390, "height": 844} if shot.phone else {"width": 1440, "height": 900},
        color_scheme=shot.scheme,
        device_scale_factor=2,
        is_mobile=shot.phone,
        has_touch=shot.phone,
    )
    page = context.new_page()
    page.goto(url)
    page.locator(".welcome h1").wait_for()
    page.evaluate("document.fonts.ready")
    if shot.question:
        asked(page, shot.question)
    if shot.source:
        page.locator(".cite").first.click()
        page.locator(".document mark, .sheet[data-drawn] .cited").first.wait_for()
    page.mouse.move(0, 0)
    page.wait_for_timeout(500)
    picture = page.screenshot()
    context.close()
    return picture


def asked(page: Page, question: str) -> None:
    """Ask, and wait for the answer."""
    page.fill("#message", question)
    page.press("#message", "Enter")
    page.locator(ANSWER).wait_for()


def small(picture: bytes) -> bytes:
    """The same picture with as few colours as it needs."""
    reduced = Image.open(BytesIO(picture)).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    written = BytesIO()
    reduced.save(written, "PNG", optimize=True)
    return written.getvalue()


def main() -> None:
    """Take all pictures and say how fast the page was there."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--out", type=Path, default=Path("docs/images"))
    out: Path = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    with service() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for shot in SHOTS:
            path = out / f"{shot.name}.png"
            path.write_bytes(small(taken(browser, url, shot)))
            print(f"{path}: {path.stat().st_size // 1000} KB")
        page = browser.new_page()
        page.goto(url)
        page.locator(".welcome h1").wait_for()
        page.evaluate("document.fonts.ready")
        found = page.evaluate(PAINTED)
        print(f"first paint after {found['paint']:.0f} ms, {found['bytes'] / 1000:.0f} KB fetched")
        browser.close()


if __name__ == "__main__":
    main()
