"""One digest a morning to the administrators, through Apprise; a channel that fails does not fail the night."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator

import apprise

MESSAGE_BYTES = 2048
"""WeCom takes so many bytes a message, title included, and Apprise does not split by bytes: pages are cut by us."""
_LEAST_BYTES = 4  # a character's, at most
_NEXT_ADDRESS = re.compile(r"[\s,]+(?=[a-z0-9][a-z0-9+.-]*://)|\s+")
_NUMBERING_BYTES = 24  # （99/99） and the line break between title and body


def split_into_pages(text: str, limit: int) -> Iterator[str]:
    """The text in pieces of at most ``limit`` UTF-8 bytes (but one character at least), cut between lines where possible."""
    limit = max(limit, _LEAST_BYTES)
    page = ""
    for line in text.splitlines(keepends=True):
        if len((page + line).encode()) > limit and page:
            yield page
            page = ""
        rest = line
        while len(rest.encode()) > limit:
            cut = rest.encode()[:limit].decode(errors="ignore")
            yield cut
            rest = rest[len(cut) :]
        page += rest
    if page.strip():
        yield page


def list_addresses(urls: str) -> list[str]:
    """The single addresses of a list separated by blanks or commas, whatever their schemes are called."""
    return [found for url in _NEXT_ADDRESS.split(urls.strip()) if (found := url.strip(","))]


def send_digest(urls: str, title: str, body: str) -> list[str]:
    """Send to every address; the answer is one Chinese sentence for each channel that failed (never its secret)."""
    failed: list[str] = []
    logging.getLogger("apprise").setLevel(logging.CRITICAL)
    for url in list_addresses(urls):
        channel = apprise.Apprise()
        scheme, found, _ = url.partition("://")
        if not channel.add(url):
            failed.append(f"通知地址无法识别（{scheme if found else '缺少“类型://”'}）。")
            continue
        room = MESSAGE_BYTES - len(title.encode()) - _NUMBERING_BYTES
        parts = list(split_into_pages(body, room)) if not scheme.startswith("mailto") else [body]
        for number, part in enumerate(parts, 1):
            heading = title if len(parts) == 1 else f"{title}（{number}/{len(parts)}）"
            if not channel.notify(title=heading, body=part, body_format=apprise.NotifyFormat.TEXT):
                failed.append(f"通知未能发出（{scheme}），日报已保存在本机。")
                break
    return failed
