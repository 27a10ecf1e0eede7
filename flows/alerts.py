"""One digest a morning to the administrators, through Apprise; a channel that fails does not fail the night."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator

import apprise

PAGE_BYTES = 2000
"""WeCom takes 2,048 bytes a message and Apprise does not split by bytes: pages are cut by us."""


def pages(text: str, limit: int = PAGE_BYTES) -> Iterator[str]:
    """The text in pieces of at most ``limit`` UTF-8 bytes, cut between lines where possible."""
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


def send_digest(urls: str, title: str, body: str) -> list[str]:
    """Send to every address; the answer is one Chinese sentence for each channel that failed (never its secret)."""
    failed: list[str] = []
    logging.getLogger("apprise").setLevel(logging.CRITICAL)
    for url in filter(None, re.split(r"[\s,]+(?=[a-z]+://)|\s+", urls.strip())):
        channel = apprise.Apprise()
        scheme = url.split("://", 1)[0]
        if not channel.add(url.strip(",")):
            failed.append(f"通知地址无法识别（{scheme}）。")
            continue
        parts = list(pages(body)) if not scheme.startswith("mailto") else [body]
        for number, part in enumerate(parts, 1):
            heading = title if len(parts) == 1 else f"{title}（{number}/{len(parts)}）"
            if not channel.notify(title=heading, body=part, body_format=apprise.NotifyFormat.TEXT):
                failed.append(f"通知未能发出（{scheme}），日报已保存在本机。")
                break
    return failed
