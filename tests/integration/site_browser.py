"""The pages below site/ in the system's own Chromium, opened as files: what a page said on its console, and its links."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from playwright.sync_api import Browser, Page, sync_playwright

from flows.settings import Installation

DESKTOP, TELEPHONE = {"width": 1280, "height": 900}, {"width": 360, "height": 740}
_FOUND = """() => ({
  links: [...document.querySelectorAll('a[href], form[action], link[href], script[src], img[src]')]
    .map((e) => e.getAttribute('href') ?? e.getAttribute('action') ?? e.getAttribute('src')),
  ids: [...document.querySelectorAll('[id]')].map((e) => e.id),
})"""
WAIT = 10_000


def with_pages(place: Installation) -> Installation:
    """The same installation, whose nights bring pages and papers up to date."""
    return Installation(place.settings.model_copy(update={"site": True}))


def find_chromium() -> str:
    """The browser of the system; without it the pages cannot be tested, and that is a failure."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    assert found, "install the package chromium: the pages are looked at in it"
    return found


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser without network."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        try:
            yield started
        finally:
            started.close()


@contextmanager
def opened(browser: Browser, site: Path, address: str, **options: Any) -> Iterator[Page]:
    """A page, loaded; it must say nothing on its console."""
    options.setdefault("viewport", DESKTOP)
    context = browser.new_context(offline=True, **options)
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.set_default_timeout(WAIT)
    page.goto(f"{site.as_uri()}/{address}")
    try:
        yield page
    finally:
        context.close()
    assert said == [], address


def find_dead_links(browser: Browser, site: Path, names: list[str]) -> list[str]:
    """The addresses in pages that lead to no file below the site, or to no place within a page."""
    found: dict[str, dict[str, list[str]]] = {}
    for name in names:
        with opened(browser, site, name) as page:
            found[name] = page.evaluate(_FOUND)
    dead = []
    for name, of_page in found.items():
        for link in of_page["links"]:
            parts = urlsplit(link)
            target = unquote(parts.path) or name
            is_there = not parts.scheme and not parts.netloc and (site / target).is_file()
            if not is_there or (
                parts.fragment and target in found and parts.fragment not in found[target]["ids"]
            ):
                dead.append(f"{name}: {link}")
    return dead
